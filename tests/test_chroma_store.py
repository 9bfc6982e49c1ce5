"""What the store on Chroma owes to LangGraph and to us, with the embedded Chroma itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langgraph.store.base import (
    BaseStore,
    GetOp,
    IndexConfig,
    InvalidNamespaceError,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    SearchOp,
)

from memory.chroma_store import ChromaStore
from memory.embedding import index_for
from memory.errors import EmbedderFailed, StoreClosed, StoreFailed, StoreLocked, StoreMismatch, StoreUnreachable
from memory.labels import id_of, label_of
from memory.vectors import EXACT_LIMIT
from tests.chroma_server import chroma_server
from tests.word_embedder import WordEmbedder

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


@pytest.fixture(params=[EXACT_LIMIT, 0], ids=["exact", "index"])
def store(request: pytest.FixtureRequest, tmp_path: Path, embedder: WordEmbedder) -> Iterator[ChromaStore]:
    """The store, once comparing vectors in memory and once asking Chroma's index."""
    config = index_for(embedder)
    with ChromaStore.from_conn_string(str(tmp_path / "chroma"), index=config, exact_limit=request.param) as opened:
        yield opened


def found(store: BaseStore, prefix: tuple[str, ...], **how: Any) -> list[str]:
    return [hit.key for hit in store.search(prefix, **how)]


# entries


def test_what_is_put_comes_back_and_what_is_deleted_does_not(store):
    value = {"text": "a calm sea", "n": 1, "deep": {"list": [1, None, {"x": True}]}, "ratio": 0.1}
    store.put(("u", "ann"), "k", value)
    entry = store.get(("u", "ann"), "k")
    assert (entry.value, entry.key, entry.namespace) == (value, "k", ("u", "ann"))
    store.delete(("u", "ann"), "k")
    store.delete(("u", "ann"), "never there")
    assert store.get(("u", "ann"), "k") is None
    assert store.search(("u",)) == []
    assert store.list_namespaces() == []


def test_what_was_asked_for_in_vain_is_found_once_it_is_put(store, monkeypatch):
    monkeypatch.setattr("memory.entries._RECENT", 2)  # so few are remembered that the disk must be asked
    others = [f"other {number}" for number in range(3)]
    for other in others:
        store.put(("u", "ann"), other, {})
    assert store.get(("u", "ann"), "k") is None
    store.put(("u", "ann"), "k", {"n": 1})
    assert all(store.get(("u", "ann"), other) is not None for other in others)
    assert store.get(("u", "ann"), "k").value == {"n": 1}
    store.delete(("u", "ann"), "k")
    assert store.get(("u", "ann"), "k") is None


def test_a_value_is_a_copy_on_the_way_in_and_out(store):
    value = {"tags": ["a"]}
    store.put(("u",), "k", value)
    value["tags"].append("b")
    store.get(("u",), "k").value["tags"].append("c")
    assert store.get(("u",), "k").value == {"tags": ["a"]}


def test_created_at_survives_overwriting_and_both_times_know_their_zone(store):
    store.put(("u",), "k", {"text": "one"})
    first = store.get(("u",), "k")
    time.sleep(0.002)
    store.put(("u",), "k", {"text": "two"})
    second = store.get(("u",), "k")
    assert second.created_at == first.created_at
    assert second.updated_at > first.updated_at
    assert first.created_at.utcoffset() == timedelta(0) == first.updated_at.utcoffset()


@pytest.mark.parametrize(
    "text", ["NUL \x00 inside", "lone \ud800 surrogate", "naïve 🦊 日本", "line\nbreak\r", "", "\u2028"]
)
def test_any_text_survives_as_value_key_and_label(store, text):
    store.put(("u", label_of(text)), text, {"said": text, "text": text})
    assert store.get(("u", label_of(text)), text).value["said"] == text
    [entry] = store.search(("u",))
    assert entry.key == text
    assert id_of(entry.namespace[1]) == text


def test_a_value_that_is_not_json_is_refused_by_name_and_nothing_of_its_batch_is_kept(store):
    with pytest.raises(ValueError, match=r"'bad' in u/ann is not JSON"):
        store.batch([PutOp(("u", "ann"), "good", {"a": 1}), PutOp(("u", "ann"), "bad", {"a": {1, 2}})])
    assert store.get(("u", "ann"), "good") is None


