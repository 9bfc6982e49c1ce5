"""Namespaces: prefixes of whole labels, listings, pages."""

from __future__ import annotations

import pytest

from tests.conformance.base import Maker, keys

LABELS = ("a", "ab", "A", "a%", "a_", "a*", "a[b]", "a\n", "*", "%", "ä🦊")
NAMES = ["plain", "longer", "case", "percent", "underscore", "star", "bracket", "newline", "only_star", "only_percent"]


class Namespaces(Maker):
    @pytest.mark.parametrize("label", LABELS, ids=[*NAMES, "unicode"])
    def test_a_prefix_matches_whole_labels_only(self, store, label):
        for other in LABELS:
            store.put((other, "x"), "k", {"label": other})
        assert [hit.value["label"] for hit in store.search((label,))] == [label]

    def test_the_empty_prefix_is_the_whole_store(self, store):
        for namespace in (("a",), ("b", "c"), ("d", "e", "f")):
            store.put(namespace, "k", {})
        assert {hit.namespace for hit in store.search(())} == {("a",), ("b", "c"), ("d", "e", "f")}

    def test_a_prefix_longer_than_any_namespace_finds_nothing(self, store):
        store.put(("a", "b"), "k", {})
        assert store.search(("a", "b", "c")) == []

    def test_pages_of_a_search_never_repeat_and_leave_nothing_out(self, store):
        for n in range(25):
            store.put(("u", str(n % 3)), f"k{n}", {"n": n})
        paged = [key for offset in range(0, 28, 4) for key in keys(store.search(("u",), limit=4, offset=offset))]
        assert sorted(paged) == sorted(f"k{n}" for n in range(25))
        assert len(store.search(("u",))) == 10  # as documented

    @pytest.mark.parametrize(
        ("how", "expected"),
        [
            ({}, ["a/b/c", "a/b/d", "a/x/c", "ab", "b/b/c"]),
            ({"prefix": ("a",)}, ["a/b/c", "a/b/d", "a/x/c"]),
            ({"prefix": ("a", "*", "c")}, ["a/b/c", "a/x/c"]),
            ({"suffix": ("c",)}, ["a/b/c", "a/x/c", "b/b/c"]),
            ({"suffix": ("b", "*")}, ["a/b/c", "a/b/d", "b/b/c"]),
            ({"prefix": ("*", "b"), "suffix": ("c",)}, ["a/b/c", "b/b/c"]),
            ({"max_depth": 2}, ["a/b", "a/x", "ab", "b/b"]),
            ({"prefix": ("a",), "max_depth": 2}, ["a/b", "a/x"]),
            ({"limit": 2, "offset": 1}, ["a/b/d", "a/x/c"]),
            ({"max_depth": 1, "limit": 2, "offset": 1}, ["ab", "b"]),
            ({"prefix": ("z",)}, []),
        ],
        ids=lambda value: "-".join(value) or "all" if isinstance(value, dict) else "",
    )
    def test_namespaces_are_listed_sorted(self, store, how, expected):
        for namespace in (("a", "b", "c"), ("a", "b", "d"), ("a", "x", "c"), ("b", "b", "c"), ("ab",)):
            store.put(namespace, "k", {})
            store.put(namespace, "k2", {})
        assert store.list_namespaces(**how) == [tuple(one.split("/")) for one in expected]

    @pytest.mark.parametrize("label", LABELS[:8], ids=NAMES[:8])
    def test_a_listing_takes_labels_as_they_are(self, store, label):
        for other in LABELS:
            store.put((other, "x"), "k", {})
        assert store.list_namespaces(prefix=(label,)) == [(label, "x")]

    def test_reading_an_unknown_namespace_leaves_no_trace(self, store):
        assert store.get(("ghost",), "k") is None
        assert store.search(("ghost",)) == []
        assert store.list_namespaces() == []

    def test_a_namespace_is_gone_with_its_last_entry(self, store):
        store.put(("u",), "k", {})
        store.delete(("u",), "k")
        assert store.list_namespaces() == []
