"""Forks that do something and tell of it, and calls that kill their process: for programs of one thread."""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import signal
import traceback
from collections.abc import Callable
from typing import Any

for needed in ("chromadb.api.client", "chromadb.api.rust", "scipy.sparse"):  # by every fork, half of its time
    importlib.import_module(needed)


def forked(work: Callable[[Callable[[Any], None]], None]) -> tuple[int, int]:
    """The process id of a fork that does this, and a pipe that says what it tells, a line of JSON each.

    What it raises it tells last, as `raised`, and ends with 1.
    """
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.close(reading)
        faulthandler.enable()

        def tell(told: Any) -> None:
            os.write(writing, json.dumps(told).encode() + b"\n")

        try:
            work(tell)
            os._exit(0)
        except BaseException as error:
            traceback.print_exc()
            tell({"raised": "".join(traceback.format_exception(error)[-3:])})
            os._exit(1)
    os.close(writing)
    return child, reading


def ended(child: int) -> str:
    """How a fork ended, in words: `by signal 9`, `with 0`."""
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return f"by signal {-code}" if code < 0 else f"with {code}"


class KillAfter:
    """Kills this process at the call after so many of those it is laid over."""

    def __init__(self, calls: int) -> None:
        self._left = calls

    def over(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same call, counted."""

        def run(*arguments: Any, **named: Any) -> Any:
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            self._left -= 1
            return call(*arguments, **named)

        return run

    def lay_over(self, place: object, name: str) -> None:
        """Put the counted call in the place of the one of that name."""
        setattr(place, name, self.over(getattr(place, name)))
