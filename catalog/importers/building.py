"""Rows made into items and interactions by a plan; what does not fit is refused with reason and remedy."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from catalog.importers.plans import AttributePlan, InteractionPlan, ItemPlan
from catalog.importers.report import Refusals
from catalog.importers.tables import Row
from catalog.importers.values import is_missing, to_date, to_number, to_text, to_time, to_words
from catalog.items import AttributeValue, Item
from catalog.pictures import MAX_BYTES, PictureError, PictureStore
from memory.interactions import Interaction, InteractionKind

LONGEST_ID: Final = 200
LONGEST_TITLE: Final = 200
LONGEST_TEXT: Final = 20_000
LONGEST_WORD: Final = 500
ORDER_ONLY: Final = datetime(2000, 1, 1, tzinfo=UTC)  # where time begins for histories that have an order but no clock
_PICTURE_FOLDERS: Final = ("", "images", "pictures", "photos", "covers", "posters", "img")
_PICTURE_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp")


class PictureFolder:
    """The pictures beside a table. Nothing outside the folder is ever read, whatever a cell or a link says."""

    def __init__(self, folder: Path, store: PictureStore) -> None:
        self.folder, self._store = folder.resolve(), store
        self._by_stem: dict[str, Path] | None = None

    def add(self, source: object) -> str:
        """Keep the picture a cell names (a path below the folder) or holds (bytes); returns its content hash.

        Raises PictureError, and PictureStoreError when it cannot be kept.
        """
        if isinstance(source, dict):
            source = source.get("bytes") or source.get("path") or ""
        if isinstance(source, bytes):
            return self._store.add(source)
        return self._store.add(self._read(to_text(source)))

    def named(self, *stems: str) -> Path | None:
        """The picture file called after one of these names, in the folder or its folder of pictures."""
        if self._by_stem is None:
            self._by_stem = {}
            for place in _PICTURE_FOLDERS:
                for path in sorted((self.folder / place).glob("*")):
                    if path.suffix.casefold() in _PICTURE_SUFFIXES:
                        self._by_stem.setdefault(path.stem, path.relative_to(self.folder))
        return next((self._by_stem[stem] for stem in stems if stem in self._by_stem), None)

    def _read(self, name: str) -> bytes:
        try:
            path = (self.folder / name).resolve(strict=True)
            if not path.is_relative_to(self.folder):
                raise PictureError(f"picture {name!r} lies outside the folder", "copy it into the folder")
            if not path.is_file():
                raise PictureError(f"picture {name!r} is no file", "name a picture file")
            if path.stat().st_size > MAX_BYTES:
                raise PictureError(f"picture {name!r} is larger than {MAX_BYTES >> 20} MiB", "save it smaller")
            return path.read_bytes()
        except FileNotFoundError as error:
            raise PictureError(f"picture {name!r} is missing", "add the file or empty the cell") from error
        except (OSError, ValueError, RuntimeError) as error:
            raise PictureError(f"picture {name!r} cannot be read ({error})", "check its name and rights") from error


class ItemBuilder:
    """Makes items of rows, each id once.

    seen: where each id was used, shared by the builders of one import.
    """

    def __init__(
        self, plan: ItemPlan, source: str, pictures: PictureFolder, refused: Refusals, *, seen: dict[str, str]
    ) -> None:
        self._plan, self._source, self._pictures, self._refused = plan, source, pictures, refused
        self._seen = seen

    def build(self, row: Row) -> Item | None:
        """The item, or None when the row was refused. A bad attribute or picture is left out and noted."""
        plan, cells = self._plan, row.cells
        try:
            item_id = self._text(cells, plan.id, LONGEST_ID, required="an id")
            title = self._text(cells, plan.title, LONGEST_TEXT, required="a title")
            text = "\n".join(filter(None, (self._text(cells, column, LONGEST_TEXT) for column in plan.text)))
        except ValueError as error:
            self._refused.add(self._source, row.line, str(error), "fill in or correct the cell")
            return None
        if item_id in self._seen:
            reason = f"the id {item_id!r} was used in {self._seen[item_id]}"
            self._refused.add(self._source, row.line, reason, "give every item an id of its own")
            return None
        self._seen[item_id] = f"{self._source}:{row.line}"
        title = " ".join(title.split())
        if len(title) > LONGEST_TITLE:  # the whole of it stays readable as text
            title, text = title[:LONGEST_TITLE].rsplit(" ", 1)[0] + " …", f"{title}\n{text}".strip()[:LONGEST_TEXT]
        attributes = {
            plan.spec.name: value for plan in plan.attributes if (value := self._value(row, plan)) is not None
        }
        picture = self._picture(row, item_id)
        return Item(item_id=item_id, title=title, text=text, attributes=attributes, picture=picture)

    def _text(self, cells: Mapping[str, Any], column: str, longest: int, *, required: str = "") -> str:
        value = cells.get(column)
        # a title may well be "None" or "Unknown": only what is empty is missing where a text is required
        missing = value is None or not str(value).strip() if required else is_missing(value)
        text = "" if missing else to_text(value)
        if required and not text:
            raise ValueError(f"no {required.split()[-1]} in column {column!r}")
        if required == "an id" and len(text) > longest:
            raise ValueError(f"an id of {len(text)} characters, where {longest} are allowed")
        return text[:longest]

    def _value(self, row: Row, plan: AttributePlan) -> AttributeValue | None:
        cell = row.cells.get(plan.column)
        if is_missing(cell):
            return None
        try:
            match plan.spec.kind:
                case "number":
                    return to_number(cell)
                case "date":
                    return to_date(cell, plan.format)
                case "list":
                    return to_words(cell, plan.separator) or None
                case _:
                    return " ".join(to_text(cell).split())[:LONGEST_WORD] or None
        except ValueError as error:
            remedy = f"correct the cell, or map {plan.column!r} as another kind than {plan.spec.kind}"
            self._refused.add(self._source, row.line, f"{plan.column}: {error}", remedy, kept=True)
            return None

    def _picture(self, row: Row, item_id: str) -> str | None:
        cell: object = row.cells.get(self._plan.picture) if self._plan.picture else self._pictures.named(item_id)
        if cell is None or is_missing(cell):
            return None
        try:
            return self._pictures.add(cell)
        except PictureError as error:
            self._refused.add(self._source, row.line, f"picture left out: {error.what}", error.remedy, kept=True)
            return None


class InteractionBuilder:
    """Makes interactions of rows. The same row read again gets the same key."""

    def __init__(
        self, plan: InteractionPlan, source: str, catalogue: str, item_ids: Collection[str], refused: Refusals
    ) -> None:
        self._plan, self._source, self._catalogue, self._refused = plan, source, catalogue, refused
        self._item_ids = item_ids
        self._of_user: Counter[str] = Counter()
        self._of_pair: Counter[tuple[str, str]] = Counter()

    def build(self, row: Row) -> Interaction | None:
        """The interaction, or None when the row was refused."""
        plan, cells = self._plan, row.cells
        try:
            user_id = to_text(cells.get(plan.user) if cells.get(plan.user) is not None else "")
            if not user_id or len(user_id) > LONGEST_ID:
                raise ValueError(f"no user in column {plan.user!r}")
            kind, value = self._kind(cells)
            at = to_time(cells.get(plan.timestamp, "")) if plan.timestamp else None
        except ValueError as error:
            self._refused.add(self._source, row.line, str(error), "correct the cell")
            return None
        item_id = to_text(cells.get(plan.item) if cells.get(plan.item) is not None else "")
        if item_id not in self._item_ids:
            remedy = "add the item to the items file, or leave the row out"
            self._refused.add(self._source, row.line, f"no item {item_id[:40]!r} was taken", remedy)
            return None
        return self._interaction(user_id, item_id, kind, value, at)

    def _interaction(
        self, user_id: str, item_id: str, kind: InteractionKind, value: float | None, at: datetime | None
    ) -> Interaction:
        if at is None:
            self._of_pair[user_id, item_id] += 1
            mark = f"#{self._of_pair[user_id, item_id]}"
            at = ORDER_ONLY + timedelta(seconds=self._of_user[user_id])
            self._of_user[user_id] += 1
        else:
            mark = at.isoformat()
        told = "\x1f".join((self._catalogue, item_id, kind, "" if value is None else f"{value:g}", mark))
        key = f"import:{hashlib.sha256(told.encode()).hexdigest()[:24]}"
        source = f"import:{self._catalogue}"
        return Interaction(
            user_id=user_id,
            catalogue=self._catalogue,
            kind=kind,
            item_id=item_id,
            value=value,
            at=at,
            source=source,
            key=key,
        )

    def _kind(self, cells: Mapping[str, Any]) -> tuple[InteractionKind, float | None]:
        plan = self._plan
        if plan.rating and not is_missing(cells.get(plan.rating)):
            rating = to_number(cells[plan.rating])
            if not 0 <= rating <= plan.scale:
                raise ValueError(f"a rating of {rating:g} on a scale of {plan.scale:g}")
            return "rating", rating * 5 / plan.scale
        if plan.kind:
            word = to_text(cells.get(plan.kind) or "").casefold()
            if word not in plan.kinds or plan.kinds[word] in ("rating", "wish"):
                raise ValueError(f"{plan.kind}: {word[:40]!r} is no kind of interaction this import knows")
            return plan.kinds[word], None
        if plan.rating:
            raise ValueError(f"no rating in column {plan.rating!r}")
        return plan.every_row, None
