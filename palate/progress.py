"""Progress on the error stream, so that output stays clean: bars for a terminal, a line now and then for a log."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import TaskID

Report = Callable[[str, int, int | None], None]
EVERY_S = 30.0


@contextmanager
def bars(*, as_json: bool = False) -> Iterator[Report]:
    """A bar for each thing done, with its pace and the time left; told `(what, done, of)`, `of` None while unknown.

    Lines instead where nobody watches: in a file or a pipe. as_json: for a program that does, an object a line.
    """
    if as_json:
        yield _tell_as_json
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    tasks: dict[str, TaskID] = {}
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lines(lambda line: console.print(line, highlight=False, markup=False, soft_wrap=True))
        return
    with Progress(*columns, console=console) as progress:

        def report(what: str, done: int, of: int | None) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=of)
            progress.update(tasks[what], completed=done, total=of)

        yield report


def lines(write: Callable[[str], None], *, clock: Callable[[], float] = time.monotonic) -> Report:
    """Told like bars; writes how far a thing is, how long it took and what is left, when it is done and every 30 s."""
    began: dict[str, float] = {}
    told: dict[str, tuple[float, int]] = {}

    def report(what: str, done: int, of: int | None) -> None:
        now = clock()
        if what not in told or done < told[what][1]:  # for the first time, or anew
            began[what], told[what] = now, (now, -1)
        since, before = told[what]
        if done == before or (done != of and now - since < EVERY_S):
            return
        told[what] = (now, done)
        gone = now - began[what]
        left = f", {_clock_time(gone / done * (of - done))} left" if of and 0 < done < of else ""
        write(f"{what} {done}{f'/{of}' if of else ''}, {_clock_time(gone)}{left}")

    return report


def _tell_as_json(what: str, done: int, of: int | None) -> None:
    print(json.dumps({"what": what, "done": done, "of": of}), file=sys.stderr, flush=True)


def _clock_time(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
