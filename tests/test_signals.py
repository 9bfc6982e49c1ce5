"""What each learned signal must say of a log, and must not."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.items import Item
from memory.als import CONFIDENCE, REGULARISATION, FoldedIn, als_factors
from memory.collaborative import Collaborative
from memory.describing import COMMON, Descriptions, Vocabulary, centred
from memory.guessing import learn_guesses
from memory.learned import Learned, Telling
from memory.likings import Likings, liked_in_order
from memory.ppmi import DENSE, WINDOW, ppmi_vectors
from memory.signals import PARTS, SIGNALS, Signals, offered
from memory.timeline import timeline

ITEMS = tuple("abcdefgh")
WITHOUT_IMPLICIT = "the als signal needs `implicit`, of the extra `blend`"
# two tastes: one keeps to the first four items, the other to the rest, and everyone moves on through them in order
TWO_TASTES = {
    **{f"left{n}": tuple("abcd")[n % 2 : 4 - n % 2] for n in range(8)},
    **{f"right{n}": tuple("efgh")[n % 2 : 4 - n % 2] for n in range(8)},
}
histories = st.dictionaries(
    st.sampled_from(["ann", "bob", "cleo", "dora", "eve"]),
    st.lists(st.sampled_from(ITEMS), min_size=1, max_size=8, unique=True),
    max_size=5,
)


def item(item_id, **attributes):
    return Item(item_id=item_id, title=item_id, attributes=attributes)


def nothing_said(count):
    return np.zeros((count, 4), dtype=np.float32)


def learned_of(sequences, items=ITEMS, *, told=(), als=False):
    """What a log says of items; told: the items with their attributes, where they have any."""
    described = list(told) or [item(one) for one in items]
    telling = Telling.learned(described, nothing_said(len(described)), nothing_said(len(described)))
    descriptions = telling.of(described, nothing_said(len(described)), nothing_said(len(described)))
    learned = Learned.of(Likings(sequences, [one.item_id for one in described]), telling, descriptions, als=als)
    return learned, descriptions


def signals_of(sequences, items=ITEMS, *, told=(), als=False):
    learned, descriptions = learned_of(sequences, items, told=told, als=als)
    rows = [(user, one, 1, 0) for user, liked in sequences.items() for one in liked]
    return Signals(learned.vectors, Collaborative(rows), descriptions)


def column(name):
    return next(place for place, signal in enumerate(SIGNALS) if signal.name == name)


def known_of(features):
    return {signal.name for signal, value in zip(SIGNALS, features, strict=True) if not np.isnan(value)}


def test_the_last_opinion_counts_at_the_place_of_the_first_liking():
    rows = [
        ("ann", "a", 1, 1),
        ("bob", "a", 1, 2),
        ("ann", "b", 1, 3),
        ("ann", "c", 1, 4),
        ("ann", "a", 0, 5),
        ("ann", "b", -1, 6),
        ("ann", "a", 1, 7),
        ("bob", "a", -1, 8),
    ]
    assert liked_in_order(rows) == {"ann": ("a", "c")}


def test_items_of_one_taste_keep_each_others_company():
    vectors = ppmi_vectors(Likings(TWO_TASTES, ITEMS))
    alike = vectors @ vectors.T
    assert alike[:4, :4].min() > 0.3 > alike[:4, 4:].max()


@given(histories)
def test_company_vectors_are_unit_or_zero_and_the_same_each_time(sequences):
    likings = Likings(sequences, ITEMS)
    vectors = ppmi_vectors(likings)
    lengths = np.linalg.norm(vectors, axis=1)
    assert np.isfinite(vectors).all()
    assert ((np.abs(lengths - 1) < 1e-5) | (lengths == 0)).all()
    assert (vectors == ppmi_vectors(likings)).all()
    alone = [
        n for n, item in enumerate(ITEMS) if not any(item in liked and len(liked) > 1 for liked in sequences.values())
    ]
    assert not vectors[alone].any()


def test_nearer_likings_keep_more_company_and_far_ones_none():
    items = tuple(f"i{n:03}" for n in range(WINDOW + 3))
    likings = Likings({"ann": items}, items)
    from memory.ppmi import _company

    company = _company(likings).toarray()
    assert company[0, 1] == 1
    assert company[3, 1] == company[1, 3] == pytest.approx(1 / 2)
    assert company[0, WINDOW] == pytest.approx(1 / WINDOW)
    assert company[0, WINDOW + 1] == company[0, 0] == 0


def test_a_large_catalogue_gets_the_same_company_as_a_small_one():
    """Beyond `DENSE` items another method finds the eigenvectors; items that no one likes change nothing."""
    few = ppmi_vectors(Likings(TWO_TASTES, ITEMS), dims=4)
    many = ppmi_vectors(Likings(TWO_TASTES, (*ITEMS, *(f"x{n}" for n in range(DENSE)))), dims=4)
    assert many[: len(ITEMS)] @ many[: len(ITEMS)].T == pytest.approx(few @ few.T, abs=1e-2)
    assert not many[len(ITEMS) :].any()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_smallest_catalogues_have_signals(count):
    items = ITEMS[:count]
    likings = Likings({"ann": items, "bob": items} if items else {}, items)
    assert len(ppmi_vectors(likings)) == len(timeline(likings)) == count


def test_places_rise_with_the_order_in_which_people_like():
    places = timeline(Likings(TWO_TASTES, (*ITEMS, "unseen")))
    assert places[0] < places[1] < places[2] < places[3]
    assert places[4] < places[5] < places[6] < places[7]
    assert places[8] == 0


@given(histories)
def test_time_turned_around_turns_the_places_around(sequences):
    there = timeline(Likings(sequences, ITEMS))
    back = timeline(Likings({user: liked[::-1] for user, liked in sequences.items()}, ITEMS))
    assert back == pytest.approx(-there, abs=1e-4)


def test_factors_score_the_rest_of_a_taste_above_the_other_one_and_do_so_again():
    pytest.importorskip("implicit", reason=WITHOUT_IMPLICIT)
    likings = Likings(TWO_TASTES, ITEMS)
    factors = als_factors(likings, factors=4)
    scores = FoldedIn(factors).score(np.array([0, 1]), np.arange(8))
    assert scores[:4].min() > scores[4:].max()
    assert (als_factors(likings, factors=4) == factors).all()
    assert not als_factors(Likings({}, ITEMS), factors=4).any()


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 5), max_size=4, unique=True))
def test_someone_folded_in_is_explained_as_well_as_can_be(seed, history):
    """No other factors of the person have a lower loss: confident where liked, 0 for the rest, all of it shrunk."""
    draw = np.random.default_rng(seed)
    factors = draw.normal(size=(6, 3)).astype(np.float32)
    scores = FoldedIn(factors).score(np.array(history, dtype=int), np.arange(6))
    person = np.linalg.lstsq(factors.astype(float), scores, rcond=None)[0]

    def loss(person):
        confidence = np.where(np.isin(np.arange(6), history), CONFIDENCE, 1)
        wanted = np.isin(np.arange(6), history).astype(float)
        return (confidence * (wanted - factors @ person) ** 2).sum() + REGULARISATION * person @ person

    assert loss(person) <= min(loss(person + draw.normal(scale=0.1, size=3)) for _ in range(20)) + 1e-3


def test_what_is_not_offered_is_unknown():
    features = np.ones((2, len(SIGNALS)))
    kept = offered(features, {"ppmi", "text"})
    assert [signal.part in ("ppmi", "text") for signal in SIGNALS] == (kept[0] == 1).tolist()
    assert offered(features, set(PARTS)).tolist() == features.tolist()


@given(histories)
def test_likings_hold_each_history_in_its_order(sequences):
    likings = Likings({**sequences, "zoe": ["gone"]}, ITEMS)
    assert likings.user_ids == tuple(sorted(sequences))
    for row, user in enumerate(likings.user_ids):
        assert [ITEMS[one] for one in likings.columns[likings.rows == row]] == sequences[user]
        assert likings.matrix[row].sum() == len(sequences[user])
    assert likings.likes.tolist() == [sum(one in liked for liked in sequences.values()) for one in ITEMS]


@given(histories, st.permutations(ITEMS), st.lists(st.sampled_from(ITEMS), max_size=4, unique=True))
def test_what_is_said_of_a_candidate_depends_on_no_other(sequences, candidates, history):
    signals = signals_of(sequences, told=[item(one, kind=one, year=float(ord(one))) for one in ITEMS])
    together = signals.features(history, candidates)
    assert together.shape == (len(ITEMS), len(SIGNALS))
    for row, one in enumerate(candidates):
        assert signals.features(history, [one])[0] == pytest.approx(together[row], nan_ok=True, abs=1e-6)


def test_of_what_nobody_liked_only_what_is_told_speaks():
    prints = [item(one, kind=("left" if one in "abcdx" else "right",)) for one in (*ITEMS, "x", "y")]
    signals = signals_of(TWO_TASTES, told=prints)
    of_liked, of_left, of_right, of_unknown = signals.features(["a", "b"], ["c", "x", "y", "nowhere"])
    assert {"popularity", "cooccurrence", "company", "place"} <= known_of(of_liked)
    assert known_of(of_left) == {
        name
        for name in known_of(of_liked)
        if name.startswith(("guessed", "attributes", "text", "summary", "best_")) and name != "best_company"
    }
    assert known_of(of_unknown) == set()
    near, guessed = column("attributes"), column("guessed_company")
    assert (of_left[near], of_right[near]) == (1, 0)
    assert of_left[guessed] > of_right[guessed]
    assert signals.features(["a"], []).shape == (0, len(SIGNALS))


def test_a_history_of_nothing_known_leaves_what_needs_none():
    signals = signals_of(TWO_TASTES)
    assert not signals.know(["nowhere"])
    assert known_of(signals.features(["nowhere"], ["c"])[0]) == {"popularity", "place"}


def test_what_keeps_the_company_of_the_liked_is_near_also_when_it_is_new():
    prints = [item(one, kind=("left" if one in "abcdx" else "right",)) for one in (*ITEMS, "x", "y")]
    near = signals_of(TWO_TASTES, told=prints).nearness(["a", "b"], ["c", "g", "x", "y", "nowhere"])
    assert near[0] > near[1] + 0.1
    assert near[2] > near[3]
    assert near[4] == 0


def test_an_item_does_not_help_to_guess_itself():
    """Whatever an item's own place among the liked is, what is guessed of it by the others stays."""
    draw = np.random.default_rng(0)
    words = Vocabulary.learned([item(str(n), kind=("even" if n % 2 else "odd",)) for n in range(12)])
    told = Descriptions(
        words.matrix([item(str(n), kind=("even" if n % 2 else "odd",)) for n in range(12)]),
        draw.normal(size=(12, 3)).astype(np.float32),
        np.zeros((12, 0), dtype=np.float32),
    )
    targets, likes = draw.normal(size=(12, 2)).astype(np.float32), np.arange(12)
    before = learn_guesses(told, targets, likes).values
    targets[7] += 100
    after = learn_guesses(told, targets, likes).values
    assert after[7] == pytest.approx(before[7], abs=1e-3)
    assert np.abs(after[8] - before[8]).max() > 0.1


