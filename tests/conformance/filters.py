"""Filters: numbers as numbers, texts as texts, nested values, and no silence about what is not known."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.base import Maker, keys

ODD_NAMES = ('p"', "p'", "p%", "a b", "p.q", "p]")
VALUES: dict[str, dict[str, Any]] = {
    "nine": {"p": 9, "s": "b", "d": {"z": 1, "y": 2}, "l": [1, "x"], "t": True},
    "ten": {"p": 10.0, "s": "a", "t": False},
    "text": {"p": "10", "s": None},
    "none": {"s": "B"},
}
CASES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "equal": ({"s": "b"}, {"nine"}),
    "eq": ({"s": {"$eq": "b"}}, {"nine"}),
    "number_equals_number": ({"p": 10}, {"ten"}),
    "ne": ({"s": {"$ne": "b"}}, {"ten", "text", "none"}),
    "ne_of_a_missing_field": ({"p": {"$ne": 9}}, {"ten", "text", "none"}),
    "gt": ({"p": {"$gt": 9}}, {"ten"}),
    "gte_as_numbers": ({"p": {"$gte": 9}}, {"nine", "ten"}),
    "lt": ({"p": {"$lt": 10}}, {"nine"}),
    "lte": ({"p": {"$lte": 9.5}}, {"nine"}),
    "range": ({"p": {"$gt": 1, "$lt": 10}}, {"nine"}),
    "texts_as_texts": ({"s": {"$gte": "a"}}, {"nine", "ten"}),
    "null": ({"s": None}, {"text"}),
    "true": ({"t": True}, {"nine"}),
    "true_is_not_one": ({"t": 1}, set()),
    "nested": ({"d": {"z": 1}}, {"nine"}),
    "nested_not_met": ({"d": {"z": 2}}, set()),
    "list": ({"l": [1, "x"]}, {"nine"}),
    "list_in_part": ({"l": [1]}, set()),
    "several_fields": ({"p": 9, "s": "a"}, set()),
    "several_fields_met": ({"p": 9, "s": "b"}, {"nine"}),
    "none_at_all": ({}, set(VALUES)),
}


class Filters(Maker):
    @pytest.mark.parametrize("case", CASES)
    def test_a_filter_finds(self, store, case):
        condition, expected = CASES[case]
        for key, value in VALUES.items():
            store.put(("u",), key, value)
        assert set(keys(store.search(("u",), filter=condition))) == expected

    @pytest.mark.parametrize("name", ["p", *ODD_NAMES])
    def test_a_field_may_have_any_name(self, store, name):
        store.put(("u",), "k", {name: 5})
        store.put(("u",), "other", {name: 6})
        assert keys(store.search(("u",), filter={name: 5})) == ["k"]

    def test_pages_count_what_the_filter_leaves(self, store):
        for n in range(20):
            store.put(("u",), f"k{n:02}", {"n": n, "even": n % 2 == 0})
        paged = [
            key
            for offset in range(0, 12, 3)
            for key in keys(store.search(("u",), filter={"even": True}, limit=3, offset=offset))
        ]
        assert sorted(paged) == [f"k{n:02}" for n in range(0, 20, 2)]

    def test_a_field_that_is_gone_after_overwriting_no_longer_matches(self, store):
        store.put(("u",), "k", {"colour": "red"})
        store.put(("u",), "k", {"n": 1})
        assert store.search(("u",), filter={"colour": "red"}) == []

    @pytest.mark.parametrize("filled", [True, False], ids=["filled", "empty"])
    def test_an_unknown_operator_is_refused(self, store, filled):
        if filled:
            store.put(("u",), "k", {"p": 1})
        with pytest.raises(ValueError, match=r"\$regex"):
            store.search(("u",), filter={"p": {"$regex": "x"}})
