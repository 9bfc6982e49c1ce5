"""Ordering candidates, choosing a slate, and the evidence that is said for it."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.evidence import cite, mentions, met_words, neighbours, plain_reason, relaxations, shares_met, short_of
from agents.ranking import best_of_each, blend_parts, blended, diverse
from agents.state import Candidate, Citation
from catalog.filters import Filter, FilterOp
from catalog.items import Catalogue, Item
from memory.preferences import Fact, Preference

WEIGHTS = {"model": 1.0, "semantic": 0.3, "asked": 6.0, "cooccurrence": 0.5, "popularity": 0.1}
FOX = Item(item_id="a", title="Harbour", attributes={"price": 30.0, "genres": ("Comedy",)})
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def fact(value: str, polarity: str = "like") -> Fact:
    return Fact(polarity=polarity, aspect="subject", value=value, strength=0.5, since=NOW)


def test_the_model_orders_what_the_other_signals_leave_equal():
    ranked = blended([Candidate("a", p_yes=0.2), Candidate("b", p_yes=0.9), Candidate("c", p_yes=0.5)], WEIGHTS)
    assert [one.item_id for one in ranked] == ["b", "c", "a"]


def test_without_a_model_the_other_signals_order():
    ranked = blended([Candidate("a"), Candidate("b", cooccurrence=3.0)], WEIGHTS)
    assert ranked[0].item_id == "b"


@given(st.lists(st.floats(0, 1), max_size=12))
def test_blending_loses_and_invents_no_candidate_even_at_certain_probabilities(probabilities):
    candidates = [Candidate(str(n), p_yes=p) for n, p in enumerate(probabilities)]
    assert sorted(one.item_id for one in blended(candidates, WEIGHTS)) == sorted(one.item_id for one in candidates)


@given(
    st.lists(st.tuples(st.one_of(st.none(), st.floats(0, 1)), st.floats(-1, 1), *[st.floats(0, 1)] * 3)),
    st.fixed_dictionaries({name: st.floats(0, 3) for name in WEIGHTS}),
)
def test_the_parts_that_a_trace_shows_add_up_to_the_blend(rows, weights):
    candidates = [Candidate(str(n), s, a, c, p, p_yes=y) for n, (y, s, a, c, p) in enumerate(rows)]
    ranked = blended(candidates, weights)
    for one, parts in zip(ranked, blend_parts(ranked, weights), strict=True):
        assert sum(parts.values()) == pytest.approx(one.blend)
        assert ("model" in parts) == (one.p_yes is not None)
        assert parts["popularity"] == pytest.approx(weights["popularity"] * one.popularity)


def test_each_source_brings_its_best():
    semantic, together, popular = np.arange(11.0), np.eye(11)[3], np.eye(11)[5]
    assert sorted(best_of_each((semantic, together, popular), 3)) == [3, 5, 10]


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=12), st.integers(0, 14))
def test_as_many_rows_are_kept_as_asked_for_each_once_and_the_first_is_a_best_one(rows, limit):
    first, second = (np.array([row[column] for row in rows], dtype=float) for column in (0, 1))
    kept = best_of_each((first, second), limit)
    assert len(kept) == len(set(kept)) == min(limit, len(rows))
    assert not kept or len(rows) <= limit or first[kept[0]] == first.max()


def test_a_slate_prefers_a_slightly_weaker_item_that_differs():
    candidates = [
        Candidate("a", blend=1.0),
        Candidate("twin", blend=0.95),
        Candidate("other", blend=0.8),
        Candidate("z"),
    ]
    views = {"a": "a calm fox", "twin": "a calm fox", "other": "a loud city", "z": ""}
    assert [one.item_id for one in diverse(candidates, views, balance=0.7, k=2)] == ["a", "other"]
    assert [one.item_id for one in diverse(candidates, views, balance=1.0, k=2)] == ["a", "twin"]


def test_only_what_the_item_shows_is_cited():
    preference = Preference(user_id="ann", facts=(fact("fox"), fact("whale"), fact("owl", "dislike")))
    found = cite(
        FOX,
        "A woodcut of two foxes.",
        preference,
        ("a calm fox", "whales"),
        (Filter(attribute="price", op="below", value=40.0),),
    )
    assert [(one.kind, one.ref) for one in found] == [
        ("wish", "a calm fox"),
        ("fact", "subject:fox"),
        ("filter", "price"),
        ("summary", "a"),
    ]


@pytest.mark.parametrize(
    ("text", "value", "there"),
    [
        ("two foxes", "fox", True),
        ("Foxglove", "fox", False),
        ("deep  blue sea", "deep blue", True),
        ("blue, deep", "deep blue", False),
        ("anything", "", False),
        ("c++ (1)", "c++", True),
    ],
)
def test_a_value_is_found_as_whole_words_only(text, value, there):
    assert mentions(text, value) is there


def test_common_words_are_no_evidence_for_a_wish():
    assert met_words("this is the one", "something like this") == ""


def test_only_the_words_of_a_wish_that_are_met_are_cited():
    assert met_words("A calm boat in deep blue.", "boats or a lighthouse, in deep blue") == "boats deep blue"


def test_keepers_are_counted_only_from_two_on():
    class Counts:
        def kept_by(self, history_item: str, candidate: str) -> int:
            return {"x": 1, "y": 5}[history_item]

    catalogue = Catalogue("c", (), [FOX, Item(item_id="x", title="X"), Item(item_id="y", title="Y")])
    assert neighbours(FOX, ["x"], catalogue, Counts()) == ()
    [citation] = neighbours(FOX, ["x", "y"], catalogue, Counts())
    assert citation.text == "5 people who liked Y liked this too"


EIGHTIES: tuple[tuple[FilterOp, float], ...] = (("at_least", 1980.0), ("at_most", 1989.0))


def test_relaxations_name_the_filter_whose_loss_frees_most():
    catalogue = Catalogue("c", (), [FOX, Item(item_id="b", title="B", attributes={"price": 90.0})])
    filters = (Filter(attribute="price", op="above", value=50.0), Filter(attribute="genres", op="has", value="Comedy"))
    assert relaxations(filters, catalogue) == ("without “price > 50”: 1", "without “genres has Comedy”: 1")
    assert relaxations(filters, catalogue, hidden={"b"}) == ("without “price > 50”: 1",)  # b would not be shown again


def test_relaxations_give_up_together_what_was_said_in_one_breath():
    old = Catalogue("c", (), [Item(item_id="o", title="O", attributes={"year": 1955.0})])
    bounds = [Filter(attribute="year", op=op, value=value, said="the 80s") for op, value in EIGHTIES]
    assert relaxations(bounds, old) == ("without “the 80s”: 1",)


def test_a_reason_does_not_say_one_thing_twice():
    twice = (Citation("wish", "owls", "owl"), Citation("wish", "an owl", "owl"))
    assert plain_reason(twice) == "You asked for owl."


def test_plain_evidence_reads_as_a_sentence():
    assert plain_reason((Citation("fact", "subject:fox", "like subject: fox"),)) == "You like fox (subject)."
    assert plain_reason(()) == ""
    view = "A fox. A fox. It sleeps. It dreams. paper: hemp"
    assert plain_reason((Citation("summary", "a", view),)) == "A fox. It sleeps."
    assert plain_reason((Citation("summary", "a", "paper: hemp"),)) == "Paper: hemp."
    listed = "genres: Drama, War. keywords: tense, noir, rain, dark"
    assert plain_reason((Citation("summary", "a", listed),)) == "Drama, War; tense, noir, rain."


@pytest.mark.parametrize(
    ("wishes", "share"),
    [
        (("fox",), 1.0),
        (("foxes", "deep blue"), 1.0),
        (("owl", "deep blue"), 0.5),
        (("dreamy fox",), 0.5),
        (("for the one of it",), 0.0),
        ((), 0.0),
    ],
)
def test_what_is_met_of_the_wishes_counts_each_of_them_the_same(wishes, share):
    assert shares_met(["A woodcut of a fox in deep blue."], wishes) == [pytest.approx(share)]


def test_what_is_asked_for_leads_and_among_it_the_model_orders():
    candidates = [
        Candidate("loved", asked=0.0, p_yes=0.95),
        Candidate("half", asked=0.5, p_yes=0.6),
        Candidate("asked", asked=1.0, p_yes=0.2),
        Candidate("asked and liked", asked=1.0, p_yes=0.4),
    ]
    ranked = blended(candidates, WEIGHTS, wished=True)
    assert [one.item_id for one in ranked] == ["asked and liked", "asked", "half", "loved"]


def test_no_difference_is_worth_an_answer_beside_the_question():
    asked = [Candidate(f"asked {n}", asked=1.0, blend=5.0) for n in range(2)]
    other = Candidate("other", asked=0.5, blend=6.0)
    views = {"asked 0": "a calm fox", "asked 1": "a calm fox", "other": "a neon bridge"}
    chosen = diverse([other, *asked], views, balance=0.1, k=3)
    assert [one.item_id for one in chosen] == ["asked 0", "asked 1", "other"]


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ([1.0, 1.0], ()),
        ([0.5, 0.0], ()),
        ([], ()),
        ([1.0, 0.5], ("One of these has all you asked for; the other comes near.",)),
        ([1.0, 1.0, 0.5, 0.0], ("Two of these have all you asked for; the others come near.",)),
        ([1.0] * 15 + [0.0], ("Most of these have all you asked for; the other comes near.",)),
    ],
)
def test_a_slate_that_falls_short_of_what_was_asked_says_so(shares, said):
    assert short_of(shares) == said
