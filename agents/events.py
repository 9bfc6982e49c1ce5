"""What a turn tells the screen while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from agents.state import Critique, FunnelStep, SlateItem
from memory.preferences import Preference


@dataclass(frozen=True)
class Progress:
    """A step began. detail: what it is doing, in words."""

    step: str
    detail: str = ""


@dataclass(frozen=True)
class TextDelta:
    """The next piece of the reply."""

    text: str


@dataclass(frozen=True)
class TextRestart:
    """What was streamed so far is void: another model begins the reply anew."""

    reason: str


@dataclass(frozen=True)
class SlateReady:
    """The items to show, reasons still to come. They replace any slate of this turn."""

    cards: tuple[SlateItem, ...]


@dataclass(frozen=True)
class TurnResult:
    """One finished turn. error: what a user should know of a failure, empty when all went well.

    critiques: those in force now, oldest first, each to be taken back by its `said`. quick_replies: short answers that
    are offered to be sent as they are. seconds: of the whole turn; model_seconds: the part spent waiting for models.
    taken_back: what the turns had taught that this one replaces, in words; empty where that was nothing.
    """

    thread_id: str
    trace_id: str
    reply: str
    slate: tuple[SlateItem, ...]
    funnel: tuple[FunnelStep, ...]
    preference: Preference
    profile: str
    seconds: float
    model_seconds: float
    error: str = ""
    critiques: tuple[Critique, ...] = ()
    quick_replies: tuple[str, ...] = ()
    taken_back: str = ""


@dataclass(frozen=True)
class TurnDone:
    """The turn is over."""

    result: TurnResult


TurnEvent = Progress | TextDelta | TextRestart | SlateReady | TurnDone
