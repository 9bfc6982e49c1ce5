"""A trace as it is drawn, on a page or in a terminal: what ran when, how the catalogue narrowed, what was decided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tracing.events import DecisionRow, FunnelStep, ModelCall, StepEnded, Trace


@dataclass(frozen=True)
class Span:
    """A step or a model call on the turn's time line. begin: seconds after the turn began, never below 0."""

    event: StepEnded | ModelCall
    begin: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.event.seconds

    @property
    def name(self) -> str:
        """The step, or of a call the role and what it was asked: `responder · responder@1`."""
        event = self.event
        return event.step if isinstance(event, StepEnded) else f"{event.role} · {event.prompt or event.kind}"

    def bar(self, whole: float) -> tuple[float, float]:
        """Where its bar begins and how long it is, each a share of a line that stands for `whole` seconds.

        Both in [0, 1], and together at most 1.
        """
        begin = min(self.begin / whole, 1.0) if whole > 0 else 0.0
        return begin, min(max(self.seconds, 0.0) / whole, 1.0 - begin) if whole > 0 else 0.0


@dataclass(frozen=True)
class Narrowing:
    """One step of the funnel. dropped: how many the step took away, None for the first and where none were."""

    step: str
    count: int
    rule: str
    dropped: int | None


def spans(trace: Trace) -> list[Span]:
    """Every step that ended and every model call, in the order they began; a call comes after its step."""
    timed = [event for event in trace.events if isinstance(event, StepEnded | ModelCall)]
    timed.sort(key=lambda event: (event.after_s - event.seconds, isinstance(event, ModelCall)))
    return [Span(event, max(0.0, event.after_s - event.seconds)) for event in timed]


def whole_seconds(trace: Trace) -> float:
    """What the time line stands for: the whole turn, and whatever was recorded after its end."""
    ended = trace.ended.seconds if trace.ended is not None else 0.0
    return max([ended, *(event.after_s for event in trace.events)], default=0.0)


def narrowing(trace: Trace) -> list[Narrowing]:
    """The funnel from the whole catalogue to the slate, in order."""
    told, before = list[Narrowing](), None
    for step in trace.of(FunnelStep):
        fewer = before - step.count if before is not None and before > step.count else None
        told.append(Narrowing(step.step, step.count, step.rule, fewer if step.dropped is None else step.dropped))
        before = step.count
    return told


def ranked(trace: Trace) -> list[DecisionRow]:
    """The decisions: the slate by its places, then the rest, the best blend first."""
    return sorted(trace.of(DecisionRow), key=lambda row: (row.place is None, row.place or 0, -row.blend))


def parts_named(rows: list[DecisionRow]) -> list[str]:
    """The parts of the blend that any of the decisions has, in the order they first come."""
    return list(dict.fromkeys(name for row in rows for name in row.parts))


def decision_table(trace: Trace, title_of: Callable[[str], str]) -> list[dict[str, Any]]:
    """The decisions as a table: a record a candidate, in the order of `ranked`, all with the same columns.

    title_of: an item's title by its id. A column of `+ name` for each part of the blend. None where nothing is known.
    """
    rows = ranked(trace)
    return [
        {
            "place": row.place,
            "candidate": title_of(row.item_id),
            "p(yes)": row.p_yes,
            "mass": row.mass,
            "kind": row.kind,
            **{f"+ {name}": row.parts.get(name) for name in parts_named(rows)},
            "blend": row.blend,
        }
        for row in rows
    ]


def why_line(trace: Trace, item_id: str) -> str:
    """Why an item stands where it does, in a sentence; that it was not judged, where the turn did not come to it."""
    rows = sorted(trace.of(DecisionRow), key=lambda row: -row.blend)
    row = next((row for row in rows if row.item_id == item_id), None)
    if row is None:
        return "This turn judged other candidates: this one did not come through the funnel."
    judged = "no model judged it" if row.p_yes is None else f"p(yes) {row.p_yes:.3f}"
    stands = f"{judged}; its blend of {row.blend:+.2f} is number {rows.index(row) + 1} of {len(rows)}"
    shown = "it was not shown" if row.place is None else f"it was shown at place {row.place}"
    return f"{stands[:1].upper() if row.p_yes is None else stands[:1]}{stands[1:]}, and {shown}."


def time_told(trace: Trace) -> str:
    """`3.10 s, of which models 2.60 s and our own 0.50 s`; empty for a turn that was cut off."""
    ended = trace.ended
    if ended is None:
        return ""
    own = max(0.0, ended.seconds - ended.model_seconds)
    return f"{ended.seconds:.2f} s, of which models {ended.model_seconds:.2f} s and our own {own:.2f} s"


def cost_told(cost_usd: float | None) -> str:
    """A cost in US dollars; `unknown` is never told as nothing."""
    return "unknown" if cost_usd is None else f"${cost_usd:.4f}" if cost_usd else "$0"
