"""A catalogue sent as files: laid down in a folder, looked at, and imported under a name of its own.

Only items and pictures are taken. Histories name people, and who they are is not for a file to say.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from catalog.importers import ImportFailed, Refusals, RefusedRow, import_path
from catalog.importers.folder import settle_items
from catalog.importers.mapping import FILE_NAME, FolderMapping
from catalog.importers.tables import SUFFIXES, Table
from graphs.describing import Report
from graphs.services import Services
from graphs.setup import Stored, store_catalogue

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


def import_upload(services: Services, folder: Path, name: str, columns: Columns, report: Report) -> Imported:
    """Import what was laid down as a new catalogue. Raises ImportFailed, also for a name that is taken.

    report: told the rows read of how many, and how many of them were refused, or taken without what was wrong in them.
    """
    if any(info.name == name for info in services.catalogues.names()):
        raise ImportFailed(f"there is a catalogue {name!r} already", "give this one another name")
    refused = Refusals()

    def tell_rows(done: int, of: int | None) -> None:
        report(f"reading the rows ({refused.count:,} refused)" if refused.count else "reading the rows", done, of or 0)

    mapping = {"items": _table(folder).name, **vars(columns), "text": list(columns.text)}
    (folder / FILE_NAME).write_text(json.dumps(mapping))  # JSON is YAML as well
    result = import_path(
        folder,
        name=name,
        format="folder",
        pictures=services.pictures,
        progress=tell_rows,
        refused=refused,
    )
    stored = store_catalogue(services, name, result.schema, result.items, (), report)
    pictured = sum(item.picture is not None for item in result.items)
    return Imported(name, len(result.items), pictured, stored, tuple(result.refused))


def _table(folder: Path) -> Path:
    return next(path for path in sorted(folder.iterdir()) if path.name.casefold().endswith(SUFFIXES))
