"""The conversation as the page keeps it: what is drawn, without any drawing."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from agents.events import TurnEvent
from agents.state import Reaction, ReactionKind
from agents.wording import pointed_words
from catalog.pictures import PictureError
from ui.host import Host
from ui.shown_turn import Critiqued as Critiqued  # what pages say with it
from ui.shown_turn import Pointed as Pointed
from ui.shown_turn import Pressed as Pressed
from ui.shown_turn import ShownTurn as ShownTurn
from ui.shown_turn import Undone as Undone
from ui.shown_turn import in_words as in_words
from ui.shown_turn import restored

if TYPE_CHECKING:
    from graphs.session import Session

_THREAD_ID = re.compile(r"[0-9A-Za-z-]{4,40}")


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
    waiting: list[Pressed] = field(default_factory=list)
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

    def ask(
        self,
        host: Host,
        session: Session,
        message: str,
        picture: bytes | None = None,
        *,
        instead_of: ShownTurn | None = None,
    ) -> None:
        """Begin a turn. With a picture that is not taken nothing begins, and the turn shown says why.

        instead_of: a turn that this one takes the place of, with all after it.
        """
        try:
            upload = session.keep_upload(self.user_id, picture) if picture else ""
        except Exception as error:  # whatever a hostile file or a full disk brings up
            told = f"The picture was not taken, and nothing was asked: {error}."
            self.turns.append(ShownTurn(message, error=told, refused=True))
            return
        turn, replaces, thread_id = ShownTurn(message, upload), self._left(instead_of), self._thread()
        self._begin(
            turn,
            host,
            session,
            lambda: session.ask(
                self.user_id, message, picture=picture, thread_id=thread_id, turn_id=turn.turn_id, replaces=replaces
            ),
        )

    def ask_again(self, host: Host, session: Session, turn: ShownTurn, message: str | None = None) -> None:
        """Begin a turn in place of this one, which asks the same, or what the message says, picture included.

        A button that was pressed is pressed once more. Where the picture is gone, the turn shown says so.
        """
        if (told := turn.reaction or turn.pressed) and message is None:
            self._press(told, host, session, replaces=self._left(turn) if turn.can_be_replaced else ())
            return
        try:
            picture = session.pictures.read(turn.upload) if turn.upload else None
        except PictureError as error:
            self.turns.append(ShownTurn(turn.message, error=in_words(error), refused=True))
            return
        self.ask(host, session, turn.message if message is None else message, picture, instead_of=turn)

    def tell_next(self, host: Host, session: Session) -> bool:
        """Begin the turn of the next button that waits; False where none does."""
        if not self.waiting or self.under_way is not None:
            return False
        self._press(self.waiting.pop(0), host, session)
        return True

    def _press(self, told: Pressed, host: Host, session: Session, *, replaces: tuple[str, ...] = ()) -> None:
        """Begin the turn of a button."""
        turn = self._turn_of(told, session)
        thread_id, turn_id = self._thread(), turn.turn_id
        match told:
            case Reaction():
                ask = partial(session.give_feedback, self.user_id, told.item_id, told.kind)
                start = partial(ask, thread_id=thread_id, turn_id=turn_id)
            case Pointed():
                about = partial(session.ask_about, self.user_id, told.item_id, told.wish)
                start = partial(about, thread_id=thread_id, turn_id=turn_id, replaces=replaces)
            case Critiqued():
                critique = partial(session.critique, self.user_id, told.item_id, told.said)
                start = partial(critique, thread_id=thread_id, turn_id=turn_id)
            case Undone():
                start = partial(session.undo_critique, self.user_id, told.said, thread_id=thread_id, turn_id=turn_id)
        self._begin(turn, host, session, start)

    def _turn_of(self, told: Pressed, session: Session) -> ShownTurn:
        """The turn of a button, in the words that the talk shows."""
        if isinstance(told, Reaction):
            return ShownTurn(reaction=told)
        if isinstance(told, Undone):
            return ShownTurn(f"Undo “{told.said}”", pressed=told)
        item = session.catalogue.get(told.item_id)
        title = item.title if item is not None else told.item_id
        if isinstance(told, Critiqued):
            return ShownTurn(f"{told.said.capitalize()} than “{title}”", pressed=told)
        return ShownTurn(pointed_words(title, told.wish), pressed=told)

    def _left(self, first: ShownTurn | None) -> tuple[str, ...]:
        """Take a turn and all after it off the page; their ids."""
        if first is None:
            return ()
        place = next((place for place, turn in enumerate(self.turns) if turn is first), len(self.turns))
        gone, self.turns = self.turns[place:], self.turns[:place]
        return tuple(turn.turn_id for turn in gone if turn.turn_id and not turn.refused)

    def restore(self, host: Host, session: Session) -> None:
        """Bring back the turns of the thread from before this page was opened, one under way too. Once."""
        if not self.restored and self.thread_id:
            self.restored = True
            under_way = host.turn_under_way(self.user_id, self.thread_id)
            self.turns = [restored(state) for state in host.wait(session.turns(self.user_id, self.thread_id))]
            if under_way is not None and under_way.turn_id not in {turn.turn_id for turn in self.turns}:
                self.turns.append(under_way)

    def _begin(
        self, turn: ShownTurn, host: Host, session: Session, start: Callable[[], AsyncIterator[TurnEvent]]
    ) -> None:
        turn.version_before = session.taste(self.user_id).version
        turn.running = host.turn(start)
        host.keep_turn(self.user_id, self.thread_id, turn)
        self.turns.append(turn)

    def _thread(self) -> str:
        self.thread_id = self.thread_id or uuid.uuid4().hex[:12]
        self.restored = True
        return self.thread_id


def thread_of(given: str) -> str:
    """A thread id from the page's address; empty for what cannot be one."""
    return given if _THREAD_ID.fullmatch(given) else ""
