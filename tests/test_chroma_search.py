"""What searching the store promises beyond the contract: by comparing all vectors, and by Chroma's index."""

from __future__ import annotations

import numpy as np
import pytest
from langgraph.store.base import (
    IndexConfig,
    PutOp,
)

from memory.chroma_rows import Rows
from memory.chroma_store import ChromaStore
from memory.embedding import index_for
from tests.word_embedder import WordEmbedder

pytest_plugins = ("tests.chroma_ways",)


def test_the_nearest_keys_are_those_a_search_of_the_namespace_finds(store):
    texts = ["fox", "fox den", "owl", "red fox", "blue whale", "fox fox owl"]
    for n, text in enumerate(texts):
        store.put(("u", "ann"), f"k{n}", {"text": text})
        store.put(("u", "ben"), f"b{n}", {"text": text})
        store.put(("u", "ann", "old"), f"o{n}", {"text": text})
    store.put(("u", "ann"), "silent", {"text": "fox"}, index=False)
    for query, limit in (("red fox", 18), ("owl", 18), ("fox", 40)):
        hits = store.search(("u", "ann"), query=query, limit=limit)
        own = {hit.key: hit.score for hit in hits if hit.namespace == ("u", "ann") and hit.score is not None}
        found = store.nearest_keys(("u", "ann"), query, limit=limit)
        assert list(found) == list(own)
        assert found == pytest.approx(own, abs=1e-5)
    store.delete(("u", "ann"), "k0")
    store.put(("u", "ann"), "k1", {"text": "owl"})
    assert list(store.nearest_keys(("u", "ann"), "fox", limit=9))[:2] == ["k5", "k3"]
    assert list(store.nearest_keys(("u", "ben"), "owl", limit=1)) == ["b2"]
    assert store.nearest_keys(("u", "nobody"), "owl", limit=9) == store.nearest_keys(("u",), "", limit=9) == {}


def test_chromas_index_finds_what_comparing_one_by_one_finds(tmp_path):
    generator = np.random.default_rng(3)
    vectors = {str(n): generator.normal(size=32).astype(np.float32) for n in range(400)}
    index = IndexConfig(dims=32, embed=lambda texts: np.stack([vectors[text] for text in texts]), fields=["text"])
    with ChromaStore.from_conn_string(str(tmp_path), index=index) as exact:
        exact.batch([PutOp(("u", str(n % 2)), str(n), {"text": str(n)}) for n in range(400)])
        approximate = ChromaStore.open(str(tmp_path), index=index, exact_limit=0)
        for query in ("3", "77", "301"):
            left = exact.search(("u", "1"), query=query, limit=30)
            right = approximate.search(("u", "1"), query=query, limit=30)
            assert len({hit.key for hit in left} & {hit.key for hit in right}) >= 29
            assert [hit.score for hit in right][:10] == pytest.approx([hit.score for hit in left][:10], abs=1e-5)
        approximate.close()


def test_a_prefix_of_a_small_store_costs_one_question_and_of_a_grown_one_no_condition(tmp_path, monkeypatch):
    monkeypatch.setattr("memory.nearness._SMALL", 40)
    monkeypatch.setattr("memory.nearness._COUNTED_FOR", 2)
    asked, nearest, embed = [], Rows.nearest, WordEmbedder()
    monkeypatch.setattr(
        Rows,
        "nearest",
        lambda rows, query, where, *how, **more: asked.append(where) or nearest(rows, query, where, *how, **more),
    )
    with ChromaStore.from_conn_string(str(tmp_path), index=index_for(embed), exact_limit=0) as store:
        store.batch([PutOp(("u", str(n % 2)), str(n), {"text": f"owl fox {n}"}) for n in range(40)])
        for _ in range(2):
            assert len(store.search(("u", "1"), query="owl", limit=5)) == 5
        assert len(asked) == 2
        assert all(asked)
        store.put(("u", "0"), "one more", {"text": "owl"})
        asked.clear()
        assert len(store.search(("u", "1"), query="owl", limit=5)) == 5
        assert asked
        assert not any(asked)


def test_a_filter_beside_a_query_finds_by_the_index_what_comparing_every_entry_finds(tmp_path, monkeypatch):
    generator = np.random.default_rng(5)
    vectors = {str(n): generator.normal(size=16).astype(np.float32) for n in range(900)}
    index = IndexConfig(dims=16, embed=lambda texts: np.stack([vectors[text] for text in texts]), fields=["text"])
    with ChromaStore.from_conn_string(str(tmp_path), index=index) as exact:
        exact.batch([PutOp(("u", str(n % 2)), str(n), {"text": str(n), "n": n % 20}) for n in range(900)])
        approximate = ChromaStore.open(str(tmp_path), index=index, exact_limit=0)
        looked_at_all = []
        for one in (exact, approximate):
            monkeypatch.setattr(one, "_chosen", lambda *_: looked_at_all.append(1) or {})
        for condition in ({"n": {"$lt": 2}}, {"n": 7}):  # one in ten, one in twenty
            for offset in (0, 3):
                how = {"query": "77", "filter": condition, "limit": 3, "offset": offset}
                left, right = exact.search(("u",), **how), approximate.search(("u",), **how)
                assert left[0].value["n"] in (0, 1, 7)
                assert [hit.key for hit in right] == [hit.key for hit in left]
                assert [hit.score for hit in right] == pytest.approx([hit.score for hit in left], abs=1e-5)
        assert not looked_at_all
        monkeypatch.undo()
        for condition in ({"n": 7}, {"n": 99}):  # more than there are: every entry is looked at
            left, right = (one.search(("u",), query="77", filter=condition, limit=60) for one in (exact, approximate))
            assert [hit.key for hit in right] == [hit.key for hit in left]
        approximate.close()