def test_a_name_and_a_key_cannot_be_confused_with_another_pair(store):
    store.put(("a",), 'b", "c', {"n": 1})
    store.put(("a", "b"), "c", {"n": 2})
    store.put(("ab",), "c", {"n": 3})
    assert store.get(("a",), 'b", "c').value == {"n": 1}
    assert store.get(("a", "b"), "c").value == {"n": 2}
    assert store.get(("ab",), "c").value == {"n": 3}


# batches


def test_a_batch_reads_before_it_writes_and_the_last_put_wins(store):
    store.put(("u",), "k", {"n": 0})
    results = store.batch(
        [
            PutOp(("u",), "k", {"n": 1}),
            GetOp(("u",), "k"),
            PutOp(("u",), "k", {"n": 2}),
            SearchOp(("u",)),
            PutOp(("u",), "new", {"n": 3}),
            PutOp(("u",), "new", None),
            ListNamespacesOp(),
        ]
    )
    assert [results[0], results[2], results[4], results[5]] == [None] * 4
    assert results[1].value == {"n": 0}
    assert [hit.value for hit in results[3]] == [{"n": 0}]
    assert results[6] == [("u",)]
    assert store.get(("u",), "k").value == {"n": 2}
    assert store.get(("u",), "new") is None


def test_a_batch_embeds_all_its_texts_in_one_call_each_once(store, embedder):
    store.batch(
        [PutOp(("u",), str(n), {"text": f"text {n % 3}"}) for n in range(6)] + [SearchOp(("u",), query="text 1")]
    )
    assert embedder.calls == [["text 0", "text 1", "text 2", "text 1"]]
    assert found(store, ("u",), query="text 2", limit=2) == ["2", "5"]


def test_nothing_is_kept_when_the_embedder_fails(tmp_path):
    def broken(texts):
        raise EmbedderFailed("broken", "no", "try another")

    with ChromaStore.from_conn_string(str(tmp_path), index={"dims": 2, "embed": broken, "fields": ["text"]}) as store:
        with pytest.raises(EmbedderFailed):
            store.batch([PutOp(("u",), "k", {"text": "x"})])
        assert store.get(("u",), "k") is None


@pytest.mark.parametrize("answer", [[[1.0, 0.0, 0.0]], [[float("nan"), 1.0]], [[1.0, 0.0], [0.0, 1.0]]])
def test_vectors_of_a_wrong_shape_or_not_finite_are_refused(tmp_path, answer):
    index = IndexConfig(dims=2, embed=lambda texts: answer, fields=["text"])
    with (
        ChromaStore.from_conn_string(str(tmp_path), index=index) as store,
        pytest.raises(EmbedderFailed),
    ):
        store.put(("u",), "k", {"text": "x"})


async def test_the_asynchronous_calls_do_the_same_off_the_loop(store):
    await store.aput(("u",), "k", {"text": "red fox"})
    assert (await store.aget(("u",), "k")).value == {"text": "red fox"}
    [hit] = await store.asearch(("u",), query="fox")
    assert hit.score == pytest.approx(2**-0.5, abs=1e-6)
    assert await store.alist_namespaces() == [("u",)]
    await store.adelete(("u",), "k")
    assert await store.aget(("u",), "k") is None


async def test_an_embedder_that_must_be_awaited_works_asynchronously_and_says_so_otherwise(tmp_path):
    async def embed(texts):
        return WordEmbedder().embed(texts)

    with ChromaStore.from_conn_string(str(tmp_path), index={"dims": 256, "embed": embed, "fields": ["text"]}) as store:
        await store.aput(("u",), "k", {"text": "red fox"})
        [hit] = await store.asearch(("u",), query="red fox")
        assert hit.score == pytest.approx(1)
        with pytest.raises(EmbedderFailed, match="awaited"):
            store.search(("u",), query="red fox")


# namespaces


def test_a_prefix_matches_whole_labels_only(store):
    for label in ("a", "ab", "A", "a%", "a_", "a*", "a[b]", "a\n", "*"):
        store.put((label, "x"), "k", {"label": label})
        assert [hit.value["label"] for hit in store.search((label,))] == [label]
    assert len(store.search((), limit=100)) == 9
    assert store.search(("a", "x", "y")) == []


