"""Kills a process at every step of forgetting somebody, one step later each time, and asks after each what is told.

`python -m tests.killed_forgetting HOME` forgets `ann` in a home made by `tests.forgetting_world`. It ends with an error
where something is wrong, and else tells in a line of JSON how many steps there were. It works in forks: as a program of
its own it has no other thread.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from graphs import forgetting
from graphs.services import Services
from memory.marks import Marks
from palate import cli
from profiles.settings import load_profile
from tests.forgetting_world import play
from tests.killed_writer import look_by_a_fork
from tests.killing import KillAfter, ended, forked

MOST_STEPS = 30


def forget(home: Path, steps: int) -> None:
    """Forget ann; killed at the step after so many."""
    killer = KillAfter(steps)
    services = Services.open(load_profile("demo", {"stores.home": str(home)}, {}).profile)
    mock.patch.object(services.store, "rebuild", return_value=True).start()  # within it kills `tests.killed_swap`
    forgetting.ERASURES = tuple(map(killer.over, forgetting.ERASURES))
    for place, name in (
        (forgetting, "pictures_of_others"), (forgetting, "rebuild"), (services.threads, "rebuild"),
        (services.store, "rebuild"), (forgetting, "prove"), (services.pictures, "discard"),
        (services.uploads, "forget"),
    ):  # fmt: skip
        killer.lay_over(place, name)
    forgetting.forget(services, "ann", now=datetime.now(UTC))


def show() -> dict[str, Any]:
    """What `palate taste show` of ann says now."""
    sys.argv = ["palate", "taste", "show", "--user", "ann"]
    with tempfile.TemporaryFile("w+") as said:
        with contextlib.redirect_stderr(said), pytest.raises(SystemExit) as left:
            cli.main()
        said.seek(0)
        return {"code": left.value.code, "said": said.read()}


def alone(work: Callable[[], Any]) -> tuple[str, str]:
    """What a fork that does this told, and how it ended."""
    child, pipe = forked(lambda tell: tell(work()))
    with os.fdopen(pipe, encoding="utf-8") as lines:
        told = lines.read()
    return told, ended(child)


def main(home: Path) -> None:
    """One home, killed again and again: what is gone stays gone, and none of it is told."""
    play(pytest.MonkeyPatch())
    # what a kill does to Chroma's index is not tried here, so it is looked at in a fork, sooner than in a new process
    mock.patch("memory.chroma_connection.damage_after_a_crash", look_by_a_fork).start()
    for steps in range(MOST_STEPS):
        told, end = alone(partial(forget, home, steps))
        assert end in ("with 0", "by signal 9"), told
        if end == "with 0":
            break
        assert "ann" in Marks(home / "forgetting")
        told, end = alone(show)
        assert end == "with 0", told
        shown = json.loads(told)
        assert shown["code"] == 2, shown
        assert "being forgotten" in shown["said"]
    print(json.dumps({"steps": steps}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
