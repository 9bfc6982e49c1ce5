"""What is to come first and how many are wanted: read exactly, and then it decides the slate."""

import pytest

from agents.parsing import parse
from agents.parsing.superlatives import MOST_WANTED
from tests.said import FILMS, PRINTS
from tests.world import open_session, polite, talk

READ = [
    ("show me the cheapest two", PRINTS, 2, [("price", "less")], "show me"),
    ("the two newest prints", PRINTS, 2, [("year", "more")], "the prints"),
    ("your largest one", PRINTS, 0, [("width_cm", "more")], "one"),
    ("the most expensive you have", PRINTS, 0, [("price", "more")], "you have"),
    ("the most expensive one you have", PRINTS, 0, [("price", "more")], "one you have"),
    ("the least expensive first", PRINTS, 0, [("price", "less")], ""),
    ("the smallest edition", PRINTS, 0, [("edition", "less")], ""),
    ("the most recent horror", FILMS, 0, [("year", "more")], None),
    ("the latest ones", FILMS, 0, [("year", "more")], "ones"),
    ("oldest first please", FILMS, 0, [("year", "less")], "please"),
    ("I want the darkest ones", PRINTS, 0, [("", "more")], "I want ones"),
    ("three prints for my hall", PRINTS, 3, [], "prints for my hall"),
    ("two more please", PRINTS, 2, [], "more please"),
    ("give me 3 films", FILMS, 3, [], "give me films"),
    ("show me just one", FILMS, 1, [], "show me just"),
    ("recommend 99 films", FILMS, MOST_WANTED, [], "recommend films"),
]
UNREAD = [
    "which is the cheapest?", "not the cheapest", "by Friday at the latest", "an honest forest print", "the best one",
    "I saw three films of his", "a print with two foxes", "I need it for 2 rooms", "show me one like that",
    "two people",
]  # fmt: skip


@pytest.mark.parametrize(("message", "catalogue", "count", "first", "rest"), READ, ids=[row[0] for row in READ])
def test_it_is_read(message, catalogue, count, first, rest):
    read = parse(message, catalogue, shown=list(catalogue.item_ids[:3]))
    assert read.count == count
    assert [(one.measure, one.direction) for one in read.comparisons] == first
    assert all(one.first == bool(one.measure) for one in read.comparisons)
    assert rest is None or read.residual == rest


@pytest.mark.parametrize("message", UNREAD)
def test_it_is_not_read_into(message):
    for catalogue in (FILMS, PRINTS):
        read = parse(message, catalogue, shown=list(catalogue.item_ids[:3]))
        assert (read.count, [one for one in read.comparisons if one.first]) == (0, [])


@pytest.fixture
async def session(tmp_path):
    session = open_session(tmp_path, answer=lambda prompt: "none" if "List what they" in prompt else polite(prompt))
    yield session
    await session.aclose()


async def asked(session, *messages):
    results = []
    for message in messages:
        thread_id = results[-1].thread_id if results else None
        results.append((await talk(session, "ann", message, thread_id=thread_id))[0])
    return results


def prices(session, result):
    return [session.catalogue[card.item_id].attributes["price"] for card in result.slate]


async def test_the_first_are_the_first_of_all_that_is_left_and_as_many_as_were_asked_for(session):
    every = sorted(item.attributes["price"] for item in session.catalogue)
    first, second, third = await asked(session, "show me the cheapest two", "the three most expensive", "undo")
    assert prices(session, first) == every[:2]
    assert first.reply.startswith("Cheapest first. ")
    assert prices(session, second) == every[::-1][:3]
    assert [one.said for one in second.critiques] == ["most expensive first"]
    assert [one.said for one in third.critiques] == ["cheapest first"]
    assert prices(session, third) == every[:4], "how many is said for one answer"


async def test_what_is_asked_for_in_words_comes_before_the_order(tmp_path):
    session = open_session(tmp_path, answer=lambda prompt: "fox" if "List what they" in prompt else polite(prompt))
    [result] = await asked(session, "the most expensive fox")
    foxes = [item for item in session.catalogue if "fox" in item.text]
    assert foxes
    dearest = sorted((item.attributes["price"] for item in foxes), reverse=True)
    assert prices(session, result)[: len(foxes)] == dearest[:4]
    assert all(any(c.kind == "critique" and c.text.endswith("EUR") for c in card.citations) for card in result.slate)
    await session.aclose()


async def test_filters_hold_whatever_the_order(session):
    [result] = await asked(session, "the most expensive two under 55 euros")
    assert prices(session, result) == [50, 40]
