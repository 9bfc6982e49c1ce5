"""An evaluation under way, in a process of its own: its progress, and its end when it is stopped."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from ui.first_run import Step

EVALUATION = "an evaluation"  # the name of work that is begun once
LAST_LINES = 6


class EvaluationFailed(Exception):
    """The process of an evaluation ended badly. told: the last it said."""

    def __init__(self, code: int, told: str) -> None:
        super().__init__(code, told)
        self.code, self.told = code, told

    def __str__(self) -> str:
        return f"the evaluation ended with code {self.code}: {self.told or 'it said nothing'}"


def memory_command(profile: str, home: Path, *, people: int, blocks: int) -> list[str]:
    """What gauges the memory by a profile's models, and keeps the result under this home."""
    command = [sys.executable, "-m", "palate.cli", "evaluate", "memory", "--json", "--progress-json"]
    command += ["--people", str(people), "--blocks", str(blocks), "--profile", profile]
    return [*command, "--set", f"stores.home={home}"]


async def evaluate(command: Sequence[str], put: Callable[[Step], None]) -> None:
    """Run to the end, telling each step. Cancelling kills the process. Raises EvaluationFailed, OSError."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=Path(__file__).resolve().parent.parent,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    said = deque[str](maxlen=LAST_LINES)
    try:
        assert process.stderr is not None
        async for line in process.stderr:
            told = line.decode("utf-8", "replace").strip()
            if (step := _step(told)) is not None:
                put(step)
            elif told:
                said.append(told)
        if code := await process.wait():
            raise EvaluationFailed(code, " ".join(said))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _step(line: str) -> Step | None:
    try:
        told = json.loads(line)
        return Step(str(told["what"]), int(told["done"]), int(told["of"] or 0))
    except (ValueError, TypeError, KeyError):
        return None
