"""Importers: catalogues of others made into items, pictures and interactions, with a report of what was refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

from catalog.importers.report import ImportFailed, ImportResult, ProgressCallback, Refusals, RefusedRow

if TYPE_CHECKING:
    from catalog.pictures import PictureStore

__all__ = ["Format", "ImportFailed", "ImportResult", "ProgressCallback", "Refusals", "RefusedRow", "import_path"]

Format = Literal["auto", "folder", "movielens", "amazon", "microlens"]
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def import_path(
    path: Path | str,
    *,
    name: str,
    format: Format = "auto",
    pictures: PictureStore,
    progress: ProgressCallback = lambda done, total: None,
    refused: Refusals | None = None,
) -> ImportResult:
    """Read a folder, or one table file, into items, pictures and interactions. Nothing but pictures is stored yet.

    name: what the catalogue will be called; up to 64 letters, digits, `.`, `_` and `-`. format: `auto` looks at the
    files; a `palate.yaml` makes it a plain folder. progress: called with the rows done and how many there are about
    (None when nobody knows). refused: where rows refused are collected, for who counts them meanwhile. Reading the same
    source again gives the same items, and interactions with the same keys.
    Raises ImportFailed when nothing can be taken, PictureStoreError when a picture cannot be written.
    """
    path = Path(path)
    if not _NAME.fullmatch(name):
        raise ImportFailed(f"{name!r} is no name for a catalogue", "use up to 64 letters, digits, `.`, `_` and `-`")
    if format not in get_args(Format):
        raise ImportFailed(f"{format!r} is no format", f"use one of: {', '.join(get_args(Format))}")
    if not path.exists():
        raise ImportFailed(f"{path} does not exist", "give a folder, or a CSV, Parquet or JSON lines file")
    folder = path if path.is_dir() else path.parent
    refused = refused if refused is not None else Refusals()
    try:
        match _detect(path) if format == "auto" else format:
            case "movielens":
                from catalog.importers.movielens import import_movielens

                return import_movielens(folder, name=name, pictures=pictures, progress=progress, refused=refused)
            case "amazon":
                from catalog.importers.amazon import import_amazon

                return import_amazon(path, name=name, pictures=pictures, progress=progress, refused=refused)
            case "microlens":
                from catalog.importers.microlens import import_microlens

                return import_microlens(folder, name=name, pictures=pictures, progress=progress, refused=refused)
            case _:
                from catalog.importers.folder import import_folder

                items_file = None if path.is_dir() else path
                return import_folder(
                    folder, name=name, pictures=pictures, progress=progress, refused=refused, items_file=items_file
                )
    except OSError as error:
        where = error.filename or path
        raise ImportFailed(
            f"{where} cannot be read ({error.strerror})", "check that it is there and its rights"
        ) from error


def _detect(path: Path) -> Format:
    from catalog.importers.amazon import is_amazon
    from catalog.importers.mapping import FILE_NAME
    from catalog.importers.microlens import is_microlens
    from catalog.importers.movielens import is_movielens

    if path.is_file():
        return "amazon" if is_amazon(path) else "folder"
    if (path / FILE_NAME).is_file():
        return "folder"
    if is_movielens(path):
        return "movielens"
    if is_amazon(path):
        return "amazon"
    return "microlens" if is_microlens(path) else "folder"
