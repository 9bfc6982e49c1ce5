"""A recorded turn once more, or one model call of it, on other models or in other words: to look at, not to learn.

A replay reads what stood when the turn began. It runs on copies in memory, so nothing it does reaches the user's
record, taste, conversations or traces; only its own trace is kept, apart from those and marked.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from langgraph.store.memory import InMemoryStore

from agents.asking import Asker, Rendered
from agents.state import TurnInput, TurnState, carried, fresh_turn
from graphs.services import Services
from graphs.turn import build_turn
from memory.database import open_engine
from memory.event_log import EventLog
from memory.event_restore import restore_events
from memory.preference_store import PreferenceStore
from memory.taste_history import in_force
from models.decisions import DecisionRequest, Predicate
from models.roles import ROLES, RoleModels
from profiles.settings import Profile
from tracing.events import ModelCall, Trace, TurnStarted, trace_id_of
from tracing.recorder import Recorder

EDITED = " (edited)"  # behind the label of a prompt that was changed by hand
_QUESTION = re.compile(r"\n\n\[\d+\] ")
_PREDICATES = re.compile(r"\d\.\d{3}(, \d\.\d{3})*")


class NotReplayable(Exception):
    """What is asked for cannot be done again. why: in words, with what to do instead."""

    def __init__(self, trace_id: str, why: str) -> None:
        super().__init__(trace_id, why)
        self.trace_id, self.why = trace_id, why

    def __str__(self) -> str:
        return f"the turn {self.trace_id} cannot be replayed: {self.why}"


@dataclass(frozen=True)
class Cast:
    """Who plays the roles in a replay, and by which profile's bounds and weights."""

    profile: Profile
    models: RoleModels

    @classmethod
    def of(cls, profile: Profile, services: Services) -> Cast:
        """The models of another profile, on the pictures that are kept here; none is loaded yet."""
        return cls(profile, RoleModels(profile.models, profile.roles, services.pictures, services.features))


async def replay_turn(services: Services, user_id: str, trace_id: str, *, by: Cast | None = None) -> Trace:
    """Take the turn once more, from the conversation and the taste as they stood when it began.

    by: None for the models of the services themselves. What other users have done since counts, as do changes of the
    catalogue. Raises NotReplayable, and BeingForgotten; a model that fails is told in the trace, as in any turn.
    """
    original = _original(services, user_id, trace_id)
    before, asked = _stood(services, original)
    given = TurnInput(**_as_asked(asked), **carried(before))
    return await _taken(services, original.started, given, by or Cast(services.profile, services.models))


async def try_message(
    services: Services, user_id: str, catalogue: str, message: str, *, by: Cast, trial: str = ""
) -> Trace:
    """Answer a message as the first of a conversation, from the taste of now, for nobody to be told of.

    trial: a name that the trials of one message share. Its trace is kept with the replays. Raises BeingForgotten.
    """
    services.marks.refuse(user_id)
    name = f"trial-{trial or uuid.uuid4().hex[:8]}"
    started = TurnStarted(
        trace_id=name,
        user_id=user_id,
        thread_id=name,
        profile=by.profile.name,
        catalogue=catalogue,
        message=message,
        at=datetime.now(UTC),
    )
    given = fresh_turn(user_id=user_id, turn_id=uuid.uuid4().hex, message=message.strip())
    return await _taken(services, started, given, by)


async def _taken(services: Services, started: TurnStarted, given: TurnInput, by: Cast) -> Trace:
    """Run a turn on copies of what stood when it started, and keep its trace with the replays."""
    recorder = _begun(services, started, by)
    try:
        log, preferences = _scratch(services, started)
        context = services.turn_context(
            started.catalogue, recorder, profile=by.profile, models=by.models, log=log, preferences=preferences
        )
        final = await build_turn().ainvoke(cast(TurnState, given), context=context)
    except BaseException as error:
        recorder.end_turn(error=str(error) or type(error).__name__)
        raise
    slate = [card.item_id for card in final.get("slate", ())]
    problems = " ".join(final.get("problems", ())) or None
    return _kept(recorder.end_turn(reply=final.get("reply", ""), slate=slate, error=problems), started.trace_id)