def test_namespaces_are_listed_by_prefix_suffix_wildcard_and_depth(store):
    for namespace in (("a", "b", "c"), ("a", "b", "d"), ("a", "x", "c"), ("b", "b", "c"), ("ab",)):
        store.put(namespace, "k", {})
    listed = store.list_namespaces
    assert listed() == [("a", "b", "c"), ("a", "b", "d"), ("a", "x", "c"), ("ab",), ("b", "b", "c")]
    assert listed(prefix=("a",)) == [("a", "b", "c"), ("a", "b", "d"), ("a", "x", "c")]
    assert listed(prefix=("a", "*", "c")) == [("a", "b", "c"), ("a", "x", "c")]
    assert listed(suffix=("c",), prefix=("*", "b")) == [("a", "b", "c"), ("b", "b", "c")]
    assert listed(suffix=("b", "*")) == [("a", "b", "c"), ("a", "b", "d"), ("b", "b", "c")]
    assert listed(prefix=("a",), max_depth=2) == [("a", "b"), ("a", "x")]
    assert listed(limit=2, offset=1) == [("a", "b", "d"), ("a", "x", "c")]
    with pytest.raises(ValueError, match="'middle'"):
        store.batch([ListNamespacesOp(match_conditions=(MatchCondition("middle", ("a",)),))])


def test_reading_an_unknown_namespace_leaves_no_trace(store):
    assert store.get(("ghost",), "k") is None
    assert store.search(("ghost",), query="x") == []
    assert store.list_namespaces() == []


@pytest.mark.parametrize("namespace", [("a.b",), ("",), ("a\x00",), ()])
def test_a_malformed_namespace_is_refused_even_inside_a_batch(store, namespace):
    with pytest.raises(InvalidNamespaceError):
        store.batch([PutOp(namespace, "k", {})])


# filters


VALUES: dict[str, dict[str, Any]] = {
    "nine": {"p": 9, "s": "b", "d": {"z": 1, "y": 2}, "l": [1, "x"], "t": True},
    "ten": {"p": 10.0, "s": "a", "t": False},
    "text": {"p": "10", "s": None},
    "none": {"s": "B"},
}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"p": 10}, {"ten"}),
        ({"p": {"$eq": 10.0}}, {"ten"}),
        ({"p": {"$ne": 9}}, {"ten", "text", "none"}),
        ({"p": {"$gt": 9}}, {"ten"}),
        ({"p": {"$gte": 9}}, {"nine", "ten"}),  # as text, "9" would be greater than "10"
        ({"p": {"$gt": 1, "$lt": 10}}, {"nine"}),
        ({"p": {"$lte": "2"}}, {"text"}),
        ({"s": {"$gte": "a"}}, {"nine", "ten"}),
        ({"s": "b"}, {"nine"}),
        ({"s": None}, {"text"}),
        ({"t": True}, {"nine"}),
        ({"t": 1}, set()),
        ({"d": {"z": 1}}, {"nine"}),
        ({"d": {"z": {"$gt": 1}}}, set()),
        ({"l": [1, "x"]}, {"nine"}),
        ({"l": [1]}, set()),
        ({"p": 9, "s": "a"}, set()),
        ({}, set(VALUES)),
    ],
)
def test_a_filter_compares_numbers_as_numbers_and_texts_as_texts(store, condition, expected):
    store.batch([PutOp(("u",), key, value) for key, value in VALUES.items()])
    assert set(found(store, ("u",), filter=condition)) == expected


@pytest.mark.parametrize("condition", [{"p": {"$regex": "x"}}, {"p": {"$gt": 1, "x": 2}}, {"d": {"z": {"$in": [1]}}}])
def test_an_unknown_operator_is_refused_even_where_nothing_is_stored(store, condition):
    with pytest.raises(ValueError, match="filter"):
        store.search(("u",), filter=condition)


def test_a_field_that_is_gone_after_overwriting_no_longer_matches(store):
    store.put(("u",), "k", {"text": "fox", "colour": "red"})
    store.put(("u",), "k", {"text": "fox"})
    assert store.search(("u",), filter={"colour": "red"}) == []
    assert store.search(("u",), filter={"colour": "red"}, query="fox") == []


# search by meaning


def test_a_score_is_the_cosine_similarity_and_the_nearest_comes_first(store):
    for key, text in {"both": "red fox", "one": "red barn", "none": "blue whale"}.items():
        store.put(("u",), key, {"text": text})
    hits = store.search(("u",), query="red fox")
    assert [hit.key for hit in hits] == ["both", "one", "none"]
    assert [hit.score for hit in hits] == pytest.approx([1, 0.5, 0], abs=1e-6)


