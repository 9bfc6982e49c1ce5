"""Kills a process at every step of a swap, and again at every step of finishing it, and looks at what is left.

`python -m tests.killed_swap FOLDER` ends with an error where something is wrong, and else tells in a line of JSON how
many steps there were and what came of them. It works in forks: a program of its own has no other thread, and is small.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from memory.chroma_swap import begin_swap, commit_swap, finish_swap
from tests.killing import KillAfter, ended, forked

OLD = {"palate.lock": "7", "db": "old", "segment/one": "old", "segment/two": "old", "stray": "old"}
NEW = {"db": "new", "fresh/one": "new", "fresh/two": "new"}
STEPS = ((os, "rename"), (os, "fsync"), (Path, "unlink"), (Path, "rmdir"), (shutil, "rmtree"))


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def read(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def killed_after(steps: int, work: Callable[[], object]) -> bool:
    """Whether a process that does this is killed before it is through, at the step of the file system after `steps`."""

    def run(tell: Callable[[object], None]) -> None:
        killer = KillAfter(steps)
        for place, name in STEPS:
            killer.lay_over(place, name)
        work()

    child, pipe = forked(run)
    os.close(pipe)
    end = ended(child)
    assert end in ("with 0", "by signal 9"), end
    return end == "by signal 9"


def main(place: Path) -> None:
    """Every first kill with every second one, each in a folder of its own."""
    outcomes = set()
    for first in range(200):
        for then in range(200):
            folder = place / f"{first}-{then}"
            write(folder, OLD)
            write(begin_swap(folder), NEW)
            killed = killed_after(first, partial(commit_swap, folder, keep="palate.lock"))
            again = killed_after(then, partial(finish_swap, folder, keep="palate.lock"))
            finish_swap(folder, keep="palate.lock")
            found = read(folder)
            outcomes.add("old" if found == OLD else "new")
            assert found in (OLD, NEW | {"palate.lock": "7"}), (first, then)
            if not again:
                break
        if not killed:
            break
    print(json.dumps({"steps": first, "outcomes": sorted(outcomes)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
