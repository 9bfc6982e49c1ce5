"""Clarify or recommend: a newcomer without a wish is asked one question, never two, and any answer leads to a slate."""

import pytest

from agents.clarify import SKIP, best_question
from agents.parsing import parse
from catalog.filters import passes
from catalog.items import AttributeSpec, Catalogue, Item
from tests.world import ITEMS, event, fond_of_foxes, polite, talk

NARROW = {"recommend.decide": 4, "recommend.slate": 2}


def no_wishes(prompt):
    return "none" if "List what they wish for" in prompt else polite(prompt)


@pytest.fixture
def start(start):
    return lambda **more: start(**{"answer": no_wishes, **NARROW, **more})


async def said(session, *messages):
    results = []
    for message in messages:
        thread_id = results[-1].thread_id if results else None
        results.append((await talk(session, "ann", message, thread_id=thread_id))[0])
    return results


async def test_a_newcomer_without_a_wish_is_asked_one_question_with_answers_to_choose_from(start):
    [result] = await said(start(), "recommend something")
    assert result.slate == ()
    assert result.reply.startswith("One question first: ")
    assert result.reply.count("?") == 1
    assert len(result.quick_replies) >= 3
    assert result.quick_replies[-1] == SKIP
    assert "retrieved" not in [step.step for step in result.funnel]  # no model was asked in vain


@pytest.mark.parametrize("number", range(4))
async def test_every_quick_reply_leads_to_a_slate_that_keeps_to_it(start, number):
    session = start()
    [asked] = await said(session, "recommend something")
    reply = asked.quick_replies[number]
    answered, _ = await talk(session, "ann", reply, thread_id=asked.thread_id)
    assert answered.slate
    filters = parse(reply, session.catalogue).filters
    assert bool(filters) == (reply != SKIP)
    assert all(passes(session.catalogue[card.item_id], filters) for card in answered.slate)
    assert answered.quick_replies == ()


@pytest.mark.parametrize("answer", ["I don't know", "whatever", "something", "you choose", "hm, velvet perhaps"])
async def test_no_second_question_follows_whatever_is_answered(start, answer):
    first, second = await said(
        start(decide=lambda state, question: "small_talk" if hasattr(question, "options") else 0.5),
        "recommend something",
        answer,
    )
    assert first.slate == ()
    assert second.slate


@pytest.mark.parametrize(
    "message",
    ["something under 50 euros", "a comedy", "show me a fox", "something darker", "something like Quiet Hour 3"],
)
async def test_who_asks_for_something_definite_is_not_asked_back(start, message):
    session = start(answer=polite)
    [result] = await said(session, message)
    assert result.slate
    assert result.quick_replies == ()


async def test_someone_with_a_history_is_not_asked(start):
    [result] = await said(start(interactions=[event("ann", "i00")]), "recommend something")
    assert result.slate


async def test_the_threshold_of_the_profile_decides(start):
    [result] = await said(start(**{"recommend.clarify": 1}), "recommend something")
    assert result.slate


async def test_with_few_enough_to_judge_all_nothing_is_asked(start):
    [result] = await said(start(**{"recommend.decide": 12}), "recommend something")
    assert result.slate


async def test_what_was_asked_stands_in_the_conversation_and_the_trace(start):
    session = start(decide=fond_of_foxes)
    [asked] = await said(session, "recommend something")
    assert (await session.history("ann", asked.thread_id))[-1].text == asked.reply
    notes = [one.what for one in session.traces.get(asked.trace_id).events if one.type == "note"]
    assert "clarify" in notes


SPECS = (
    AttributeSpec(name="price", kind="number", label="price", unit="EUR"),
    AttributeSpec(name="genres", kind="list", label="genre"),
)


def shop(price, genre, text=lambda n: ""):
    attributes = [{"price": price(n), "genres": (genre(n),)} for n in range(60)]
    items = [Item(item_id=f"{n}", title=f"T{n}", text=text(n), attributes=one) for n, one in enumerate(attributes)]
    return Catalogue("shop", SPECS, items)


def asked_of(catalogue):
    return best_question(list(catalogue), {item.item_id: item.text for item in catalogue}, catalogue)


def test_the_question_is_about_what_splits_best():
    by_genre = shop(lambda n: 5.0 if n else 500.0, lambda n: ("Comedy", "Drama", "Horror")[n % 3])
    assert asked_of(by_genre).text == "which genre?"
    by_price = shop(lambda n: 10.0 * n, lambda n: "Drama")
    assert asked_of(by_price).options == ("under 190 EUR", "190 to 400 EUR", "over 400 EUR")
    by_mood = shop(
        lambda n: 5.0, lambda n: "Drama", lambda n: "The mood is calm." if n % 2 else "The mood is dramatic."
    )
    assert asked_of(by_mood).options[0] == "something calm"


def test_where_no_answer_would_help_there_is_no_question():
    assert asked_of(shop(lambda n: 5.0, lambda n: "Drama")) is None
    assert best_question(ITEMS[:0], {}, Catalogue("none", SPECS, ())) is None
