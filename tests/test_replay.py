"""A turn taken once more: it comes to the same, shows what other models would have said, and touches nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from graphs.conversations import Conversations
from graphs.replay import Cast, NotReplayable, replay_call, replay_turn
from graphs.taste import Taste
from models.decisions import Choice
from models.errors import ModelUnreachable
from tests import world
from tests.world import PlayedModels, polite
from tracing.comparing import compared_figures, compared_items
from tracing.events import DecisionRow, ModelCall, PreferenceChange


def tired_of_foxes(state, question):
    return "recommend" if isinstance(question, Choice) else 0.05 if "fox" in question.text else 0.95


@pytest.fixture
async def session(tmp_path: Path):
    session = world.open_session(tmp_path, **{"memory.block_size": 1})
    yield session
    await session.aclose()


def others(session, decide=tired_of_foxes, answer=polite) -> Cast:
    profile = session.services.profile.model_copy(update={"name": "owls"})
    return Cast(profile, PlayedModels(answer, decide))


def held(home: Path) -> dict[str, object]:
    """Everything kept of anyone, but for the replays."""
    kept: dict[str, object] = {}
    for file in ("palate.sqlite", "threads.sqlite"):
        with sqlite3.connect(home / file) as connection:
            names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in names:
                if name not in ("replays", "sqlite_sequence"):
                    kept[f"{file}: {name}"] = sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"')))
    return kept


async def talked(session):
    """Three turns of ann: a wish, a like that is folded, and another wish."""
    await world.talk(session, "ann", "a fox under 90 EUR", thread_id="t1")
    async for _ in session.give_feedback("ann", "i04", "like", thread_id="t1"):
        pass
    result, _ = await world.talk(session, "ann", "something else", thread_id="t1")
    return result


def summary(trace):
    return (
        trace.ended.reply,
        trace.ended.slate,
        [(row.item_id, row.p_yes, row.place) for row in trace.of(DecisionRow)],
        [(call.prompt, call.rendered, call.output) for call in trace.of(ModelCall)],
    )


async def test_a_replay_on_the_same_models_comes_to_the_same_whatever_happened_since(session):
    result = await talked(session)
    original = session.traces.get(result.trace_id)
    async for _ in session.give_feedback("ann", "i08", "dislike", thread_id="t1"):
        pass
    await world.talk(session, "ann", "no, an owl from the 1990s", thread_id="t1")
    replay = await replay_turn(session.services, "ann", result.trace_id)
    assert summary(replay) == summary(original)


async def test_a_replay_of_a_like_folds_again_and_keeps_nothing_of_it(session):
    await talked(session)
    [liked] = [row for row in session.traces.list(user="ann") if row.message.startswith("(like")]
    replay = await replay_turn(session.services, "ann", liked.trace_id)
    [change] = replay.of(PreferenceChange)
    assert change.after_version == change.before_version + 1
    assert summary(replay) == summary(session.traces.get(liked.trace_id))


async def test_no_event_version_checkpoint_or_trace_changes_and_the_replay_is_marked(session, tmp_path):
    await talked(session)
    before = held(tmp_path)
    versions = Taste.of(session.services, "ann", "prints").history()
    store = sorted((record.record_id, record.to_document()) for record, _ in session.services.store.contents())
    for row in session.traces.list(user="ann"):
        replay = await replay_turn(session.services, "ann", row.trace_id, by=others(session))
        assert replay.started.replay_of == row.trace_id
    assert held(tmp_path) == before
    assert Taste.of(session.services, "ann", "prints").history() == versions
    assert sorted((r.record_id, r.to_document()) for r, _ in session.services.store.contents()) == store
    own = Conversations.of(session.services, "ann")
    assert len(own.turns()) == 3
    assert [row.turns for row in own.list()] == [3]
    assert all(len(own.replays_of(session.traces.get(row.trace_id))) == 1 for row in own.turns())


async def test_other_models_show_other_items_and_the_two_stand_side_by_side(session):
    result = await talked(session)
    original = session.traces.get(result.trace_id)
    replay = await replay_turn(session.services, "ann", result.trace_id, by=others(session))
    items = compared_items(original, replay)
    assert [item.item_id for item in items if item.places[0]] == list(original.ended.slate)
    assert {item.item_id for item in items if item.places[1]} == set(replay.ended.slate)
    assert any(item.difference and item.difference > 0.5 for item in items)
    figures = {name: (one, other) for name, one, other in compared_figures(original, replay)}
    assert figures["profile"] == ("demo", "owls (replay)")
    assert figures["went wrong"] == ("nothing", "nothing")


async def test_one_call_is_asked_again_in_other_words(session):
    result = await talked(session)
    calls = list(session.traces.get(result.trace_id).of(ModelCall))
    [number] = [n for n, call in enumerate(calls) if call.role == "responder"]
    cast = others(session, answer=lambda prompt: f"I read: {prompt}")
    replay = await replay_call(session.services, "ann", result.trace_id, number, by=cast, rendered="Only this.")
    [call] = replay.of(ModelCall)
    assert call.rendered == "Only this."
    assert call.prompt.endswith(" (edited)")
    assert call.output.strip() == "I read: Only this."
    assert replay.started.replay_of == result.trace_id


async def test_a_decision_is_asked_again_on_other_models(session):
    result = await talked(session)
    calls = list(session.traces.get(result.trace_id).of(ModelCall))
    [number] = [n for n, call in enumerate(calls) if call.role == "recommender" and call.kind == "decide"]
    replay = await replay_call(session.services, "ann", result.trace_id, number, by=others(session))
    [call] = replay.of(ModelCall)
    assert call.rendered == calls[number].rendered
    assert call.output != calls[number].output
    assert call.output.count("0.050") == sum("fox" in one for one in call.rendered.split("\n\n[")[1:])


async def test_a_model_that_fails_is_told_in_the_replay(session):
    result = await talked(session)
    calls = list(session.traces.get(result.trace_id).of(ModelCall))
    [number] = [n for n, call in enumerate(calls) if call.role == "responder"]
    cast = others(session, answer=lambda prompt: ModelUnreachable("played", "nobody listens"))
    replay = await replay_call(session.services, "ann", result.trace_id, number, by=cast)
    assert "nobody listens" in replay.ended.error


async def test_what_cannot_be_replayed_says_why(session):
    result = await talked(session)
    with pytest.raises(NotReplayable, match="bob has no turn of that id"):
        await replay_turn(session.services, "bob", result.trace_id)
    with pytest.raises(NotReplayable, match="numbered from 0"):
        await replay_call(session.services, "ann", result.trace_id, 99)
    trace = session.traces.get(result.trace_id)
    unknown = ModelCall(role="chorus", model="played", rendered="Sing.")
    session.services.traces.save(trace.model_copy(update={"events": (trace.events[0], unknown, *trace.events[1:])}))
    with pytest.raises(NotReplayable, match="no role is called 'chorus'"):
        await replay_call(session.services, "ann", result.trace_id, 0)
    session.services.threads.delete("ann", "t1")
    with pytest.raises(NotReplayable, match="no checkpoint of it is kept"):
        await replay_turn(session.services, "ann", result.trace_id)


async def test_a_deleted_conversation_and_a_forgotten_user_take_their_replays_along(session):
    from graphs.forgetting import forget

    result = await talked(session)
    await replay_turn(session.services, "ann", result.trace_id)
    Conversations.of(session.services, "ann").delete("t1")
    assert session.services.replays.list() == []
    result = await talked(session)
    await replay_turn(session.services, "ann", result.trace_id)
    proof = forget(session.services, "ann", now=world.event("a", "b").at)
    assert session.services.replays.list() == []
    assert proof.holds
