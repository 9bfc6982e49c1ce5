"""What is left of a catalogue is told by rows, and is what going through item by item would leave."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.narrowing import Unscored
from agents.ranking import best_of_each
from agents.state import Candidate
from catalog.filters import Filter
from catalog.items import AttributeSpec, Catalogue, Item
from memory import collaborative
from memory.collaborative import Collaborative

VALUES = st.one_of(st.none(), st.integers(0, 9), st.sampled_from([2.5, 7.0]))
ODD = st.one_of(VALUES, st.sampled_from(["7", "red", date(2001, 5, 4)]), st.just(("red", "blue")))
OPS = ("at_least", "at_most", "above", "below", "outside", "is", "is_not", "has", "has_not", "any_of")


def catalogue_of(values):
    items = [
        Item(item_id=f"i{number}", title="?", attributes={} if value is None else {"x": value})
        for number, value in enumerate(values)
    ]
    return Catalogue("c", [AttributeSpec(name="x", kind="number")], items)


@given(
    values=st.one_of(st.lists(VALUES, max_size=12), st.lists(ODD, max_size=12)),
    op=st.sampled_from(OPS),
    wanted=st.one_of(
        st.floats(0, 9), st.tuples(st.floats(0, 9), st.floats(0, 9)), st.sampled_from(["red", date(2001, 1, 1)])
    ),
)
def test_a_condition_met_by_rows_is_met_by_the_same_items_one_by_one(values, op, wanted):
    if isinstance(wanted, tuple) != (op == "outside"):
        wanted = (2.0, 7.0) if op == "outside" else 4.0
    catalogue, condition = catalogue_of(values), Filter(attribute="x", op=op, value=wanted)
    assert catalogue.meeting(condition).tolist() == [condition.matches(item) for item in catalogue]


def test_rows_are_candidates_where_one_looks():
    catalogue = catalogue_of([1, 2, 3, 4])
    left = Unscored(catalogue, np.array([1, 3]))
    assert list(left) == [Candidate("i1"), Candidate("i3")]
    assert (len(left), left[1], list(left[1:])) == (2, Candidate("i3"), [Candidate("i3")])
    assert Unscored.among(catalogue, left) is left
    assert Unscored.among(catalogue, (Candidate("i2"), Candidate("i0"))).rows.tolist() == [2, 0]
    assert Unscored.among(catalogue_of([1, 2, 3, 4, 5]), left).rows.tolist() == [1, 3]
    assert not Unscored(catalogue, np.array([], dtype=np.int64))


@given(
    signals=st.integers(1, 30).flatmap(
        lambda count: st.lists(st.lists(st.integers(0, 4), min_size=count, max_size=count), min_size=1, max_size=4)
    ),
    limit=st.integers(0, 30),
)
def test_the_best_of_each_are_those_of_sorting_all(signals, limit):
    columns = [np.array(one, dtype=np.float64) for one in signals]
    count = len(signals[0])
    taken = dict.fromkeys(
        row
        for rows in zip(*(np.argsort(-one, kind="stable")[:limit].tolist() for one in columns), strict=True)
        for row in rows
    )
    expected = list(range(count)) if count <= limit else list(taken)[:limit]
    assert best_of_each(columns, limit) == expected


@pytest.mark.parametrize("new", [1, 3, 40])
def test_a_catalogue_looked_up_once_stays_right_when_more_is_liked(monkeypatch, new):
    monkeypatch.setattr(collaborative, "WORTH_ALIGNING", 5)
    ids = tuple(f"i{number}" for number in range(60))
    known = Collaborative([("ann", "i0", 1, 1), ("ann", "i1", 1, 2), ("bob", "i1", 1, 3), ("bob", "gone", 1, 4)])
    known.popularities(ids)
    opinions = {("cy", f"i{number}"): 1 for number in range(10, 10 + new)} | {("ann", "elsewhere"): 1}
    grown = known.grown(opinions, newest=9)
    for _ in range(2):
        assert grown.popularities(ids).tolist() == [grown.popularity(one) for one in ids]
        assert grown.score(["i1"], ids).tolist() == grown.score(["i1"], list(ids)).tolist()
    assert known.popularities(ids).tolist() == [known.popularity(one) for one in ids]
    assert known.popularities(ids[::-1]).tolist() == [known.popularity(one) for one in ids[::-1]]
