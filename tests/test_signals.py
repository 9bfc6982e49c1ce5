"""What each learned signal must say of a log, and must not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.als import CONFIDENCE, REGULARISATION, FoldedIn, als_factors
from memory.collaborative import Collaborative
from memory.likings import Likings, liked_in_order
from memory.ppmi import DENSE, WINDOW, ppmi_vectors
from memory.signals import PARTS, SIGNALS, ItemVectors, Signals, centred, offered
from memory.similar_users import FADING, FLOOR, NEARNESS, SimilarUsers
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


def signals_of(sequences, items=ITEMS, texts=None, als=False):
    likings = Likings(sequences, items)
    rows = [(user, item, 1, 0) for user, liked in sequences.items() for item in liked]
    return Signals(likings, Collaborative(rows), ItemVectors.learned(likings, texts, als=als))


def column(name):
    return next(place for place, signal in enumerate(SIGNALS) if signal.name == name)


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


@given(histories)
def test_likings_hold_each_history_in_its_order(sequences):
    likings = Likings(sequences, ITEMS)
    for user, liked in sequences.items():
        row = likings.row_of(user)
        mine = likings.rows == row
        assert [ITEMS[one] for one in likings.columns[mine]] == liked
        assert likings.ages[mine].tolist() == list(range(len(liked)))[::-1]
        assert likings.matrix[row].sum() == len(liked)
    assert likings.likes.tolist() == [sum(item in liked for liked in sequences.values()) for item in ITEMS]
    assert (likings.by_item != likings.matrix.T).nnz == 0


def test_what_is_outside_the_catalogue_is_left_out():
    likings = Likings({"ann": ["gone", "b"], "bob": ["gone"]}, ITEMS)
    assert likings.user_ids == ("ann",)
    assert likings.columns_of(["b", "gone", "a"]).tolist() == [1, -1, 0]
    assert likings.row_of("bob") is None


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


@given(histories, st.lists(st.sampled_from(ITEMS), min_size=1, max_size=5, unique=True))
def test_similar_users_are_weighed_as_by_hand(sequences, history):
    likings = Likings(sequences, ITEMS)
    vectors = np.eye(len(ITEMS), dtype=np.float32)
    found = SimilarUsers(likings, vectors).score(
        likings.columns_of(history), likings.columns_of(ITEMS), without=likings.row_of("ann")
    )

    def taste(liked):
        made = np.zeros(len(ITEMS))
        for age, item in enumerate(reversed(liked)):
            made[ITEMS.index(item)] += FADING**age
        return made / np.linalg.norm(made)

    weights = {user: math.exp(NEARNESS * (taste(liked) @ taste(history) - 1)) for user, liked in sequences.items()}
    weights.pop("ann", None)
    total = sum(weights.values())
    for item, score in zip(ITEMS, found, strict=True):
        if not total:
            assert score == 0
            continue
        near = sum(weight for user, weight in weights.items() if item in sequences[user]) / total
        everyone = sum(item in liked for liked in sequences.values()) / len(sequences)
        assert score == pytest.approx(math.log(near + FLOOR) - math.log(everyone + FLOOR), abs=1e-3)


def test_factors_score_the_rest_of_a_taste_above_the_other_one_and_do_so_again():
    pytest.importorskip("implicit", reason=WITHOUT_IMPLICIT)
    likings = Likings(TWO_TASTES, ITEMS)
    factors = als_factors(likings, factors=4)
    scores = FoldedIn(factors).score(likings.columns_of(["a", "b"]), likings.columns_of(ITEMS))
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


@given(histories, st.permutations(ITEMS), st.lists(st.sampled_from(ITEMS), max_size=4, unique=True))
def test_what_is_said_of_a_candidate_depends_on_no_other(sequences, candidates, history):
    signals = signals_of(sequences, texts=np.eye(len(ITEMS), 5, dtype=np.float32))
    together = signals.features(history, candidates)
    assert together.shape == (len(ITEMS), len(SIGNALS))
    for row, item in enumerate(candidates):
        assert signals.features(history, [item])[0] == pytest.approx(together[row], nan_ok=True, abs=1e-6)


def test_nothing_is_known_of_an_item_that_came_later_and_of_a_history_of_nothing():
    signals = signals_of(TWO_TASTES, texts=np.eye(len(ITEMS), dtype=np.float32))
    newcomer, known = signals.features(["a", "b"], ["later", "c"])
    assert np.isnan(newcomer).all()
    assert np.isnan(known).tolist() == [signal.name == "als" for signal in SIGNALS]  # it was not learned
    stranger = signals.features(["later"], ["c"])[0]
    assert [signal.name for signal, value in zip(SIGNALS, stranger, strict=True) if not np.isnan(value)] == [
        "popularity",
        "place",
    ]
    assert signals.features(["a"], []).shape == (0, len(SIGNALS))


def test_someones_own_row_says_nothing_of_them():
    known = {**TWO_TASTES, "ann": ("a", "b", "h")}
    own = column("similar_users")
    signals = signals_of(known)
    asked = signals.features(["a", "b"], ["h"], user_id="ann")[0, own]
    assert asked < signals.features(["a", "b"], ["h"])[0, own]


def test_texts_are_compared_by_what_sets_them_apart():
    same, apart = np.array([3.0, 0, 0]), np.eye(3)
    texts = np.stack([same + apart[1], same + apart[1], same + apart[2], np.zeros(3)]).astype(np.float32)
    moved = centred(texts)
    assert moved[0] @ moved[1] == pytest.approx(1)
    assert moved[0] @ moved[2] < 0
    assert not moved[3].any()
    assert not centred(np.zeros((2, 3), dtype=np.float32)).any()


def test_signals_and_vectors_must_be_of_the_same_items():
    learned = ItemVectors.learned(Likings(TWO_TASTES, ITEMS), als=False)
    with pytest.raises(ValueError, match="different items"):
        Signals(Likings(TWO_TASTES, ITEMS[:-1]), Collaborative([]), learned)


def test_what_is_not_offered_is_unknown():
    features = np.ones((2, len(SIGNALS)))
    kept = offered(features, {"ppmi", "text"})
    assert [signal.part in ("ppmi", "text") for signal in SIGNALS] == (kept[0] == 1).tolist()
    assert offered(features, set(PARTS)).tolist() == features.tolist()
