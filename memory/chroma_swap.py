"""Putting a directory's new content in the place of the old, so that a kill at any point leaves one of them whole."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from memory.durable import sync_folder, sync_tree

_BUILDING, _BUILT, _MOVING = "rebuild.building", "rebuild.built", "rebuild.moving"


def begin_swap(directory: Path) -> Path:
    """An empty folder inside the directory, for the new content. What an earlier attempt left there is gone."""
    building = directory / _BUILDING
    _remove(building)
    building.mkdir()
    return building


def commit_swap(directory: Path, *, keep: str) -> None:
    """From here on the new content counts: it is put on the disk, and takes the place of the old.

    keep: the name of a file of the directory that is no content and stays.
    """
    building = directory / _BUILDING
    sync_tree(building)
    os.rename(building, directory / _BUILT)
    finish_swap(directory, keep=keep)


def finish_swap(directory: Path, *, keep: str) -> None:
    """Finish what was broken off: new content that was not complete is dropped, complete content takes its place.

    Does nothing where no swap was begun. Only the owner of the directory may call it, before it is opened.
    """
    _remove(directory / _BUILDING)
    built, moving = directory / _BUILT, directory / _MOVING
    if built.exists():
        sync_folder(directory)
        for old in directory.iterdir():
            if old.name not in (_BUILT, keep):
                _remove(old)
        sync_folder(directory)  # nothing old is left before the first new file stands among what may be deleted
        os.rename(built, moving)
    if moving.exists():
        for new in moving.iterdir():
            os.rename(new, directory / new.name)
        moving.rmdir()
        sync_folder(directory)


def _remove(path: Path) -> None:
    """Remove it, all of it. Raises OSError where something stays, for it may be what had to go."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