async def replay_call(
    services: Services, user_id: str, trace_id: str, number: int, *, by: Cast | None = None, rendered: str | None = None
) -> Trace:
    """Ask once more what one model call of a turn asked. number: from 0, in the order the trace has them.

    rendered: other words to ask with. The trace that comes back holds that one call. Raises BeingForgotten, and
    NotReplayable for an embedding and for a choice, whose options no trace holds. What a model raises, the trace tells.
    """
    original = _original(services, user_id, trace_id)
    calls = list(original.of(ModelCall))
    if not 0 <= number < len(calls):
        raise NotReplayable(trace_id, f"it has {len(calls)} model calls, numbered from 0")
    call = calls[number]
    role = next((one for one in ROLES if one == call.role), None)
    if role is None:
        raise NotReplayable(trace_id, f"no role is called {call.role!r} any more; replay the whole turn")
    request = _request(trace_id, call, rendered) if call.kind != "chat" else None
    by = by or Cast(services.profile, services.models)
    recorder = _begun(services, original.started, by)
    ask = Asker(by.models, services.pictures, recorder, services.budget(by.profile))
    label = call.prompt + (EDITED if rendered not in (None, call.rendered) else "")
    reply, failure = "", None
    try:
        with recorder.step(call.step or call.role):
            if request is None:
                asked = Rendered(label, call.rendered if rendered is None else rendered, call.pictures)
                reply = await ask.text(role, asked)
            else:
                await ask.decide(role, label, request)
    except Exception as error:
        failure = str(error) or type(error).__name__
    return _kept(recorder.end_turn(reply=reply, error=failure), trace_id)


def _original(services: Services, user_id: str, trace_id: str) -> Trace:
    services.marks.refuse(user_id)
    try:
        trace = services.traces.get(trace_id)
    except KeyError:
        trace = None
    if trace is None or trace.started.user_id != user_id:
        raise NotReplayable(trace_id, f"{user_id} has no turn of that id; choose one that the list of traces shows")
    return trace


def _stood(services: Services, original: Trace) -> tuple[TurnState, TurnState]:
    """What the conversation had come to before the turn, and the turn itself as its checkpoint has it."""
    for before, turn in services.threads.steps(original.started.user_id, original.started.thread_id):
        if turn.turn_id and trace_id_of(turn.turn_id) == original.trace_id:
            return before, turn
    raise NotReplayable(
        original.trace_id, "no checkpoint of it is kept, for it was stopped or failed, or its conversation was deleted"
    )


def _as_asked(turn: TurnState) -> TurnInput:
    by_button = not (turn.message or turn.upload)  # else the reactions are what was understood
    return fresh_turn(
        user_id=turn.user_id,
        turn_id=uuid.uuid4().hex,
        message=turn.message,
        upload=turn.upload,
        reactions=turn.reactions if by_button else (),
        more_like=turn.more_like,
        instead_of=turn.instead_of,
        critique_of=turn.critique_of,
        undo=turn.undo,
    )


def _scratch(services: Services, started: TurnStarted) -> tuple[EventLog, PreferenceStore]:
    """The record and the taste of the user as they stood when the turn began, in memory."""
    engine = open_engine("sqlite://")
    log, preferences = EventLog(engine), PreferenceStore(InMemoryStore())
    events = services.log.of_user(started.user_id, started.catalogue, edits=True)
    restore_events(engine, [event for event in events if event.at < started.at])
    versions = services.preferences.versions(started.user_id, started.catalogue)
    current = in_force(versions, started.at)
    for version in reversed(versions if current is not None else ()):
        if current is not None and version.version <= current.version:
            preferences.save(version, started.catalogue)
    return log, preferences


def _begun(services: Services, started: TurnStarted, by: Cast) -> Recorder:
    recorder = Recorder(services.replays)
    recorder.start_turn(
        trace_id=f"{started.trace_id}.{uuid.uuid4().hex[:8]}",
        user_id=started.user_id,
        thread_id=started.thread_id,
        profile=by.profile.name,
        catalogue=started.catalogue,
        message=started.message,
        replay_of=started.trace_id,
    )
    return recorder


def _kept(trace: Trace | None, trace_id: str) -> Trace:
    if trace is None:
        raise NotReplayable(trace_id, "its trace could not be kept; the log says why")
    return trace


def _request(trace_id: str, call: ModelCall, rendered: str | None) -> DecisionRequest:
    """The decision that was asked for, read back from its trace."""
    if call.kind == "embed":
        raise NotReplayable(trace_id, "an embedding is the same on every profile; choose another call")
    if call.pictures or not _PREDICATES.fullmatch(call.output):
        raise NotReplayable(
            trace_id, "the trace holds not all that this decision was asked with; replay the whole turn"
        )
    state, *questions = _QUESTION.split(call.rendered if rendered is None else rendered)
    return DecisionRequest(state, [Predicate(question) for question in questions])
