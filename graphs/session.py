"""A running Palate: what the screen and the command line talk to."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from agents.context import TurnContext
from agents.events import TurnDone, TurnEvent, TurnResult
from agents.judging import rank_candidates
from agents.replacing import settle, told
from agents.state import REACTIONS, Message, PointedWish, Reaction, ReactionKind, TurnInput, TurnState, fresh_turn
from agents.wording import one_line, pointed_words
from catalog.items import Catalogue
from catalog.pictures import PictureStore
from graphs.rewinding import Graph, base_of, newest_of, replace_turns, standing_turns
from graphs.services import Services
from graphs.threads import TurnSerializer
from graphs.turn import build_turn
from memory.errors import StoreError
from memory.preferences import Preference
from models.errors import ModelError
from profiles.settings import Loaded
from tracing.events import Note, trace_id_of
from tracing.recorder import Recorder
from tracing.storage import TraceStore

_TOLD = ["reply", "slate", "funnel", "problems", "critiques", "quick_replies"]  # of a turn's state, in its result


@dataclass(frozen=True)
class _Turn:
    """Who is talking, where, and since when. replaces: the turns that this one takes the place of."""

    user_id: str
    thread_id: str
    trace_id: str
    began: float
    replaces: tuple[str, ...] = ()


class Session:
    """The profile at work on one catalogue. Any number of users; each call says whose turn it is."""

    def __init__(self, services: Services, catalogue: str) -> None:
        self.services, self._catalogue_name = services, catalogue
        self._graphs: dict[asyncio.AbstractEventLoop, tuple[Graph, AsyncSqliteSaver]] = {}

    @classmethod
    def open(cls, loaded: Loaded, *, catalogue: str | None = None) -> Session:
        """Open the stores of a profile for one catalogue. Raises UnknownCatalogue, or ValueError for an empty one."""
        services = Services.open(loaded.profile)
        try:
            name = _checked(services, catalogue or loaded.profile.catalogue)
        except BaseException:
            services.close()
            raise
        return cls(services, name)

    def on(self, catalogue: str) -> Session:
        """The same stores and models at work on another catalogue. Raises UnknownCatalogue, and ValueError when empty.

        Closing either closes what both share.
        """
        return Session(self.services, _checked(self.services, catalogue))

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue in use."""
        return self.services.catalogue(self._catalogue_name)

    @property
    def pictures(self) -> PictureStore:
        """All pictures, uploads included."""
        return self.services.pictures

    @property
    def traces(self) -> TraceStore:
        """The record of all turns."""
        return self.services.traces

    def summaries(self, item_ids: Iterable[str]) -> dict[str, str]:
        """Item id → what a model wrote of the item as it is now, for those of these items that have a summary."""
        items = [self.catalogue[item_id] for item_id in dict.fromkeys(item_ids) if item_id in self.catalogue]
        return self.services.items.summaries(self._catalogue_name, items)

    def thumbs(self, user_id: str, item_ids: Iterable[str]) -> dict[str, ReactionKind]:
        """Item id → `like` or `dislike`, whichever this user gave last and did not take back."""
        if user_id in self.services.marks:
            return {}
        standing = self.services.log.standing(user_id, self._catalogue_name, item_ids)
        return {item_id: "like" if events[-1].liking > 0 else "dislike" for item_id, events in standing.items()}

    def taste(self, user_id: str) -> Preference:
        """What is believed about a user now; version 0 for someone unknown, or who is being forgotten."""
        if user_id in self.services.marks:
            return Preference(user_id=user_id)
        return self.services.preferences.current(user_id, self._catalogue_name)

    def keep_upload(self, user_id: str, picture: bytes) -> str:
        """Keep a picture a user sends, and that it is theirs; returns its content hash.

        Raises PictureError, PictureStoreError and BeingForgotten.
        """
        self.services.marks.refuse(user_id)
        return self.pictures.add(picture, announce=lambda content: self.services.uploads.add(user_id, content))

    async def ask(
        self,
        user_id: str,
        message: str,
        *,
        picture: bytes | None = None,
        thread_id: str | None = None,
        turn_id: str = "",
        replaces: Sequence[str] = (),
    ) -> AsyncIterator[TurnEvent]:
        """Run one turn; the last event is a TurnDone.

        picture: an upload in any supported format; raises PictureError before anything else when it cannot be taken.
        thread_id: the conversation to go on with, of this user only; None begins one. turn_id: a fresh id for it, of 32
        hexadecimal digits, for who must know it beforehand. replaces: ids of turns of the conversation, whose place
        this one takes: they and all after the first of them are no more part of it, and what they taught is taken back.
        Raises AlreadyReplaced and BeingForgotten.
        """
        upload = self.keep_upload(user_id, picture) if picture is not None else ""
        turn_id = turn_id or uuid.uuid4().hex
        turn_input = fresh_turn(user_id=user_id, turn_id=turn_id, message=message.strip(), upload=upload)
        async for event in self._run(turn_input, message, thread_id, tuple(replaces)):
            yield event

    async def ask_about(
        self,
        user_id: str,
        item_id: str,
        wish: PointedWish,
        *,
        thread_id: str | None = None,
        turn_id: str = "",
        replaces: Sequence[str] = (),
    ) -> AsyncIterator[TurnEvent]:
        """Ask for items like one, or for others instead of it, by a button. turn_id, replaces: as in `ask`.

        Raises KeyError for an item that is not in the catalogue, AlreadyReplaced and BeingForgotten.
        """
        message = pointed_words(self.catalogue[item_id].title, wish)
        more_like, instead_of = (item_id, "") if wish == "more_like" else ("", item_id)
        turn_id = turn_id or uuid.uuid4().hex
        turn_input = fresh_turn(
            user_id=user_id, turn_id=turn_id, message=message, more_like=more_like, instead_of=instead_of
        )
        async for event in self._run(turn_input, message, thread_id, tuple(replaces)):
            yield event

    async def critique(
        self, user_id: str, item_id: str, said: str, *, thread_id: str | None = None, turn_id: str = ""
    ) -> AsyncIterator[TurnEvent]:
        """Ask for items that differ from one in some way, by a button. said: as one would type it: `cheaper`, `darker`.

        `agents.critiques.offered` names some that suit a catalogue. Raises KeyError for an item that is not in the
        catalogue, and BeingForgotten.
        """
        message = f"{said.strip().capitalize()} than “{one_line(self.catalogue[item_id].title)}”"
        turn_input = fresh_turn(
            user_id=user_id, turn_id=turn_id or uuid.uuid4().hex, message=message, critique_of=item_id
        )
        async for event in self._run(turn_input, message, thread_id):
            yield event

    async def undo_critique(
        self, user_id: str, said: str, *, thread_id: str, turn_id: str = ""
    ) -> AsyncIterator[TurnEvent]:
        """Take back a critique of a thread, named by its `said`, by a button; the slate is chosen anew.

        Raises BeingForgotten.
        """
        message = f"Undo “{said}”"
        turn_input = fresh_turn(user_id=user_id, turn_id=turn_id or uuid.uuid4().hex, message=message, undo=said)
        async for event in self._run(turn_input, message, thread_id):
            yield event

    async def give_feedback(
        self, user_id: str, item_id: str, kind: str, *, thread_id: str | None = None, turn_id: str = ""
    ) -> AsyncIterator[TurnEvent]:
        """Like or dislike an item by a button, or take back what was given it.

        kind: `like`, `dislike` or `take_back`. turn_id: as in `ask`. Raises ValueError for another, KeyError for an
        item that is not in the catalogue, and BeingForgotten.
        """
        if kind not in REACTIONS:
            raise ValueError(f"no reaction is called {kind!r}; write one of {', '.join(REACTIONS)}")
        reaction = Reaction(self.catalogue[item_id].item_id, kind)
        turn_id = turn_id or uuid.uuid4().hex
        turn_input = fresh_turn(user_id=user_id, turn_id=turn_id, message="", reactions=(reaction,))
        async for event in self._run(turn_input, f"({kind} {item_id})", thread_id):
            yield event

    async def rank(self, user_id: str, history: Sequence[str], candidates: Sequence[str]) -> list[float]:
        """The score of every candidate, in order; higher is better. Nothing is learned or traced.

        Raises ModelError, BeingForgotten, and KeyError for an item that is not in the catalogue.
        """
        self.services.marks.refuse(user_id)
        context = self.services.turn_context(self._catalogue_name, Recorder(None))
        return await rank_candidates(user_id, history, candidates, context)

    async def history(self, user_id: str, thread_id: str) -> Sequence[Message]:
        """The messages of a thread, oldest first; empty for one that is not this user's, or who is being forgotten."""
        if user_id in self.services.marks:
            return ()
        turns = await self.turns(user_id, thread_id, limit=1)
        return turns[-1].history if turns else ()

    async def turns(self, user_id: str, thread_id: str, *, limit: int = 50) -> tuple[TurnState, ...]:
        """What each of the last turns of a thread came to, oldest first, no replaced ones; empty as `history` is."""
        if user_id in self.services.marks:
            return ()
        graph, _ = await self._graph()
        return tuple(await standing_turns(graph, user_id, thread_id, self.services.replaced, limit=limit))

    async def aclose(self) -> None:
        """Close what this event loop opened, then the stores. Closing twice is not an error."""
        for loop, (_, saver) in list(self._graphs.items()):
            if loop is asyncio.get_running_loop():
                await saver.conn.close()
            del self._graphs[loop]
        self.services.close()

    async def _run(
        self, turn_input: TurnInput, message: str, thread_id: str | None, replaces: tuple[str, ...] = ()
    ) -> AsyncIterator[TurnEvent]:
        user_id = turn_input["user_id"]
        self.services.marks.refuse(user_id)
        trace_id = trace_id_of(turn_input["turn_id"])
        turn = _Turn(user_id, thread_id or uuid.uuid4().hex[:12], trace_id, time.perf_counter(), replaces)
        recorder = self.services.recorder()
        recorder.start_turn(
            trace_id=turn.trace_id,
            user_id=user_id,
            thread_id=turn.thread_id,
            profile=self.services.profile.name,
            catalogue=self._catalogue_name,
            message=message,
        )
        try:
            final: dict[str, Any] = {}
            context = self.services.turn_context(self._catalogue_name, recorder)
            has_replaced = bool(turn.replaces) or self.services.replaced.any_of(user_id)
            taken_back = await self._taken_back(turn, context) if has_replaced else ""
            stream = self._stream(turn, turn_input, context, has_replaced=has_replaced)
            async with contextlib.aclosing(stream) as events:
                async for event in events:
                    if isinstance(event, dict):
                        final = event
                    else:
                        yield event
            result = self._result(turn, final, context, taken_back)
            slate = [card.item_id for card in result.slate]
            recorder.end_turn(reply=result.reply, slate=slate, error=result.error or None)
            yield TurnDone(result)
        except BaseException as error:
            recorder.end_turn(error=str(error) or type(error).__name__)
            raise

    async def _stream(
        self, turn: _Turn, turn_input: TurnInput, context: TurnContext, *, has_replaced: bool
    ) -> AsyncGenerator[TurnEvent | dict[str, Any]]:
        """The events of a turn, and what a result tells of its state, as a dict, after each step of the graph.

        has_replaced: whether turns of this user were replaced, so that the newest checkpoint may be of one of them.
        """
        graph, saver = await self._graph()
        newest = newest_of(turn.user_id, turn.thread_id)
        stream = graph.astream(
            cast(TurnState, turn_input),  # LangGraph takes a part of the state as well
            await base_of(graph, saver, newest, turn.user_id, self.services.replaced) if has_replaced else newest,
            context=context,
            stream_mode=["custom", "values"],
            output_keys=_TOLD,
            durability="exit",
        )
        async for _, chunk in stream:
            yield cast(TurnEvent | dict[str, Any], chunk)

    async def _taken_back(self, turn: _Turn, context: TurnContext) -> str:
        """Replace the turns that this one takes the place of, and free the taste of all replaced turns.

        Returns what they had taught, in words. Where the taste cannot be freed now, the next turn does it.
        """
        taught, replaced = "", self.services.replaced
        if turn.replaces:
            graph, _ = await self._graph()
            gone = await replace_turns(
                graph, turn.user_id, turn.thread_id, turn.replaces, replaced, catalogue=self._catalogue_name
            )
            taught = told(gone)
            context.recorder.record(Note(what="replaced", detail=f"{', '.join(map(trace_id_of, turn.replaces))}"))
        try:
            await settle(context, turn.user_id, replaced.void(turn.user_id, self._catalogue_name))
        except (ModelError, StoreError) as error:
            context.recorder.record(Note(what="replaced", detail=f"the taste was not freed of it yet: {error}"))
        return taught

    def _result(self, turn: _Turn, final: dict[str, Any], context: TurnContext, taken_back: str) -> TurnResult:
        return TurnResult(
            thread_id=turn.thread_id,
            trace_id=turn.trace_id,
            reply=final.get("reply", ""),
            slate=final.get("slate", ()),
            funnel=final.get("funnel", ()),
            preference=context.taste(turn.user_id),
            profile=self.services.profile.name,
            seconds=time.perf_counter() - turn.began,
            model_seconds=context.recorder.model_seconds,
            error=" ".join(final.get("problems", ())),
            critiques=tuple(final.get("critiques", ())),
            quick_replies=tuple(final.get("quick_replies", ())),
            taken_back=taken_back,
        )

    async def _graph(self) -> tuple[Graph, AsyncSqliteSaver]:
        """The compiled graph of the running event loop: the checkpointer's connection belongs to one loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._graphs:
            import aiosqlite

            connection = await aiosqlite.connect(self.services.checkpoints)
            saver = AsyncSqliteSaver(connection, serde=TurnSerializer())
            self._graphs[loop] = (build_turn(saver), saver)
        return self._graphs[loop]


def _checked(services: Services, name: str) -> str:
    """The name of a catalogue that can be talked about. Raises UnknownCatalogue, or ValueError for an empty one."""
    if not len(services.catalogue(name)):
        raise ValueError(f"the catalogue {name!r} is empty; import items first: palate import PATH --name {name}")
    return name
