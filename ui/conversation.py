"""The conversation as the page keeps it: what is drawn, without any drawing."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agents.events import Progress, SlateReady, TextDelta, TextRestart, TurnDone, TurnEvent, TurnResult
from agents.state import FunnelStep, PointedWish, Reaction, ReactionKind, SlateItem, TurnState
from agents.wording import pointed_words
from catalog.pictures import PictureError
from tracing.events import trace_id_of
from ui.host import Host, Running

if TYPE_CHECKING:
    from graphs.session import Session

_THREAD_ID = re.compile(r"[0-9A-Za-z-]{4,40}")


@dataclass(frozen=True)
class Pointed:
    """A button under a card that asks for other items."""

    item_id: str
    wish: PointedWish


@dataclass
class ShownTurn:
    """One turn on the page, under way or over.

    upload: content hash of the picture that came with the message. reaction: for a thumb by a button; such a turn has
    no message. pointed: for a wish by a button. trace_id: where it is recorded; empty while it is under way.
    steps: what was done so far, in words, the last one under way. restarted: why an answer was
    begun anew. version_before: of the taste, when the turn began. result: None while it is under way, and for a turn
    of before this page was opened. cost_usd: None where it is not known. error: what went wrong, and what to do.
    refused: it was never asked, and asking again would end the same way.
    """

    message: str = ""
    upload: str = ""
    reaction: Reaction | None = None
    pointed: Pointed | None = None
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
    seen: int = 0

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
                self.funnel = event.result.funnel

    def _end(self, running: Running[TurnEvent]) -> None:
        self.running = None
        self.stopped = running.stopped and self.result is None
        if running.error is not None:
            self.error = in_words(running.error)
        elif self.result is None and not self.stopped:
            self.error = "The turn ended without an answer; ask again."


@dataclass
class Conversation:
    """What one person talks about with one profile. thread_id: empty until the first turn begins.

    catalogue: empty for the profile's own. waiting: what was pressed while a turn was under way; it is told after it.
    """

    user_id: str
    profile: str
    thread_id: str = ""
    catalogue: str = ""
    turns: list[ShownTurn] = field(default_factory=list)
    waiting: list[Reaction | Pointed] = field(default_factory=list)
    restored: bool = False

    @property
    def under_way(self) -> ShownTurn | None:
        """The turn that has not ended, if there is one; it is the last."""
        return self.turns[-1] if self.turns and self.turns[-1].running is not None else None

    @property
    def item_ids(self) -> list[str]:
        """Every item that was shown or judged, each once."""
        cards = [card.item_id for turn in self.turns for card in turn.cards]
        return list(dict.fromkeys([*cards, *(turn.reaction.item_id for turn in self.turns if turn.reaction)]))

    def thumb(self, item_id: str, kept: Mapping[str, ReactionKind]) -> ReactionKind | None:
        """`like` or `dislike` as the buttons of an item show it: what waits to be told counts before what is kept."""
        waits = [one.kind for one in self.waiting if isinstance(one, Reaction) and one.item_id == item_id]
        if self.under_way is not None and (given := self.under_way.reaction) and given.item_id == item_id:
            waits.insert(0, given.kind)
        kind = waits[-1] if waits else kept.get(item_id)
        return None if kind == "take_back" else kind

    def ask(self, host: Host, session: Session, message: str, picture: bytes | None = None) -> None:
        """Begin a turn. With a picture that is not taken nothing begins, and the turn shown says why."""
        try:
            upload = session.keep_upload(self.user_id, picture) if picture else ""
        except Exception as error:  # whatever a hostile file or a full disk brings up
            told = f"The picture was not taken, and nothing was asked: {error}."
            self.turns.append(ShownTurn(message, error=told, refused=True))
            return
        thread_id = self._thread()
        self._begin(
            ShownTurn(message, upload),
            host,
            session,
            lambda: session.ask(self.user_id, message, picture=picture, thread_id=thread_id),
        )

    def ask_again(self, host: Host, session: Session, turn: ShownTurn) -> None:
        """Begin a turn that asks what this one asked. Where its picture is gone, the turn shown says so."""
        if told := turn.reaction or turn.pointed:
            self.waiting.append(told)
            self.tell_next(host, session)
            return
        try:
            picture = session.pictures.read(turn.upload) if turn.upload else None
        except PictureError as error:
            self.turns.append(ShownTurn(turn.message, error=in_words(error), refused=True))
            return
        self.ask(host, session, turn.message, picture)

    def tell_next(self, host: Host, session: Session) -> bool:
        """Begin the turn of the next button that waits; False where none does."""
        if not self.waiting or self.under_way is not None:
            return False
        told, thread_id, user_id = self.waiting.pop(0), self._thread(), self.user_id
        if isinstance(told, Reaction):
            turn = ShownTurn(reaction=told)
            reaction = told
            self._begin(
                turn,
                host,
                session,
                lambda: session.give_feedback(user_id, reaction.item_id, reaction.kind, thread_id=thread_id),
            )
        else:
            pointed, item = told, session.catalogue.get(told.item_id)
            words = pointed_words(item.title if item is not None else told.item_id, told.wish)
            self._begin(
                ShownTurn(words, pointed=told),
                host,
                session,
                lambda: session.ask_about(user_id, pointed.item_id, pointed.wish, thread_id=thread_id),
            )
        return True

    def restore(self, host: Host, session: Session) -> None:
        """Bring back the turns of the thread from before this page was opened. Once; later calls do nothing."""
        if not self.restored and self.thread_id:
            self.restored = True
            self.turns = [_restored(state) for state in host.wait(session.turns(self.user_id, self.thread_id))]

    def _begin(
        self, turn: ShownTurn, host: Host, session: Session, start: Callable[[], AsyncIterator[TurnEvent]]
    ) -> None:
        turn.version_before = session.taste(self.user_id).version
        turn.running = host.turn(start)
        self.turns.append(turn)

    def _thread(self) -> str:
        self.thread_id = self.thread_id or uuid.uuid4().hex[:12]
        self.restored = True
        return self.thread_id


def _restored(state: TurnState) -> ShownTurn:
    pointed = Pointed(state.more_like, "more_like") if state.more_like else None
    return ShownTurn(
        state.message,
        state.upload,
        reaction=state.reactions[0] if state.reactions and not (state.message or state.upload) else None,
        pointed=Pointed(state.instead_of, "instead_of") if state.instead_of else pointed,
        trace_id=trace_id_of(state.turn_id) if state.turn_id else "",
        reply=state.reply,
        cards=state.slate,
        funnel=state.funnel,
        error=" ".join(state.problems),
    )


def thread_of(given: str) -> str:
    """A thread id from the page's address; empty for what cannot be one."""
    return given if _THREAD_ID.fullmatch(given) else ""


def in_words(error: BaseException) -> str:
    """What to show of an error: its own words where it has some, and what to do."""
    said = str(error)
    if type(error).__module__.split(".")[0] in ("builtins", "") or not said:
        kind = type(error).__name__
        told = f"{kind}: {said}" if said else kind
        return f"Something unexpected happened ({told}). What was said is kept: try again, or read the server's log."
    return said[:1].upper() + said[1:]
