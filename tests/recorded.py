"""Turns as the recorder is told them, for tests of traces."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from memory.preferences import Edit
from tracing.events import (
    DecisionRow,
    FunnelStep,
    ModelCall,
    Note,
    PreferenceChange,
    Trace,
)
from tracing.recorder import Recorder


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def start_turn(recorder: Recorder, trace_id: str = "t1", **about: str) -> None:
    settings = {"user_id": "ada", "thread_id": "th1", "profile": "demo", "catalogue": "demo", "message": "a calm print"}
    recorder.start_turn(trace_id=trace_id, **(settings | about))


def full_turn(recorder: Recorder, trace_id: str = "t1", **about: str) -> Trace | None:
    """A turn with every kind of event."""
    start_turn(recorder, trace_id, **about)
    with recorder.step("understand") as step:
        recorder.record(
            ModelCall(role="understanding", model="tiny", kind="decide", prompt="understanding_intent@1", seconds=0.01)
        )
        step.state_changes = {"intent": "recommend", "wishes": ("calm",)}
    with recorder.step("recommend"):
        for name, count in (("catalogue", 600), ("price ≤ 40", 120), ("decide", 20), ("slate", 4)):
            recorder.record(FunnelStep(step=name, count=count, rule=name))
        recorder.record(DecisionRow(item_id="p1", p_yes=0.81, mass=0.99, kind="local", parts={"model": 0.8}, place=1))
        recorder.record(DecisionRow(item_id="p2", p_yes=0.2, kind="local", parts={"model": 0.2}))
    edit = Edit(op="add", polarity="like", aspect="mood", value="calm", reason="asked for it")
    recorder.record(
        PreferenceChange(
            before_version=1,
            after_version=2,
            edits=(edit,),
            prose_before="Likes foxes.",
            prose_after="Likes calm foxes.",
        )
    )
    recorder.record(Note(what="fallback", detail="systemone → graded"))
    recorder.record(
        ModelCall(role="responder", model="tiny", prompt="responder@1", output="Here you are.", cost_usd=0.1)
    )
    return recorder.end_turn(reply="Here you are.", slate=("p1",))


def break_step(recorder: Recorder, error: str, state_changes: dict[str, Any]) -> None:
    """A step that changes something and then fails."""
    with contextlib.suppress(RuntimeError), recorder.step("understand") as step:
        step.state_changes = state_changes
        raise RuntimeError(error)


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