def test_a_search_by_meaning_stays_under_its_prefix_and_its_filter(store):
    store.put(("u", "ann"), "k", {"text": "red fox", "n": 1})
    store.put(("u", "ann", "deep"), "k", {"text": "red fox too", "n": 2})
    store.put(("u", "annabel"), "k", {"text": "red fox", "n": 1})
    assert [hit.namespace for hit in store.search(("u", "ann"), query="red fox")] == [
        ("u", "ann"),
        ("u", "ann", "deep"),
    ]
    assert [hit.value["n"] for hit in store.search(("u", "ann"), query="red fox", filter={"n": {"$gt": 1}})] == [2]


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


def test_entries_without_a_vector_follow_unscored_and_pages_never_repeat(store):
    for n in range(5):
        store.put(("u",), f"scored {n}", {"text": "fox " * (n + 1) + "den"})
        store.put(("u",), f"silent {n}", {"text": "fox"}, index=False)
    whole = store.search(("u",), query="fox", limit=20)
    assert [hit.key for hit in whole] == [f"scored {n}" for n in (4, 3, 2, 1, 0)] + [f"silent {n}" for n in range(5)]
    assert all((hit.score is None) == hit.key.startswith("silent") for hit in whole)
    paged = [hit.key for offset in range(0, 12, 3) for hit in store.search(("u",), query="fox", limit=3, offset=offset)]
    assert paged == [hit.key for hit in whole]
    plain = [key for offset in range(0, 12, 3) for key in found(store, ("u",), limit=3, offset=offset)]
    assert sorted(plain) == sorted(paged)
    assert found(store, ("u",), query="fox", limit=0) == []


def test_overwriting_without_index_makes_the_old_meaning_unfindable(store):
    store.put(("u",), "k", {"text": "red fox"})
    store.put(("u",), "k", {"text": "red fox"}, index=False)
    [hit] = store.search(("u",), query="red fox")
    assert hit.score is None


def test_a_deleted_entry_that_returns_is_found_by_its_new_text_only(store):
    store.put(("u",), "k", {"text": "red fox"})
    store.delete(("u",), "k")
    store.put(("u",), "k", {"text": "blue whale"})
    [hit] = store.search(("u",), query="red fox")
    assert hit.score == pytest.approx(0, abs=1e-6)


def test_the_best_of_several_vectors_counts_and_the_entry_comes_once(store):
    store.put(("u",), "many", {"parts": ["red fox", "blue whale", "red fox"]}, index=["parts[*]"])
    store.put(("u",), "one", {"text": "red barn"})
    hits = store.search(("u",), query="blue whale")
    assert [(hit.key, pytest.approx(hit.score, abs=1e-6)) for hit in hits] == [("many", 1.0), ("one", 0.0)]


def test_blank_and_missing_fields_have_no_vector(store, embedder):
    store.batch([PutOp(("u",), "blank", {"text": "  "}), PutOp(("u",), "missing", {"other": "x"})])
    assert embedder.calls == []
    assert len(store.search(("u",), query="x")) == 2


def test_without_an_index_a_query_is_an_ordinary_listing(tmp_path):
    with ChromaStore.from_conn_string(str(tmp_path)) as store:
        store.put(("u",), "k", {"text": "red fox"})
        [hit] = store.search(("u",), query="whale")
        assert (hit.key, hit.score) == ("k", None)


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


def test_a_filter_beside_a_query_finds_by_the_index_what_comparing_every_entry_finds(tmp_path, monkeypatch):
    generator = np.random.default_rng(5)
    vectors = {str(n): generator.normal(size=16).astype(np.float32) for n in range(900)}
    index = IndexConfig(dims=16, embed=lambda texts: np.stack([vectors[text] for text in texts]), fields=["text"])
    with ChromaStore.from_conn_string(str(tmp_path), index=index) as exact:
        exact.batch([PutOp(("u", str(n % 2)), str(n), {"text": str(n), "n": n % 20}) for n in range(900)])
        approximate = ChromaStore.open(str(tmp_path), index=index, exact_limit=0)
        looked_at_all = []
        monkeypatch.setattr(approximate, "_chosen", lambda *_: looked_at_all.append(1) or {})
        for condition in ({"n": {"$lt": 2}}, {"n": 7}):  # one in ten, one in twenty
            for offset in (0, 3):
                how = {"query": "77", "filter": condition, "limit": 3, "offset": offset}
                left, right = exact.search(("u",), **how), approximate.search(("u",), **how)
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


