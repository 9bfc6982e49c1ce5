"""Kills a process at every step of forgetting somebody, one step later each time, and asks after each what is told.

`python -m tests.killed_forgetting HOME` forgets `ann` in a home made by `tests.forgetting_world`. It ends with an error
where something is wrong, and else tells in a line of JSON how many steps there were. It works in forks: as a program of
its own it has no other thread.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
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
from tests.killed_writer import ended, forked, look_by_a_fork

MOST_STEPS = 30


def forget(home: Path, steps: int) -> None:
    """Forget ann; killed at the step after so many."""
    left = iter(range(steps))

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **named)

        return run

    services = Services.open(load_profile("demo", {"stores.home": str(home)}, {}).profile)
    services.store.rebuild = lambda *_: True  # type: ignore[method-assign]  # killed in there: tests.killed_swap
    forgetting.ERASURES = tuple(map(counted, forgetting.ERASURES))
    for place, name in (
        (forgetting, "pictures_of_others"), (forgetting, "rebuild"), (services.threads, "rebuild"),
        (services.store, "rebuild"), (forgetting, "prove"), (services.pictures, "discard"),
        (services.uploads, "forget"),
    ):  # fmt: skip
        setattr(place, name, counted(getattr(place, name)))
    forgetting.forget(services, "ann", now=datetime.now(UTC))


def show() -> dict[str, Any]:
    """What `palate taste show` of ann says now."""
    sys.argv = ["palate", "taste", "show", "--user", "ann"]
    with tempfile.TemporaryFile("w+") as said:
        with contextlib.redirect_stderr(said), pytest.raises(SystemExit) as left:
            cli.main()
        said.seek(0)
        return {"code": left.value.code, "said": said.read()}


def main(home: Path) -> None:
    """One home, killed again and again: what is gone stays gone, and none of it is told."""
    play(pytest.MonkeyPatch())
    mock.patch("memory.chroma_connection.damage_after_a_crash", look_by_a_fork).start()
    for steps in range(MOST_STEPS):
        child, pipe = forked(lambda tell, steps=steps: forget(home, steps))  # type: ignore[misc]
        with os.fdopen(pipe, encoding="utf-8") as lines:
            raised = lines.read()
        end = ended(child)
        assert end in ("with 0", "by signal 9"), raised
        if end == "with 0":
            break
        assert "ann" in Marks(home / "forgetting")
        child, pipe = forked(lambda tell: tell(show()))
        with os.fdopen(pipe, encoding="utf-8") as lines:
            shown = json.loads(lines.readline())
        assert ended(child) == "with 0", shown
        assert shown["code"] == 2, shown
        assert "being forgotten" in shown["said"]
    print(json.dumps({"steps": steps}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
