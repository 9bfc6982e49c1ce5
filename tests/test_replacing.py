"""A message edited, an answer made anew: the conversation goes on from before, and the memory forgets what is gone."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from agents.hand_edits import SetFact
from agents.replacing import settle
from graphs.rewinding import AlreadyReplaced
from graphs.taste import Taste
from models.errors import ModelUnreachable
from tests import world
from tracing.events import Note, PreferenceChange
from tracing.recorder import Recorder


def honest(prompt: str) -> Any:
    """Folds what it reads: each subject that an event names is liked, or disliked."""
    if prompt.startswith("You keep a short memory"):
        lines = re.findall(r"^(\d+)\. (.*)$", prompt.split("New events")[1], re.MULTILINE)
        edits = [
            {"op": "add", "polarity": "dislike" if line.startswith("disliked") else "like", "aspect": "subject",
             "value": subject, "reason": "said so", "evidence": [int(number)]}
            for number, line in lines for subject in world.SUBJECTS if subject in line
        ]  # fmt: skip
        return json.dumps({"edits": edits, "prose": "They like " + ", ".join(one["value"] for one in edits) + "."})
    if "List what they wish for" in prompt:
        said = prompt.rsplit("Message", 1)[-1]
        return next((f"a {subject}" for subject in world.SUBJECTS if subject in said), "none")
    return world.polite(prompt)


@pytest.fixture
async def session(tmp_path):
    session = world.open_session(tmp_path, answer=honest, **{"memory.block_size": 2})
    yield session
    await session.aclose()


async def ask(session, message: str, *, user: str = "ann", **more: Any) -> str:
    """One turn in the thread `t`; returns its id."""
    await world.talk(session, user, message, thread_id="t", **more)
    return (await session.turns(user, "t"))[-1].turn_id


async def press(session, item_id: str, kind: str = "like") -> None:
    _ = [one async for one in session.give_feedback("ann", item_id, kind, thread_id="t")]


async def said(session, thread: str = "t") -> list[str]:
    return [turn.message for turn in await session.turns("ann", thread)]


def standing(session) -> list[tuple[str, str]]:
    return [(one.kind, one.text or one.item_id) for one in session.services.log.of_user("ann", "prints")]


def held(session) -> set[str]:
    return {fact.value for fact in session.taste("ann").holding}


async def test_an_edited_message_takes_the_place_of_its_turn_and_of_all_after_it(session):
    await ask(session, "under 90 EUR")
    second = await ask(session, "a fox")
    await ask(session, "an owl")
    await ask(session, "a whale", replaces=[second])
    assert await said(session) == ["under 90 EUR", "a whale"]
    last = (await session.turns("ann", "t"))[-1]
    assert [message.text for message in last.history if message.role == "user"] == ["under 90 EUR", "a whale"]
    assert [one.said for one in last.filters] == ["under 90 EUR"], "what was asked before still holds"
    assert last.wishes == ("a whale",)
    assert (await session.history("ann", "t")) == last.history


async def test_the_first_message_can_be_edited_too_and_nothing_of_it_is_carried_on(session):
    first = await ask(session, "a fox under 40 EUR")
    await ask(session, "an owl", replaces=[first])
    assert await said(session) == ["an owl"]
    [turn] = await session.turns("ann", "t")
    assert turn.filters == ()
    assert turn.wishes == ("an owl",)
    await ask(session, "under 60 EUR")
    assert await said(session) == ["an owl", "under 60 EUR"]


async def test_what_replaced_turns_taught_counts_no_more_and_stays_in_the_record(session):
    first = await ask(session, "a fox")
    await press(session, "i03")
    result, _ = await world.talk(session, "ann", "an owl", thread_id="t", replaces=[first])
    assert result.taken_back == "1 wish and 1 thumb"
    assert standing(session) == [("wish", "an owl")]
    assert session.thumbs("ann", ["i03"]) == {}
    kinds = [one.kind for one in session.services.log.of_user("ann", "prints", edits=True)]
    assert kinds.count("wish") == 2, "nothing is erased"
    assert kinds.count("like") == 1


async def test_a_thumb_that_a_replaced_turn_took_back_stands_again(session):
    await press(session, "i00")
    await press(session, "i00", "take_back")
    turn = (await session.turns("ann", "t"))[-1].turn_id
    await ask(session, "an owl", replaces=[turn])
    assert session.thumbs("ann", ["i00"]) == {"i00": "like"}


async def test_the_taste_is_again_what_it_was_and_what_was_folded_with_it_is_folded_anew(session):
    await press(session, "i00")  # a fox
    await press(session, "i04")
    before = session.taste("ann")
    assert held(session) == {"fox"}
    await press(session, "i02")  # a whale: it stays
    owl = await ask(session, "an owl")
    assert held(session) == {"fox", "whale", "owl"}
    result, _ = await world.talk(session, "ann", "gladly", thread_id="t", replaces=[owl])
    assert held(session) == {"fox", "whale"}
    versions = session.services.preferences.versions("ann", "prints")
    restored = next(one for one in versions if one.made_by == "undo")
    assert (restored.facts, restored.prose, restored.watermark) == (before.facts, before.prose, before.watermark)
    trace = session.traces.get(result.trace_id)
    assert [note.what for note in trace.of(Note)][:1] == ["replaced"]
    assert len(list(trace.of(PreferenceChange))) >= 2


async def test_a_fact_that_a_replaced_turn_had_turned_round_is_as_it_was(session):
    await press(session, "i00")
    await press(session, "i04")
    await press(session, "i00", "dislike")
    await press(session, "i08", "dislike")
    assert [(one.polarity, one.value) for one in session.taste("ann").holding] == [("dislike", "fox")]
    third = (await session.turns("ann", "t"))[2].turn_id
    await ask(session, "gladly", replaces=[third])
    assert [(one.polarity, one.value) for one in session.taste("ann").holding] == [("like", "fox")]
    assert session.thumbs("ann", ["i00", "i08"]) == {"i00": "like"}


async def test_what_was_set_by_hand_since_is_kept(session):
    first = await ask(session, "a fox")
    await press(session, "i04")
    Taste.of(session.services, "ann", "prints").edit(SetFact(polarity="like", aspect="style", value="ink"))
    await ask(session, "gladly", replaces=[first])
    assert held(session) == {"ink"}


async def test_settling_twice_changes_nothing_and_a_kill_before_it_is_made_good_by_the_next_turn(session):
    first = await ask(session, "a fox")
    await press(session, "i04")
    assert held(session) == {"fox"}
    session.services.replaced.add("ann", "prints", [first], at=session.taste("ann").updated_at)  # and then killed
    assert await said(session) == [""], "the conversation is without it at once"
    await world.talk(session, "ann", "gladly", thread_id="elsewhere")
    versions = len(session.services.preferences.versions("ann", "prints"))
    assert [one.evidence for one in session.taste("ann").holding] == [(2,)]
    context = session.services.turn_context("prints", Recorder(None))
    await settle(context, "ann", session.services.replaced.void("ann", "prints"))
    assert len(session.services.preferences.versions("ann", "prints")) == versions


async def test_a_model_that_fails_while_folding_anew_loses_no_event(session, monkeypatch):
    await press(session, "i00")
    owl = await ask(session, "an owl")
    assert held(session) == {"fox", "owl"}

    def failing(prompt):
        return ModelUnreachable("played", "gone") if "short memory" in prompt else honest(prompt)

    monkeypatch.setattr(world.played(session).played_chat, "answer", failing)
    await ask(session, "gladly", replaces=[owl])
    assert held(session) == set()
    monkeypatch.setattr(world.played(session).played_chat, "answer", honest)
    await press(session, "i04")
    assert next(one.evidence for one in session.taste("ann").holding if one.value == "fox")[0] == 1


async def test_a_turn_replaced_before_is_refused_and_nothing_happens(session):
    first = await ask(session, "a fox")
    await ask(session, "an owl", replaces=[first])
    before = standing(session), await said(session)
    with pytest.raises(AlreadyReplaced, match="load the page anew"):
        await ask(session, "a whale", replaces=[first])
    assert (standing(session), await said(session)) == before


async def test_a_turn_that_failed_can_be_replaced_by_the_id_it_was_given(session, monkeypatch):
    def failing(prompt: str) -> Any:
        if prompt.startswith("You recommend"):
            raise RuntimeError("gone")
        return honest(prompt)

    monkeypatch.setattr(world.played(session).played_chat, "answer", failing)
    with pytest.raises(RuntimeError):
        await ask(session, "a fox", turn_id="f" * 32)
    assert standing(session) == [("wish", "a fox")]
    monkeypatch.setattr(world.played(session).played_chat, "answer", honest)
    await ask(session, "a fox", replaces=["f" * 32])
    assert standing(session) == [("wish", "a fox")]
    assert await said(session) == ["a fox"]


async def test_nobody_replaces_a_turn_of_somebody_else(session):
    theirs = await ask(session, "a fox", user="bob")
    await ask(session, "an owl", replaces=[theirs])
    assert [turn.message for turn in await session.turns("bob", "t")] == ["a fox"]
    assert [one.text for one in session.services.log.of_user("bob", "prints")] == ["a fox"]


async def test_many_people_s_likings_no_longer_count_a_replaced_thumb(session):
    signals = session.services.collaborative("prints")
    await press(session, "i00")
    turn = (await session.turns("ann", "t"))[-1].turn_id
    assert session.services.collaborative("prints").likes("i00") > signals.likes("i00")
    await ask(session, "gladly", replaces=[turn])
    assert session.services.collaborative("prints").likes("i00") == signals.likes("i00")