def test_a_last_label_that_other_namespaces_share_does_not_bring_their_entries(store):
    for first in ("tastes", "notes"):
        for n in range(3):
            store.put((first, "prints"), f"{first} {n}", {"text": "fox " * (n + 1) + first})
    for _ in range(2):
        for first in ("tastes", "notes"):
            hits = store.search((first, "prints"), query=f"fox fox {first}", limit=2)
            assert {hit.namespace for hit in hits} == {(first, "prints")}
            assert [hit.key for hit in hits] == [f"{first} 1", f"{first} 2"]


def test_a_second_vector_counts_from_the_moment_it_is_put(store):
    store.put(("u", "ann"), "one", {"text": "red barn"})
    assert store.search(("u", "ann"), query="blue whale", limit=1)[0].score == pytest.approx(0, abs=1e-5)
    store.put(("u", "ann"), "many", {"parts": ["red fox", "blue whale"]}, index=["parts[*]"])
    [hit] = store.search(("u", "ann"), query="blue whale", limit=1)
    assert (hit.key, hit.score) == ("many", pytest.approx(1, abs=1e-5))


def test_a_vector_left_behind_by_a_crash_is_never_taken_for_the_entrys_own(embedder, store):
    store.put(("u",), "k", {"parts": ["red fox", "green newt"]}, index=["parts[*]"])
    connection = store._connection
    [row] = connection.vectors.collection.get()["ids"]
    orphan = row.rsplit(":", 2)[0] + ":000000000000:1"
    vector = embedder.embed(["blue whale"])
    connection.vectors.upsert([orphan], vector, [{"ns0": '"u"'}])
    connection.mirror = None
    for limit in (1, 10):
        [hit] = store.search(("u",), query="blue whale", limit=limit)
        assert hit.score == pytest.approx(0, abs=1e-6)


def test_no_vector_of_an_overwritten_or_deleted_entry_stays(store):
    for text in ("red fox", "blue whale", "red barn"):
        store.put(("u",), "k", {"parts": [text, f"{text} again"]}, index=["parts[*]"])
        [hit] = store.search(("u",), query=text, limit=1)
        assert hit.score == pytest.approx(1, abs=1e-6)
        assert (store._connection.records.count(), store._connection.vectors.count()) == (1, 1)
    assert store.search(("u",), query="blue whale", limit=1)[0].score == pytest.approx(0, abs=1e-6)
    store.delete(("u",), "k")
    assert (store._connection.records.count(), store._connection.vectors.count()) == (0, 0)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"p": {"$lte": "2"}}, ["text"]),  # texts are compared with texts alone
        ({"p": {"$eq": 10.0}}, ["ten"]),
        ({"d": {"z": {"$gte": 1}}}, ["nine"]),
        ({"d": {"z": {"$gt": 1}}}, []),
    ],
)
@pytest.mark.parametrize("query", [None, "fox"])
def test_a_filter_compares_like_with_like_to_any_depth(store, condition, expected, query):
    values = {"nine": {"p": 9, "d": {"z": 1, "y": 2}}, "ten": {"p": 10}, "text": {"p": "10"}}
    store.batch([PutOp(("u",), key, {"text": "fox", **value}) for key, value in values.items()])
    assert [hit.key for hit in store.search(("u",), query=query, filter=condition)] == expected


@pytest.mark.parametrize("condition", [{"p": {"$regex": "x"}}, {"p": {"$gt": 1, "x": 2}}, {"d": {"z": {"$in": [1]}}}])
def test_an_unknown_operator_is_refused_to_any_depth_even_where_nothing_is_stored(store, condition):
    with pytest.raises(ValueError, match="filter"):
        store.search(("u",), filter=condition)


def test_a_namespace_beside_others_is_searched_without_a_condition_that_costs_as_much_as_it_has_rows(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("memory.nearness._SMALL", 900)  # fewer than are held
    generator = np.random.default_rng(5)
    vectors = {str(n): generator.normal(size=16).astype(np.float32) for n in range(900)}
    index = IndexConfig(dims=16, embed=lambda texts: np.stack([vectors[text] for text in texts]), fields=["text"])
    asked = []
    nearest = Rows.nearest
    with ChromaStore.from_conn_string(str(tmp_path), index=index) as exact:
        exact.batch([PutOp(("items" if n % 3 else "notes", "shop"), str(n), {"text": str(n)}) for n in range(900)])
        exact.batch([PutOp(("few", "shop"), str(n), {"text": str(n)}) for n in range(7)])
        approximate = ChromaStore.open(str(tmp_path), index=index, exact_limit=0)
        monkeypatch.setattr(
            Rows,
            "nearest",
            lambda rows, query, where, *how, **more: asked.append(where) or nearest(rows, query, where, *how, **more),
        )
        for place in ("items", "notes", "few"):
            asked.clear()
            for query in ("3", "77", "301"):
                left, right = (one.search((place, "shop"), query=query, limit=5) for one in (exact, approximate))
                assert [hit.key for hit in right] == [hit.key for hit in left]
            assert asked.count(None) == len(asked) > 0
        monkeypatch.setattr("memory.nearness._FEW", 6)  # more than that, and Chroma has to look for them
        assert approximate.search(("few", "shop"), query="3", limit=5)[0].key == "3"
        assert any(asked)
        asked.clear()
        assert approximate.search(("nothing",), query="3", limit=5) == []
        assert asked == []
        approximate.close()
