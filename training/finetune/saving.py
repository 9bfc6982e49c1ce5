"""Saves that are whole or not there: checkpoints marked when all of them is written, models that change in one move."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from training.finetune.errors import SaveFailed

WHOLE = "whole.json"  # written last into a checkpoint: name and size of every file in it


def save_model(out: Path, write: Callable[[Path], None]) -> None:
    """Write a model's folder so that it changes in one move. Raises SaveFailed on a full disk; what was there stays."""
    fresh, old = out.with_name(out.name + ".new"), out.with_name(out.name + ".old")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        write(fresh)
    except Exception as error:
        full = disk_is_full(error, fresh)
        shutil.rmtree(fresh, ignore_errors=True)
        if not full and not (isinstance(error, OSError) and error.errno == errno.EDQUOT):
            raise
        there = "what was there before is untouched" if out.exists() else "nothing half-written is kept"
        raise SaveFailed(
            f"the disk is full: the model could not be written to {out}; {there}",
            "free some space and run the same command again",
        ) from error
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        os.replace(out, old)
    os.replace(fresh, out)
    shutil.rmtree(old, ignore_errors=True)


def resume_from(folder: Path) -> Path | None:
    """The last checkpoint that is whole; what a kill left half-written is removed."""
    if folder.is_dir():
        for one in folder.glob("checkpoint-*"):
            if not is_whole(one):
                shutil.rmtree(one, ignore_errors=True)  # other processes of the run do the same
    return last_whole(folder) if folder.is_dir() else None


def mark_whole(folder: Path) -> None:
    """Write the sizes of all files into a checkpoint, last and in one move."""
    sizes = {str(one.relative_to(folder)): one.stat().st_size for one in sorted(folder.rglob("*")) if one.is_file()}
    (folder / "whole.new").write_text(json.dumps(sizes, indent=1), encoding="utf-8")
    os.replace(folder / "whole.new", folder / WHOLE)


def is_whole(folder: Path) -> bool:
    """Whether everything that was saved into a checkpoint is there."""
    if not (folder / WHOLE).is_file():
        return False
    sizes = json.loads((folder / WHOLE).read_text(encoding="utf-8"))
    return all((folder / name).is_file() and (folder / name).stat().st_size == size for name, size in sizes.items())


def last_whole(folder: Path) -> Path | None:
    """The latest checkpoint that was saved to the end, or None."""
    found = sorted(folder.glob("checkpoint-*"), key=lambda one: int(one.name.rpartition("-")[2]))
    return next((one for one in reversed(found) if is_whole(one)), None)


def disk_is_full(error: BaseException, where: Path) -> bool:
    """Whether a save failed for want of space. The writers of weights tell it in words of their own."""
    told = str(error).casefold()
    words = ("no space left", "os error 28", "errno 28", "disk quota", "os error 122", "file too large", "os error 27")
    return any(word in told for word in words) or shutil.disk_usage(where.parent).free < 1 << 20
