"""A catalogue sent as files: laid down in a folder, looked at, and imported under a name of its own.

Only items and pictures are taken. Histories name people, and who they are is not for a file to say.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from catalog.importers import ImportFailed, Refusals, RefusedRow, import_path
from catalog.importers.folder import settle_items
from catalog.importers.mapping import FILE_NAME, FolderMapping
from catalog.importers.tables import SUFFIXES, Table
from catalog.pictures import PictureStore
from graphs.describing import Report
from graphs.services import Services
from graphs.setup import Stored, Unfinished, store_catalogue, unfinished

ROWS_SHOWN = 5


@dataclass(frozen=True)
class Columns:
    """Which column is what. text: joined in this order. picture: empty where pictures are found by item id."""

    id: str
    title: str
    text: tuple[str, ...] = ()
    picture: str = ""


@dataclass(frozen=True)
class Preview:
    """A table before its import. rows: the first few. guessed: what columns look like. notes: what is left aside."""

    columns: tuple[str, ...]
    rows: Sequence[Mapping[str, Any]]
    guessed: Columns
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Imported:
    """What an import came to. refused: rows not taken, or not taken whole."""

    name: str
    items: int
    pictured: int
    stored: Stored
    refused: tuple[RefusedRow, ...]


class ImportStopped(Exception):
    """An import was asked to end. left: what is to be done yet where its catalogue stays; None where nothing does."""

    def __init__(self, name: str, left: Unfinished | None = None) -> None:
        super().__init__(name, left)
        self.name, self.left = name, left

    def __str__(self) -> str:
        if self.left is None:
            return f"stopped; nothing of {self.name!r} is kept, and it can be brought in again"
        todo = f"{self.left.unindexed:,} of its items are not found by any search yet, and its page goes on with them"
        return f"stopped; {self.name!r} stays, as somebody used it already: {todo}"


class _Noted(PictureStore):
    """The same pictures. added: those that were not there before."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.added: list[str] = []

    def add(self, data: bytes, *, announce: Callable[[str], None] = lambda content_hash: None) -> str:
        def note(content_hash: str) -> None:
            if content_hash not in self:
                self.added.append(content_hash)
            announce(content_hash)

        return super().add(data, announce=note)


def lay_down(files: Sequence[tuple[str, bytes]]) -> tempfile.TemporaryDirectory[str]:
    """The files in a folder that goes with the object returned: the one table, and pictures.

    Raises ImportFailed unless exactly one of them is a table.
    """
    tables = [name for name, _ in files if name.casefold().endswith(SUFFIXES)]
    if len(tables) != 1:
        raise ImportFailed(
            f"{len(tables)} tables were sent", "send one, as CSV, JSON lines or Parquet, and its pictures"
        )
    folder = tempfile.TemporaryDirectory(prefix="palate-upload-")
    for name, data in files:
        (Path(folder.name) / PurePath(name.replace("\\", "/")).name).write_bytes(data)
    return folder


def preview(folder: Path) -> Preview:
    """What was sent, and what its columns look like. Raises ImportFailed for a table that cannot be read."""
    path = _table(folder)
    table = Table(path, label=path.name, encoding="")
    rows = table.sample(ROWS_SHOWN)
    plan, notes = settle_items(FolderMapping(), table)
    return Preview(table.columns, rows, Columns(plan.id, plan.title, plan.text, plan.picture), tuple(notes))


def import_upload(
    services: Services,
    folder: Path,
    name: str,
    columns: Columns,
    report: Report,
    stopped: Callable[[], bool] = lambda: False,
) -> Imported:
    """Import what was laid down as a new catalogue. Raises ImportFailed, also for a name that is taken.

    report: told the rows read of how many, and how many of them were refused, or taken without what was wrong in them.
    stopped: asked each time there is something to report; once it says so, what was done is undone, and ImportStopped
    is raised.
    """
    if any(info.name == name for info in services.catalogues.names()):
        raise ImportFailed(f"there is a catalogue {name!r} already", "give this one another name")
    pictures, newest = _Noted(services.pictures.root), services.log.newest(name)

    def tell(what: str, done: int, of: int) -> None:
        if stopped():
            raise ImportStopped(name)
        report(what, done, of)

    try:
        return _import(services, folder, name, columns, tell, pictures)
    except ImportStopped:
        if services.log.newest(name) != newest:  # somebody used it already
            raise ImportStopped(name, unfinished(services, services.catalogue(name))) from None
        _undo(services, name, pictures.added)
        raise


def _import(
    services: Services, folder: Path, name: str, columns: Columns, report: Report, pictures: PictureStore
) -> Imported:
    refused = Refusals()

    def tell_rows(done: int, of: int | None) -> None:
        report(f"reading the rows ({refused.count:,} refused)" if refused.count else "reading the rows", done, of or 0)

    mapping = {"items": _table(folder).name, **vars(columns), "text": list(columns.text)}
    (folder / FILE_NAME).write_text(json.dumps(mapping))  # JSON is YAML as well
    result = import_path(
        folder,
        name=name,
        format="folder",
        pictures=pictures,
        progress=tell_rows,
        refused=refused,
    )
    report("keeping the items, and loading what search needs", 0, 0)
    stored = store_catalogue(services, name, result.schema, result.items, (), report)
    pictured = sum(item.picture is not None for item in result.items)
    return Imported(name, len(result.items), pictured, stored, tuple(result.refused))


def _undo(services: Services, name: str, pictures: Sequence[str]) -> None:
    """Take back what an import did: vectors, then the catalogue, then the pictures that nobody else has.

    Killed in between, the catalogue is there and can be gone on with, or it is gone.
    """
    services.items.drop(name)
    services.catalogues.remove(name)
    services.forget_cached(name)
    for picture in set(pictures) - services.catalogues.with_items(pictures) - services.uploads.among(pictures):
        services.pictures.discard(picture)


def _table(folder: Path) -> Path:
    return next(path for path in sorted(folder.iterdir()) if path.name.casefold().endswith(SUFFIXES))