# keeping


def test_everything_is_there_after_reopening(tmp_path, embedder):
    for _ in range(2):
        with ChromaStore.from_conn_string(str(tmp_path), index=index_for(embedder)) as store:
            store.put(("u",), "k", {"text": "red fox"})
            [hit] = store.search(("u",), query="red fox")
            assert hit.score == pytest.approx(1)
    assert hit.updated_at > hit.created_at


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


def test_a_batch_beyond_chromas_cap_is_kept_whole(tmp_path):
    index = IndexConfig(dims=2, embed=lambda texts: np.ones((len(texts), 2)), fields=["text"])
    with ChromaStore.from_conn_string(str(tmp_path), index=index) as store:
        store._connection.records.cap = store._connection.vectors.cap = 50
        store.batch([PutOp(("u",), str(n), {"text": str(n)}) for n in range(120)])
        assert len(store.search(("u",), limit=1000)) == 120
        assert len(store.search(("u",), query="x", limit=1000)) == 120
        store.batch([PutOp(("u",), str(n), None) for n in range(120)])
        assert store.search((), limit=1000) == []


def test_threads_write_and_read_side_by_side(store):
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for n in range(8):
                store.put(("u", name), str(n), {"text": f"{name} {n}"})
                assert {hit.namespace for hit in store.search(("u", name), query=name)} == {("u", name)}
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(store.search(("u",), limit=100)) == 32


def test_two_stores_of_one_process_share_a_directory(tmp_path, embedder):
    with ChromaStore.from_conn_string(str(tmp_path), index=index_for(embedder)) as first:
        with ChromaStore.from_conn_string(str(tmp_path / "."), index=index_for(embedder)) as second:
            first.put(("u",), "k", {"text": "red fox"})
            second.put(("u",), "k", {"text": "blue whale"})
        assert first.get(("u",), "k").value == {"text": "blue whale"}
    with pytest.raises(StoreClosed, match="is closed"):
        first.get(("u",), "k")


def test_another_embedder_is_refused_by_name(tmp_path, embedder):
    with ChromaStore.from_conn_string(str(tmp_path), index=index_for(embedder)):
        pass
    for other in (WordEmbedder(name="other"), WordEmbedder(dims=64)):
        with pytest.raises(StoreMismatch, match=r"words \(256 dimensions\)"):
            ChromaStore.open(str(tmp_path), index=index_for(other))
    with ChromaStore.from_conn_string(str(tmp_path), index=index_for(embedder)):
        pass  # the refusals let go of the directory


def test_a_directory_that_cannot_be_made_is_an_error_with_its_name(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreFailed, match="file"):
        ChromaStore.open(str(tmp_path / "file" / "chroma"))


# one owner

HOLDER = """
import sys, time
from memory.chroma_store import ChromaStore
store = ChromaStore.open(sys.argv[1])
n = 0
print("open", flush=True)
while len(sys.argv) > 2:
    store.put(("u",), str(n), {"n": n})
    print(n, flush=True)
    n += 1
time.sleep(60)
"""


def holder(directory: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLDER, str(directory), *more]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def test_a_second_process_is_refused_by_number_until_the_first_is_gone_however_it_went(tmp_path):
    process = holder(tmp_path)
    try:
        with pytest.raises(StoreLocked, match=rf"in use by process {process.pid}\b.*chroma run") as refusal:
            ChromaStore.open(str(tmp_path))
        assert refusal.value.owner == process.pid
    finally:
        process.kill()
        process.communicate()
    with ChromaStore.from_conn_string(str(tmp_path)) as store:
        store.put(("u",), "k", {})


def test_no_acknowledged_put_is_lost_when_the_owner_is_killed(tmp_path):
    process = holder(tmp_path, "write")
    acknowledged = [process.stdout.readline().strip() for _ in range(25)]
    os.kill(process.pid, signal.SIGKILL)
    acknowledged += [line.strip() for line in process.stdout if line.endswith("\n")]
    process.wait()
    process.stdout.close()
    with ChromaStore.from_conn_string(str(tmp_path)) as store:
        kept = {entry.key for entry in store.search(("u",), limit=10_000)}
    assert set(acknowledged) <= kept


