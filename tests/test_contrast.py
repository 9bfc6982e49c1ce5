"""Why one rather than another, and which is the most of something: only what was used, each part of it true."""

import re
from dataclasses import replace

import pytest

from agents.contrast import holds_still
from agents.evidence import mentions
from agents.state import Citation, TurnState
from tests.test_critiques import SHADED, no_wishes, said
from tests.world import event, fond_of_foxes, open_session, polite
from tracing.recorder import Recorder


@pytest.fixture
async def session(tmp_path):
    session = open_session(tmp_path, items=SHADED, answer=lambda prompt: polite(prompt))
    yield session
    await session.aclose()


def title(session, result, place):
    return session.catalogue[result.slate[place - 1].item_id].title


@pytest.mark.parametrize(
    "question",
    [
        "why the first rather than the fourth?",
        "Why the first one and not the fourth?",
        "why this rather than the fourth",
    ],
)
async def test_a_contrast_tells_what_speaks_for_the_one_and_not_for_the_other(session, question):
    first, why = await said(session, "show me a fox", question)
    one, other = title(session, first, 1), title(session, first, 4)
    assert why.reply.startswith(f"{one} rather than {other}: ")
    assert "you asked for a fox" in why.reply or "you like" in why.reply
    assert re.search(r"The model put it above the other: 0\.90 against 0\.20\.$", why.reply)
    assert why.slate == ()
    assert session.thumbs("ann", [card.item_id for card in first.slate]) == {}  # to ask is not to judge


async def test_nothing_is_claimed_where_nothing_differs(session):
    first, why = await said(session, "show me a fox", "why the first rather than the second?")
    assert {session.catalogue[card.item_id].text[:12] for card in first.slate[:2]} == {"It shows a f"}
    assert "you asked for" not in why.reply
    assert "apart in words" in why.reply


async def test_what_fails_a_condition_is_told_with_its_value(session):
    *_, why = await said(session, "a fox under 95 euros", "why not Quiet Hour 11?")
    assert why.reply == "Quiet Hour 11 is left out by what you asked, under 95 euros: its price is 120 EUR."


async def test_what_was_shown_before_is_said_to_have_been(session):
    first, _, why = await said(session, "show me a fox", "something else", "why not Quiet Hour 0?")
    assert "i00" in [card.item_id for card in first.slate]
    assert "shown before in this conversation" in why.reply


@pytest.mark.parametrize(
    ("citation", "holds"),
    [
        (Citation("wish", "a fox", "fox"), True),
        (Citation("wish", "a fox", "dragon"), False),
        (Citation("wish", "an owl", "fox"), False),
        (Citation("fact", "nobody", "like subject: fox"), False),
        (Citation("filter", "price", "price < 30"), False),
        (Citation("critique", "darker", "darker: dark"), False),
        (Citation("neighbours", "i04", "7 people who liked Quiet Hour 4 liked this too"), False),
        (Citation("summary", "i00", "anything"), False),
    ],
)
async def test_a_citation_is_told_only_while_it_is_true_of_the_item(session, citation, holds):
    context = session.services.turn_context("prints", Recorder(None))
    assert holds_still(citation, "i00", TurnState(user_id="ann", wishes=("a fox",)), context) == holds


async def test_neighbours_are_told_by_their_true_number(tmp_path):
    people = [event(user, item_id) for user in ("bo", "cy") for item_id in ("i04", "i00")]
    session = open_session(tmp_path, interactions=people, decide=fond_of_foxes, answer=no_wishes)
    context, state = session.services.turn_context("prints", Recorder(None)), TurnState(user_id="ann")
    told = Citation("neighbours", "i04", "2 people who liked Quiet Hour 4 liked this too")
    assert holds_still(told, "i00", state, context)
    assert not holds_still(replace(told, text=told.text.replace("2", "3")), "i00", state, context)
    await session.aclose()


async def test_which_is_the_cheapest_is_answered_by_the_catalogue(session):
    first, which, two = await said(
        session, "show me a fox", "which of these is the cheapest?", "which is cheaper, the second or the third?"
    )
    prices = sorted((session.catalogue[card.item_id].attributes["price"], card.title) for card in first.slate)
    assert which.reply.startswith(f"{prices[0][1]}: {prices[0][0]:g} EUR. Then {prices[1][1]} {prices[1][0]:g} EUR")
    both = sorted((session.catalogue[card.item_id].attributes["price"], card.title) for card in first.slate[1:3])
    assert two.reply == f"{both[0][1]}: {both[0][0]:g} EUR. Then {both[1][1]} {both[1][0]:g} EUR."


async def test_which_is_darker_is_answered_by_what_the_summaries_say(session):
    first, which, velvet = await said(
        session, "show me a fox", "which of these is darker?", "which is the most velvet?"
    )
    dark = [card.title for card in first.slate if mentions(session.catalogue[card.item_id].text, "dark")]
    assert dark
    assert which.reply.split(" is darker")[0].split(" are darker")[0] == " and ".join(dark)
    assert which.reply.endswith("by what is known of them: dark, gloomy.")
    assert velvet.reply == "What is known of them does not tell which is more velvet."


async def test_why_one_was_chosen_is_told_by_what_was_used_for_it(session):
    first, why = await said(session, "show me a fox", "why did you pick the first?")
    assert why.reply == f"{title(session, first, 1)}: {first.slate[0].reason}"
    assert "fox" in why.reply


async def test_what_the_catalogue_cannot_compare_is_said_to_be_unknown(session):
    *_, which = await said(session, "show me a fox", "which of these is the shortest?")
    assert which.reply == "The catalogue does not tell which of these is the shortest."
