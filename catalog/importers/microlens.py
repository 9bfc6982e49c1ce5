"""MicroLens: titles of short videos, and who commented on which, in order.

Files: `*titles*.csv` or items.csv, and `*pairs*.tsv`, `*pairs*.csv` or sequences.tsv; covers named by video where there
are any. A pairs file holds a user and an item on a row (perhaps a time), or a user and all items, oldest first.
Source: Ni et al. 2023, "A Content-Driven Micro-Video Recommendation Dataset at Scale".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from catalog.importers.plans import InteractionPlan, ItemPlan
from catalog.importers.reading import InteractionSource, ItemSource, read_all
from catalog.importers.report import ImportFailed, ImportResult, ProgressCallback, Refusals
from catalog.importers.tables import Row, Table
from catalog.pictures import PictureStore

_TITLES: Final = ("*title*.csv", "*title*.tsv", "items.csv", "items.tsv")
_PAIRS: Final = ("*pairs*.tsv", "*pairs*.csv", "sequences.tsv")
_ITEM_NAMES: Final = frozenset({"item", "item_id", "video_id", "id"})


def is_microlens(folder: Path) -> bool:
    """Whether the folder holds titles and pairs or sequences."""
    pairs, titles = _first(folder, _PAIRS), _first(folder, _TITLES)
    return pairs is not None and titles is not None


def import_microlens(
    folder: Path, *, name: str, pictures: PictureStore, progress: ProgressCallback, refused: Refusals
) -> ImportResult:
    """Import titles and comments. A comment counts as a like: it is the set's only sign of interest.

    Raises ImportFailed when there are no titles.
    """
    titles, pairs = _first(folder, _TITLES), _first(folder, _PAIRS)
    if titles is None:
        raise ImportFailed(f"{folder.name} has no titles (a `*titles*.csv`)", "give the folder of a MicroLens download")
    table = _titles(titles)
    items = [ItemSource(table, ItemPlan(table.columns[0], table.columns[1]))]
    interactions = [_pairs(pairs)] if pairs else []
    return read_all(name, folder, items, interactions, pictures=pictures, progress=progress, refused=refused)


def _titles(path: Path) -> Table:
    """The titles; some releases have a header, some begin with the first video."""
    columns = Table(path).columns
    if len(columns) < 2:
        raise ImportFailed(f"{path.name} has no two columns", "give a file of item and title")
    has_header = columns[0].strip().casefold() in _ITEM_NAMES
    return Table(path) if has_header else Table(path, columns=("item", "title"))


def _pairs(path: Path) -> InteractionSource:
    columns = Table(path).columns
    if columns and columns[0].strip().casefold() in ("user", "user_id"):
        time = columns[2] if len(columns) > 2 else ""
        return InteractionSource(Table(path), InteractionPlan(columns[0], columns[1], every_row="like", timestamp=time))
    names = ("user", "items", "time")[: max(2, len(columns))]
    plan = InteractionPlan("user", "item", every_row="like", timestamp="time" if len(names) > 2 else "")
    return InteractionSource(Table(path, columns=names), plan, _each_item)


def _each_item(row: Row) -> Iterator[Row]:
    """One row for each item of a sequence."""
    for item in re.split(r"[\s,]+", str(row.cells["items"]).strip()):
        yield Row(row.line, {"user": row.cells["user"], "item": item, "time": row.cells.get("time", "")})


def _first(folder: Path, patterns: tuple[str, ...]) -> Path | None:
    return next((path for pattern in patterns for path in sorted(folder.glob(pattern))), None)