def test_a_forked_child_is_refused_and_does_not_keep_the_lock(tmp_path):
    store = ChromaStore.open(str(tmp_path))
    child = os.fork()
    if child == 0:
        try:
            store.get(("u",), "k")
        except StoreClosed:
            time.sleep(1)
            os._exit(0)
        os._exit(1)
    store.close()
    ChromaStore.open(str(tmp_path)).close()  # the child still runs
    assert os.waitpid(child, 0)[1] == 0


# a server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Chroma server on a free loopback port."""
    with chroma_server(tmp_path_factory.mktemp("server")) as url:
        yield url


def test_a_server_holds_the_same_store_for_several_clients(server, embedder):
    with (
        ChromaStore.from_conn_string(server, index=index_for(embedder)) as first,
        ChromaStore.from_conn_string(server, index=index_for(embedder)) as second,
    ):
        first.put(("u", "ann"), "k", {"text": "red fox", "n": 1})
        first.put(("u", "annabel"), "k", {"text": "red fox", "n": 2})
        [hit] = second.search(("u", "ann"), query="red fox")
        assert (hit.key, hit.value["n"], hit.score) == ("k", 1, pytest.approx(1, abs=1e-5))
        assert first.search(("u", "ann"), query="red fox")[0].score == pytest.approx(1, abs=1e-5)
        second.put(("u", "ann"), "k", {"text": "blue whale", "n": 3})
        assert first.get(("u", "ann"), "k").value["n"] == 3
        assert first.search(("u", "ann"), query="red fox")[0].score == pytest.approx(0, abs=1e-5)
        assert first.list_namespaces(prefix=("u",)) == [("u", "ann"), ("u", "annabel")]


def test_a_server_that_is_not_there_is_named(unused_tcp_port):
    with pytest.raises(StoreUnreachable, match=rf"http://127.0.0.1:{unused_tcp_port}.*stores.chroma"):
        ChromaStore.open(f"http://127.0.0.1:{unused_tcp_port}")


# nobody sees another's

LOOK_ALIKES = [
    "ann",
    "ann.b",
    "ann%",
    "ann/..",
    "ann*",
    "an",
    "Ann",
    "ännu",
    "ann\n",
    "ann:0",
    "a" * 300,
    "ann%2Eb",
    " ann",
]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(LOOK_ALIKES), st.sampled_from(["put", "delete"]), st.sampled_from(["k", "k2", "ann"])
        ),
        max_size=12,
    )
)
def test_whatever_look_alikes_do_each_sees_exactly_their_own(shared_store, operations):
    store = shared_store
    truth: dict[str, dict[str, int]] = {user: {} for user in LOOK_ALIKES}
    store.batch([PutOp(hit.namespace, hit.key, None) for hit in store.search((), limit=1000)])
    for number, (user, what, key) in enumerate(operations):
        if what == "put":
            store.put(("notes", label_of(user)), key, {"text": f"fox {number}", "owner": user, "n": number})
            truth[user][key] = number
        else:
            store.delete(("notes", label_of(user)), key)
            truth[user].pop(key, None)
    for user, own in truth.items():
        for hits in (
            store.search(("notes", label_of(user)), limit=100),
            store.search(("notes", label_of(user)), query="fox", limit=100),
            store.search(("notes", label_of(user)), filter={"n": {"$gte": 0}}, limit=100),
        ):
            assert {hit.key: hit.value["n"] for hit in hits} == own
            assert {hit.value["owner"] for hit in hits} <= {user}


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaStore]:
    folder = str(tmp_path_factory.mktemp("chroma"))
    with ChromaStore.from_conn_string(folder, index=index_for(WordEmbedder())) as store:
        yield store


@given(st.text(), st.text())
def test_different_ids_have_different_labels_and_each_comes_back(left, right):
    assert (label_of(left) == label_of(right)) == (left == right)
    assert id_of(label_of(left)) == left
    assert not set(label_of(left)) & set(".*\x00")
    assert label_of(left)


def test_importing_memory_loads_nothing_heavy():
    modules = sorted(f"memory.{path.stem}" for path in (REPOSITORY / "memory").glob("[a-z]*.py"))
    code = f"""
import importlib, sys
for name in {modules}: importlib.import_module(name)
print([name for name in ("torch", "transformers", "litellm", "chromadb", "streamlit", "scipy") if name in sys.modules])
"""
    answer = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
