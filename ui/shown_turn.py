"""One turn as the page keeps it: what is drawn of it, without any drawing."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field

from agents.events import Progress, SlateReady, TextDelta, TextRestart, TurnDone, TurnEvent, TurnResult
from agents.state import FunnelStep, PointedWish, Reaction, SlateItem, TurnState
from tracing.events import trace_id_of
from ui.host import Running


@dataclass(frozen=True)
class Pointed:
    """A button under a card that asks for other items."""

    item_id: str
    wish: PointedWish


@dataclass(frozen=True)
class Critiqued:
    """A button under a card that asks for others that differ from it: `cheaper`, `darker`."""

    item_id: str
    said: str


@dataclass(frozen=True)
class Undone:
    """A button that takes back a critique, named by its words."""

    said: str


Pressed = Reaction | Pointed | Critiqued | Undone


@dataclass
class ShownTurn:
    """One turn on the page, under way or over.

    upload: content hash of the picture that came with the message. reaction: for a thumb by a button; such a turn has
    no message. pressed: for a wish by a button. turn_id: the id it was asked under. trace_id: where it is recorded;
    empty while it is under way. steps: what was done so far, in words, the last one under way. restarted: why an answer
    was begun anew. version_before: of the taste, when the turn began. result: None while it is under way, and for a
    turn of before this page was opened. cost_usd: None where it is not known. error: what went wrong, and what to do.
    refused: it was never asked, and asking again would end the same way. critiques: those in force after it, in words.
    quick_replies: short answers to what it asks. taken_back: what the turns had taught that it replaced.
    """

    message: str = ""
    upload: str = ""
    reaction: Reaction | None = None
    pressed: Pressed | None = None
    turn_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    trace_id: str = ""
    refused: bool = False
    running: Running[TurnEvent] | None = None
    began: float = field(default_factory=time.monotonic)
    steps: list[str] = field(default_factory=list)
    reply: str = ""
    cards: tuple[SlateItem, ...] = ()
    funnel: tuple[FunnelStep, ...] = ()
    restarted: str = ""
    version_before: int = 0
    result: TurnResult | None = None
    cost_usd: float | None = None
    error: str = ""
    stopped: bool = False
    critiques: tuple[str, ...] = ()
    quick_replies: tuple[str, ...] = ()
    taken_back: str = ""
    seen: int = 0

    @property
    def can_be_replaced(self) -> bool:
        """Whether another answer can take its place: it was said in words, or asked for by a button under a card."""
        return self.reaction is None and not self.refused and isinstance(self.pressed, Pointed | None)

    def update_from_running(self, *, timeout_s: float = 0.0) -> bool:
        """Take in what happened since the last time, waiting that long for something; whether anything did."""
        if self.running is None:
            return False
        over = self.running.over
        events = self.running.after(self.seen, timeout_s=timeout_s)
        for event in events:
            self._take_in(event)
        self.seen += len(events)
        if over:
            self._end(self.running)
        return bool(events) or over

    def followed_anew(self) -> ShownTurn | None:
        """The same turn, to be followed from its beginning by another window; None where it is over."""
        running = self.running
        if running is None or running.over:
            return None
        return ShownTurn(
            self.message,
            self.upload,
            self.reaction,
            self.pressed,
            self.turn_id,
            running=running,
            began=self.began,
            version_before=self.version_before,
        )

    def leave(self) -> None:
        """Whoever followed it is gone; it ends soon, unless they come back."""
        if self.running is not None:
            self.running.leave()

    def wait(self, timeout_s: float) -> None:
        """Wait for its end, at most that long."""
        ends = time.monotonic() + timeout_s
        while self.running is not None and (left := ends - time.monotonic()) > 0:
            self.update_from_running(timeout_s=left)

    def stop(self) -> None:
        """Ask for its end; a turn that is over stays as it is."""
        if self.running is not None:
            self.running.stop()

    def _take_in(self, event: TurnEvent) -> None:
        match event:
            case Progress():
                told = event.detail or event.step.replace("_", " ")
                if told not in self.steps[-1:]:
                    self.steps.append(told)
            case TextDelta():
                self.reply += event.text
            case TextRestart():
                self.reply, self.restarted = "", event.reason
            case SlateReady():
                self.cards = event.cards
            case TurnDone():
                self.result, self.error, self.trace_id = event.result, event.result.error, event.result.trace_id
                self.reply, self.cards = event.result.reply or self.reply, event.result.slate or self.cards
                self.funnel, self.taken_back = event.result.funnel, event.result.taken_back
                self.critiques = tuple(one.said for one in event.result.critiques)
                self.quick_replies = event.result.quick_replies

    def _end(self, running: Running[TurnEvent]) -> None:
        self.running = None
        self.stopped = running.stopped and self.result is None
        if running.error is not None:
            self.error = in_words(running.error)
        elif self.result is None and not self.stopped:
            self.error = "The turn ended without an answer; ask again."


def restored(state: TurnState) -> ShownTurn:
    """A turn of before this page was opened, as its conversation keeps it."""
    return ShownTurn(
        state.message,
        state.upload,
        reaction=state.reactions[0] if state.reactions and not (state.message or state.upload) else None,
        pressed=_pressed(state),
        turn_id=state.turn_id,
        trace_id=trace_id_of(state.turn_id) if state.turn_id else "",
        reply=state.reply,
        cards=state.slate,
        funnel=state.funnel,
        error=" ".join(state.problems),
        critiques=tuple(one.said for one in state.critiques),
        quick_replies=tuple(state.quick_replies),
    )


def _pressed(state: TurnState) -> Pressed | None:
    """The button that asked, where one did."""
    if state.undo:
        return Undone(state.undo)
    if state.critique_of:
        return Critiqued(state.critique_of, state.message.partition(" than “")[0].casefold())
    if state.instead_of:
        return Pointed(state.instead_of, "instead_of")
    return Pointed(state.more_like, "more_like") if state.more_like else None


def in_words(error: BaseException) -> str:
    """What to show of an error: its own words where it has some, and what to do."""
    said = str(error)
    if type(error).__module__.split(".")[0] in ("builtins", "") or not said:
        kind = type(error).__name__
        told = f"{kind}: {said}" if said else kind
        return f"Something unexpected happened ({told}). What was said is kept: try again, or read the server's log."
    return said[:1].upper() + said[1:]
