"""Asking for others by a button under a card: like this one, or instead of it."""

from __future__ import annotations

import pytest

from agents.events import TurnDone
from models.errors import ModelUnreachable
from tests import world


@pytest.fixture
async def session(tmp_path):
    session = world.open_session(tmp_path)
    yield session
    await session.aclose()


async def point(session, item_id: str, wish: str, **more):
    events = [one async for one in session.ask_about("ann", item_id, wish, thread_id="t", **more)]
    assert isinstance(events[-1], TurnDone)
    return events[-1].result


async def test_more_like_an_item_brings_others_that_share_what_it_shows(session):
    result = await point(session, "i04", "more_like")  # a fox, as i00 and i08 are
    shown = [card.item_id for card in result.slate]
    assert {"i00", "i08"} == set(shown[:2])
    assert "i04" not in shown
    [wish] = session.services.log.of_user("ann", "prints")
    assert wish.text.startswith("something like “Quiet Hour 4”: It shows a fox.")
    turns = await session.turns("ann", "t")
    assert turns[0].message == "More like “Quiet Hour 4”"


async def test_something_else_leaves_no_judgement_and_never_shows_the_item_again(session):
    for item_id in ("i04", "i00"):
        result = await point(session, item_id, "instead_of")
        assert item_id not in [card.item_id for card in result.slate]
    assert session.services.log.of_user("ann", "prints", edits=True) == []
    later, _ = await world.talk(session, "ann", "show me more", thread_id="t")
    assert not {"i04", "i00"} & {card.item_id for card in later.slate}


async def test_filters_of_the_conversation_stay_in_force(session):
    await world.talk(session, "ann", "under 60 EUR", thread_id="t")
    result = await point(session, "i08", "more_like")
    assert result.slate
    assert all(session.catalogue[card.item_id].attributes["price"] < 60 for card in result.slate)


async def test_what_is_pointed_at_needs_no_model_to_be_understood(tmp_path):
    refused = ModelUnreachable("demo", "nowhere")
    session = world.open_session(tmp_path, answer=lambda prompt: refused, decide=lambda state, question: refused)
    result = await point(session, "i04", "more_like")
    assert {"i00", "i08"} <= {card.item_id for card in result.slate}
    await session.aclose()


async def test_an_item_that_is_not_in_the_catalogue_cannot_be_pointed_at(session):
    with pytest.raises(KeyError):
        await point(session, "zz", "more_like")