def test_values_that_few_items_share_are_no_words_and_numbers_fall_into_bins():
    prints = [item(str(n), kind=("common",), only=f"one of {n}", price=float(n)) for n in range(8 * COMMON)]
    words = Vocabulary.learned(prints)
    assert "kind: common" in words.words
    assert not [word for word in words.words if word.startswith("only")]
    assert len([word for word in words.words if word.startswith("price: bin")]) == 8
    matrix = words.matrix([prints[0], item("bare"), item("dated", price=date(2020, 1, 1))])
    assert matrix.sum(axis=1).ravel().tolist() == [[2.0, 0.0, 1.0]]


def test_texts_are_compared_by_what_sets_them_apart():
    same, apart = np.array([3.0, 0, 0]), np.eye(3)
    texts = np.stack([same + apart[1], same + apart[1], same + apart[2], np.zeros(3)]).astype(np.float32)
    moved = centred(texts)
    assert moved[0] @ moved[1] == pytest.approx(1)
    assert moved[0] @ moved[2] < 0
    assert not moved[3].any()
    assert not centred(np.zeros((2, 3), dtype=np.float32)).any()


def test_what_was_learned_is_joined_with_the_items_as_they_are_now():
    then = [item(one, kind=("left" if one in "abcdx" else "right",)) for one in (*ITEMS, "x", "y")]
    learned, _ = learned_of(TWO_TASTES, told=then)
    now = [item("new", kind=("left",)), *then[::-1][:-1]]  # one more, another order, and the first is gone
    vectors, told = learned.joined(now, nothing_said(10), nothing_said(10))
    assert vectors.item_ids == ("new", *"yxhgfedcb")
    assert vectors.likes[0] == 0
    assert vectors.likes[1:].tolist() == learned.vectors.likes[1:][::-1].tolist()
    assert vectors.company[1:] == pytest.approx(learned.vectors.company[1:][::-1])
    assert told.words.shape[0] == 10
    assert (vectors.guesses[0] == vectors.guesses[2]).all()  # as of x, of which the same is told
    assert (vectors.guesses[0] != vectors.guesses[1]).any()
    with pytest.raises(ValueError, match="vectors of 3 numbers instead of 4"):
        learned.joined(now, np.zeros((10, 3), dtype=np.float32), np.zeros((10, 3), dtype=np.float32))
