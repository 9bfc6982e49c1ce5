"""What is told of people of similar taste: what several of them share, and never who they are."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.neighbourhood import FEWEST, favoured, terms_of
from graphs.neighbours import PEOPLE, neighbours_of
from memory.collaborative import SHRINKAGE, Collaborative
from tests import world

FOXES, REST = ("i00", "i04", "i08"), [item.item_id for item in world.ITEMS if item.item_id not in ("i00", "i04", "i08")]


def session_of(tmp_path, likings: dict[str, list[str]]):
    events = [world.event(user, item_id) for user, own in likings.items() for item_id in own]
    return world.open_session(tmp_path, interactions=events)


def told(session, user: str = "ann"):
    return neighbours_of(session.services, user, "prints")


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.sets(st.sampled_from("123456"), min_size=1), max_size=8))
def test_the_nearest_are_those_whose_likings_overlap_most(likings):
    made = Collaborative([(user, item, 1, n) for n, (user, own) in enumerate(likings.items()) for item in own])
    own = likings.get("a", set())
    near = {
        user: len(own & theirs) / (math.sqrt(len(own) * len(theirs)) + SHRINKAGE)
        for user, theirs in likings.items()
        if user != "a" and len(own & theirs) >= 2
    }
    nearest = sorted(near, key=lambda user: (-near[user], user))
    assert made.alike("a", people=3, shared=2) == [sorted(likings[user]) for user in nearest[:3]]


def test_a_liking_that_is_withdrawn_makes_nobody_alike():
    made = Collaborative([(user, item, 1, 1) for user in ("ann", "bob") for item in "xyz"])
    assert made.alike("ann", people=9, shared=3) == [["x", "y", "z"]]
    assert made.grown({("bob", "y"): -1}, newest=2).alike("ann", people=9, shared=3) == []


async def test_an_item_is_told_from_five_people_on_and_never_of_fewer(tmp_path):
    people = {"ann": list(FOXES), **{f"u{n}": [*FOXES, *REST[:1], *(REST[1:2] if n else [])] for n in range(5)}}
    session = session_of(tmp_path, people)
    assert [(one.item_id, one.people) for one in told(session).items] == [(REST[0], 5)]
    assert REST[1] not in told(session).model_dump_json(), "four of them like it"
    await session.aclose()


async def test_of_fewer_than_five_people_nothing_is_told_at_all(tmp_path):
    session = session_of(tmp_path, {"ann": list(FOXES), **{f"u{n}": [*FOXES, *REST] for n in range(4)}})
    found = told(session)
    assert (found.people, found.words, found.items) == (0, (), ())
    assert "Nobody's taste is near enough" in found.told
    assert told(session, "nobody") == found
    await session.aclose()


async def test_nobody_is_named_and_what_one_has_met_is_not_told_again(tmp_path):
    people = {"ann": [*FOXES, REST[0]], **{f"neighbour-{n}": [*FOXES, *REST[:2]] for n in range(6)}}
    session = session_of(tmp_path, people)
    found = told(session)
    assert "neighbour-" not in found.model_dump_json() + found.told
    assert [one.item_id for one in found.items] == [REST[1]]
    await session.aclose()


async def test_who_is_forgotten_counts_no_more(tmp_path):
    session = session_of(tmp_path, {"ann": list(FOXES), **{f"u{n}": [*FOXES, REST[0]] for n in range(5)}})
    assert told(session).people == 5
    session.services.log.forget("u3")
    session.services.forget_cached()
    assert told(session).people == 0
    await session.aclose()


async def test_what_they_favour_is_told_beside_how_usual_it_is(tmp_path):
    session = session_of(tmp_path, {"ann": list(FOXES), **{f"u{n:02}": list(FOXES) for n in range(PEOPLE + 5)}})
    found = told(session)
    assert found.people == PEOPLE
    fox = next(one for one in found.words if "fox" in one.words)
    assert (fox.people, fox.share) == (PEOPLE, 1.0)
    assert fox.usual == pytest.approx(3.5 / 13)
    assert not any("it shows" in one.words for one in found.words), "what everything says tells of nobody's taste"
    await session.aclose()


@given(st.lists(st.lists(st.sampled_from(["a red fox", "a deep blue owl", "a deep blue fox"]), max_size=4), max_size=9))
def test_no_word_is_told_that_fewer_than_five_share(likings):
    everything = ["a red fox", "a deep blue owl", "a deep blue fox"] * 10
    people = Counter(term for own in likings for term in {term for view in own for term in terms_of(view)})
    for one in favoured(likings, everything):
        assert one.people == people[one.words] >= FEWEST
        assert one.share > one.usual


def test_two_words_that_always_stand_together_are_told_as_one():
    everything = ["a deep blue owl", "a red fox", "a grey fox", "a red owl"] * 10
    [one] = favoured([["a deep blue owl"] * 8] * 6, everything, limit=1)
    assert one.words == "deep blue"


@pytest.mark.parametrize("view", ["", "—", "1999 12", "fox, owl"])
def test_words_of_different_parts_make_no_pair(view):
    assert not [term for term in terms_of(view) if " " in term]
