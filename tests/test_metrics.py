"""Ranking metrics against values worked out by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.metrics import auc, estimate, evaluate, hit_rate, mrr, ndcg

SCORES = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]


def liked(*places):
    return [int(place in places) for place in range(1, len(SCORES) + 1)]


@pytest.mark.parametrize(
    ("labels", "right"),
    [(liked(1), 1.0), (liked(6), 0.0), (liked(3), 3 / 5), (liked(1, 4), 6 / 8), (liked(2, 3), 6 / 8)],
)
def test_auc_is_the_share_of_pairs_in_the_right_order(labels, right):
    assert auc(SCORES, labels) == pytest.approx(right)


def test_auc_counts_a_tie_half():
    assert auc([1, 1], [1, 0]) == 0.5


@pytest.mark.parametrize(
    ("place", "hit", "reciprocal", "gain"),
    [(1, 1, 1, 1), (2, 1, 1 / 2, 1 / math.log2(3)), (5, 1, 1 / 5, 1 / math.log2(6)), (6, 0, 0, 0)],
)
def test_one_liked_item_counts_by_its_place(place, hit, reciprocal, gain):
    labels = liked(place)
    assert hit_rate(SCORES, labels) == hit
    assert mrr(SCORES, labels) == pytest.approx(reciprocal)
    assert ndcg(SCORES, labels) == pytest.approx(gain)


def test_ndcg_of_two_liked_items_by_hand():
    best = 1 + 1 / math.log2(3)
    assert ndcg(SCORES, liked(2, 4)) == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / best)
    assert ndcg(SCORES, liked(1, 6)) == pytest.approx(1 / best)


def test_a_ranker_that_cannot_decide_gains_nothing_from_the_order_it_was_given():
    assert mrr([0.5] * 6, liked(1)) == 0  # the liked one stands last among equals, beyond place 5
    assert hit_rate([0.5] * 3, [1, 0, 0]) == 1


def test_a_list_without_an_answer_has_no_figure():
    for metric in (auc, hit_rate, mrr, ndcg):
        assert metric(SCORES, liked()) is None
    assert auc(SCORES, [1] * 6) is None
    assert evaluate([(SCORES, liked())]) == {}


def test_figures_are_means_over_lists_with_an_interval_around_them():
    figures = evaluate([(SCORES, liked(1)), (SCORES, liked(2)), (SCORES, liked())])
    assert set(figures) == {"auc", "hr@5", "mrr@5", "ndcg@5"}
    assert figures["mrr@5"].mean == pytest.approx(0.75)
    assert figures["mrr@5"].lists == 2
    assert (figures["mrr@5"].low, figures["mrr@5"].high) == (0.5, 1.0)


def test_the_interval_of_many_lists_is_near_the_normal_one():
    values = [0.0] * 200 + [1.0] * 200
    figure = estimate(values)
    width = 1.96 * 0.5 / math.sqrt(400)
    assert figure.low == pytest.approx(0.5 - width, abs=0.012)
    assert figure.high == pytest.approx(0.5 + width, abs=0.012)
    assert estimate(values) == figure  # the same seed, the same interval


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1)), min_size=1, max_size=12))
def test_every_figure_lies_between_0_and_1_whatever_the_order_of_the_list(pairs):
    for metric in (auc, hit_rate, mrr, ndcg):
        there = metric(*zip(*pairs, strict=True))
        back = metric(*zip(*reversed(pairs), strict=True))
        assert there == pytest.approx(back) if there is not None else back is None
        assert there is None or 0 <= there <= 1 + 1e-12
