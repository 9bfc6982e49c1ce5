"""A plain folder: a table of items, pictures, perhaps a table of interactions, and perhaps a `palate.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from catalog.importers import guessing
from catalog.importers.mapping import FILE_NAME, AttributeMapping, FolderMapping, InteractionsMapping, load_mapping
from catalog.importers.plans import AttributePlan, InteractionPlan, ItemPlan
from catalog.importers.reading import InteractionSource, ItemSource, read_all
from catalog.importers.report import ImportFailed, ImportResult, ProgressCallback, Refusals
from catalog.importers.tables import SUFFIXES, Table
from catalog.items import AttributeSpec
from catalog.pictures import PictureStore
from memory.interactions import InteractionKind

ITEM_FILES: Final = ("items", "products", "catalogue", "catalog", "movies")
INTERACTION_FILES: Final = (
    "interactions",
    "ratings",
    "events",
    "reviews",
    "history",
    "views",
    "clicks",
    "purchases",
    "orders",
    "likes",
)
_KIND_OF_FILE: Final[dict[str, InteractionKind]] = {"purchases": "purchase", "orders": "purchase", "likes": "like"}


def import_folder(
    folder: Path,
    *,
    name: str,
    pictures: PictureStore,
    progress: ProgressCallback,
    refused: Refusals,
    items_file: Path | None = None,
) -> ImportResult:
    """Import a plain folder; `items_file` names the table of items when a file was given instead of a folder.

    Raises ImportFailed when the folder has no table of items, its mapping does not fit, or no row can be taken.
    """
    mapping = load_mapping(folder)
    path = items_file or _items_file(folder, mapping)
    table = Table(path, label=_label(path, folder), encoding=mapping.encoding)
    plan, notes = settle_items(mapping, table)
    sources = list(_interaction_sources(folder, mapping, taken=path))
    if not (folder / FILE_NAME).is_file():
        told = ", ".join(f"{spec.name} ({spec.kind})" for spec in plan.schema) or "none"
        notes.insert(0, f"no {FILE_NAME}: took {plan.id!r} as id, {plan.title!r} as title, attributes: {told}")
    items = [ItemSource(table, plan)]
    return read_all(name, folder, items, sources, pictures=pictures, progress=progress, refused=refused, notes=notes)


def settle_items(mapping: FolderMapping, table: Table) -> tuple[ItemPlan, list[str]]:
    """The plan for a table of items and notes on what was left aside; what the mapping leaves open is guessed."""
    columns, sample = table.columns, table.sample()
    if not columns:
        raise ImportFailed(f"{table.label} is empty", "give it a header and a row for each item")
    item_id = _checked(mapping.id, table, "id") or guessing.guess_id(columns, sample)
    title = _checked(mapping.title, table, "title") or guessing.guess_title(
        [c for c in columns if c != item_id], sample
    )
    for part, column in (("id", item_id), ("title", title)):
        if not column:
            what = f"no column of {table.label} looks like the {part} (columns: {', '.join(columns)})"
            raise ImportFailed(what, f"write `{part}: <column>` into {FILE_NAME} in that folder")
    picture = mapping.picture
    if picture is None:
        picture = guessing.guess_picture(columns, sample)
    rest = [column for column in columns if column not in (item_id, title, picture)]
    text = mapping.text
    if text is None:
        text = tuple(column for column in rest if guessing.is_text(column, sample))
    for column in (*text, *([picture] if picture else [])):
        _checked(column, table, "text or picture")
    if mapping.attributes is not None:
        attributes = [_attribute(name, spec, table, sample) for name, spec in mapping.attributes.items()]
        return ItemPlan(item_id, title, text, picture, tuple(attributes)), []
    guessed, notes = _guessed_attributes([column for column in rest if column not in text], table, sample)
    return ItemPlan(item_id, title, text, picture, guessed), notes


def _guessed_attributes(
    columns: Sequence[str], table: Table, sample: guessing.Sample
) -> tuple[tuple[AttributePlan, ...], list[str]]:
    plans: dict[str, AttributePlan] = {}
    aside = []
    for column in columns:
        plan = None
        if not guessing.is_address(column, sample) and not column.casefold().endswith(("_id", "_url")):
            plan = guessing.guess_attribute(column, sample)
        if plan is None or plan.spec.name in plans:
            aside.append(column)
        else:
            plans[plan.spec.name] = plan
    notes = (
        [f"{table.label}: left aside the columns {', '.join(aside)}; map them in {FILE_NAME} to take them"]
        if aside
        else []
    )
    return tuple(plans.values()), notes


def _attribute(name: str, spec: AttributeMapping, table: Table, sample: guessing.Sample) -> AttributePlan:
    column = _checked(spec.column or name, table, f"attributes.{name}")
    label = spec.label or name.replace("_", " ")
    declared = AttributeSpec(name=name, kind=spec.kind, label=label, unit=spec.unit, aliases=spec.aliases)
    separator = spec.separator
    if spec.kind == "list" and not separator:
        separator = guessing.guess_separator(column, guessing.given(sample, column))
    return AttributePlan(declared, column, separator, spec.format)


def settle_interactions(mapping: InteractionsMapping, table: Table) -> InteractionPlan:
    """The plan for a table of interactions; what the mapping leaves open is guessed."""
    columns, sample = table.columns, table.sample()
    where = "interactions."

    def column(given: str, part: str, names: Sequence[str], *, required: bool = False) -> str:
        found = _checked(given, table, where + part) or guessing.column_named(columns, names)
        if required and not found:
            what = f"no column of {table.label} looks like the {part} (columns: {', '.join(columns)})"
            raise ImportFailed(what, f"write `{part}: <column>` under `interactions:` in {FILE_NAME}")
        return found

    rating = column(mapping.rating, "rating", () if mapping.kind or mapping.every_row else guessing.RATING_NAMES)
    kind = column(mapping.kind, "kind", () if mapping.rating or mapping.every_row else guessing.KIND_NAMES)
    return InteractionPlan(
        user=column(mapping.user, "user", guessing.USER_NAMES, required=True),
        item=column(mapping.item, "item", guessing.ID_NAMES, required=True),
        rating=rating,
        scale=mapping.scale or guessing.guess_scale(guessing.given(sample, rating)),
        kind=kind,
        kinds={**guessing.KINDS, **{word.casefold(): meant for word, meant in mapping.kinds.items()}},
        every_row=mapping.every_row or _KIND_OF_FILE.get(table.path.name.split(".")[0].casefold(), "view"),
        timestamp=column(mapping.timestamp, "timestamp", guessing.TIME_NAMES),
    )


def _interaction_sources(folder: Path, mapping: FolderMapping, *, taken: Path) -> Iterator[InteractionSource]:
    declared = mapping.interactions or InteractionsMapping()
    path = inside(folder, declared.file) if declared.file else find_table(folder, INTERACTION_FILES)
    if mapping.interactions is not None and path is None:
        what = f"{FILE_NAME} maps interactions, but {folder.name} has no interactions file"
        raise ImportFailed(what, "write its name as `interactions.file`")
    if path is not None and path != taken:
        table = Table(path, label=_label(path, folder), encoding=mapping.encoding)
        if table.columns:
            yield InteractionSource(table, settle_interactions(declared, table))


def _items_file(folder: Path, mapping: FolderMapping) -> Path:
    if mapping.items:
        return inside(folder, mapping.items)
    found = find_table(folder, ITEM_FILES)
    if found is not None:
        return found
    tables = [path for path in sorted(folder.glob("*")) if path.name.casefold().endswith(SUFFIXES)]
    others = [path for path in tables if path.name.split(".")[0].casefold() not in INTERACTION_FILES]
    if len(others) == 1:
        return others[0]
    what = f"{folder.name} has no table of items" if not others else f"{folder.name} has {len(others)} tables"
    remedy = f"add items.csv, items.parquet or items.jsonl, or write `items: <file>` into {FILE_NAME} there"
    raise ImportFailed(what, remedy)


def find_table(folder: Path, stems: Sequence[str]) -> Path | None:
    """The first table of the folder that is called by one of these names, in their order."""
    for stem in stems:
        for suffix in SUFFIXES:
            path = folder / (stem + suffix)
            if path.is_file():
                return path
    return None


def inside(folder: Path, name: str) -> Path:
    """A file of the folder. Raises ImportFailed for one that is missing or lies outside."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise ImportFailed(f"{FILE_NAME} names {name!r}, which is no file in {folder.name}", "correct the name")
    return folder / name


def _checked(column: str, table: Table, part: str) -> str:
    """The column, if it was given and the table has it."""
    if column and column not in table.columns:
        what = f"{FILE_NAME} maps `{part}` to {column!r}, which {table.label} does not have"
        raise ImportFailed(what, f"write one of: {', '.join(table.columns)}")
    return column


def _label(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else path.name
