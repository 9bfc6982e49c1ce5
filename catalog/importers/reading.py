"""The one way every importer reads: items first, then the interactions about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog.importers.building import InteractionBuilder, ItemBuilder, PictureFolder
from catalog.importers.plans import InteractionPlan, ItemPlan
from catalog.importers.report import ImportFailed, ImportResult, Progress, ProgressCallback, Refusals
from catalog.importers.tables import Row, Table
from catalog.items import Item
from catalog.pictures import PictureStore
from memory.interactions import Interaction


@dataclass(frozen=True)
class ItemSource:
    """Where items come from. reshape: turns a row of the file into one the plan fits, or None to leave it out."""

    table: Table
    plan: ItemPlan
    reshape: Callable[[Row], Row | None] = lambda row: row


@dataclass(frozen=True)
class InteractionSource:
    """Where interactions come from. reshape: turns a row of the file into those the plan fits."""

    table: Table
    plan: InteractionPlan
    reshape: Callable[[Row], Iterable[Row]] = lambda row: (row,)


def read_all(
    name: str,
    folder: Path,
    items: Sequence[ItemSource],
    interactions: Sequence[InteractionSource],
    *,
    pictures: PictureStore,
    progress: ProgressCallback,
    refused: Refusals,
    notes: Sequence[str] = (),
) -> ImportResult:
    """Read every source, row by row. Raises ImportFailed when not one item could be taken."""
    tables = [*(source.table for source in items), *(source.table for source in interactions)]
    counts = [table.count() for table in tables]
    known = [count for count in counts if count is not None]
    steps = Progress(progress, sum(known) if len(known) == len(counts) else None)
    taken = _read_items(items, PictureFolder(folder, pictures), refused, steps)
    if not taken:
        raise _nothing_taken(items, refused)
    item_ids = {item.item_id for item in taken}
    events: list[Interaction] = []
    for interaction_source in interactions:
        events.extend(_read_interactions(interaction_source, name, item_ids, refused, steps))
    events.sort(key=lambda event: event.at)
    steps.finish()
    told = [*notes, *_encoding_notes(tables)]
    return ImportResult(items[0].plan.schema, taken, events, refused.rows(), told)


def _read_items(
    sources: Sequence[ItemSource], pictures: PictureFolder, refused: Refusals, steps: Progress
) -> list[Item]:
    taken: list[Item] = []
    lines: dict[str, str] = {}
    for source in sources:
        builder = ItemBuilder(source.plan, source.table.label, pictures, refused, seen=lines)
        for row in source.table.rows(refused):
            steps.step()
            shaped = source.reshape(row)
            item = builder.build(shaped) if shaped is not None else None
            if item is not None:
                taken.append(item)
    return taken


def _read_interactions(
    source: InteractionSource, name: str, item_ids: set[str], refused: Refusals, steps: Progress
) -> Iterator[Interaction]:
    builder = InteractionBuilder(source.plan, source.table.label, name, item_ids, refused)
    for row in source.table.rows(refused):
        steps.step()
        for shaped in source.reshape(row):
            event = builder.build(shaped)
            if event is not None:
                yield event


def _nothing_taken(sources: Sequence[ItemSource], refused: Refusals) -> ImportFailed:
    files = " and ".join(source.table.label for source in sources)
    rows = refused.rows()
    if not rows:
        return ImportFailed(f"{files} holds no items", "add a row for each item below the header")
    return ImportFailed(
        f"not one row of {files} could be taken, the first because: {rows[0].reason}", rows[0].remedy, rows
    )


def _encoding_notes(tables: Iterable[Table]) -> list[str]:
    return [
        f"{table.label} was read as {table.encoding}, judged by its bytes; save it as UTF-8 to be sure"
        for table in tables
        if table.is_judged
    ]
