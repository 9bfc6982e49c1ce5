"""What can happen in a turn, as typed events, and the trace they make up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from memory.preferences import Edit
from tracing.plain import plain

PlainMapping = Annotated[Mapping[str, JsonValue], BeforeValidator(plain)]
E = TypeVar("E", bound="TraceEvent")


def trace_id_of(turn_id: str) -> str:
    """The id of a turn's trace: the beginning of the turn's own id, so that what the turn caused leads to its trace."""
    return turn_id[:16]


class TraceEvent(BaseModel):
    """What all events share.

    after_s: seconds since the turn began, stamped by the recorder when the event reaches it; a step or call that took
    `seconds` therefore began at `after_s - seconds`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    after_s: float = 0.0


class TurnStarted(TraceEvent):
    """A message arrived.

    at: timezone-aware wall clock. replay_of: the trace of the turn that is taken once more, which nobody is told of;
    empty for a turn that took place.
    """

    type: Literal["turn_started"] = "turn_started"
    trace_id: str = Field(min_length=1)
    user_id: str
    thread_id: str
    profile: str
    catalogue: str
    message: str
    at: datetime
    replay_of: str = ""


class StepStarted(TraceEvent):
    """A step of the graph began."""

    type: Literal["step_started"] = "step_started"
    step: str


class StepEnded(TraceEvent):
    """A step of the graph ended.

    state_changes: what it changed in the state; anything that JSON cannot hold is written as plain text. error: what
    ended it, or None.
    """

    type: Literal["step_ended"] = "step_ended"
    step: str
    seconds: float
    state_changes: PlainMapping = Field(default_factory=dict)
    error: str | None = None


class ModelCall(TraceEvent):
    """One call of a model, failed ones included.

    step: the step it served; the recorder fills in the open one. prompt: label such as `responder@1`. pictures:
    content hashes. output: the text written, or the probabilities answered. cost_usd: None where no price is known.
    retries: attempts after the first. error: what went wrong at last, or None.
    """

    type: Literal["model_call"] = "model_call"
    role: str
    model: str
    kind: Literal["chat", "decide", "embed"] = "chat"
    prompt: str = ""
    rendered: str = ""
    pictures: tuple[str, ...] = ()
    output: str = ""
    parameters: PlainMapping = Field(default_factory=dict)
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float | None = None
    seconds: float = 0.0
    retries: int = 0
    error: str | None = None
    step: str = ""


class DecisionRow(TraceEvent):
    """What was decided about one candidate.

    p_yes in [0, 1], None where no model decided. mass: share of the model's probability on the allowed answers, or
    None. kind: the decide kind. parts: what each signal added to the blend, by name. place: 1 for the best of the
    slate, None when not shown.
    """

    type: Literal["decision"] = "decision"
    item_id: str
    p_yes: float | None
    mass: float | None = None
    kind: str = ""
    parts: Mapping[str, float] = Field(default_factory=dict)
    blend: float = 0.0
    place: int | None = None


class FunnelStep(TraceEvent):
    """One narrowing of the catalogue.

    count: candidates left after it. rule: why, in words (`price ≤ 40`). dropped: how many it removed, None where that
    means nothing, as for retrieval.
    """

    type: Literal["funnel"] = "funnel"
    step: str
    count: int
    rule: str = ""
    dropped: int | None = None


class PreferenceChange(TraceEvent):
    """A fold made a new version of the taste. edits: what changed, with reasons."""

    type: Literal["preference"] = "preference"
    before_version: int
    after_version: int
    edits: tuple[Edit, ...] = ()
    prose_before: str = ""
    prose_after: str = ""


class Note(TraceEvent):
    """Something worth knowing that is none of the others: a fallback taken, a budget spent, what the parser read."""

    type: Literal["note"] = "note"
    what: str
    detail: str = ""


class TurnEnded(TraceEvent):
    """The turn is over.

    slate: ids shown, best first. seconds: the whole turn. model_seconds: time in which at least one model call was
    under way. error: None for a turn that ended well.
    """

    type: Literal["turn_ended"] = "turn_ended"
    reply: str = ""
    slate: tuple[str, ...] = ()
    seconds: float = 0.0
    model_seconds: float = 0.0
    error: str | None = None


Event = Annotated[
    TurnStarted | StepStarted | StepEnded | ModelCall | DecisionRow | FunnelStep | PreferenceChange | Note | TurnEnded,
    Field(discriminator="type"),
]


class Trace(BaseModel):
    """The record of one turn: its events in the order they were recorded, the first a TurnStarted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    events: tuple[Event, ...]

    @property
    def started(self) -> TurnStarted:
        """How the turn began. Raises ValueError for a trace without a beginning."""
        for event in self.of(TurnStarted):
            return event
        raise ValueError("this trace has no turn_started event; it was not written by a recorder")

    @property
    def ended(self) -> TurnEnded | None:
        """How the turn ended, or None when it was cut off."""
        return next(reversed(list(self.of(TurnEnded))), None)

    @property
    def trace_id(self) -> str:
        """The id it is found by."""
        return self.started.trace_id

    @property
    def cost_usd(self) -> float | None:
        """The sum over all model calls; None as soon as the price of one is unknown, 0 without any call."""
        costs = [call.cost_usd for call in self.of(ModelCall)]
        return None if any(cost is None for cost in costs) else sum(cost for cost in costs if cost is not None)

    def of(self, kind: type[E]) -> Iterator[E]:
        """The events of one type, in order."""
        return (event for event in self.events if isinstance(event, kind))


def busy_seconds(calls: Iterator[ModelCall] | list[ModelCall]) -> float:
    """The time in which at least one of the calls was under way: calls that overlap count once."""
    total, until = 0.0, float("-inf")
    for begin, end in sorted((call.after_s - call.seconds, call.after_s) for call in calls):
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return total
