"""What the store on Chroma promises beyond the contract of `tests/conformance`, with the embedded Chroma itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from langgraph.store.base import (
    BaseStore,
    IndexConfig,
    InvalidNamespaceError,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    SearchOp,
)

from memory.chroma_store import ChromaStore
from memory.embedding import index_for
from memory.errors import EmbedderFailed, StoreMismatch
from tests.word_embedder import WordEmbedder

pytest_plugins = ("tests.chroma_ways",)


def found(store: BaseStore, prefix: tuple[str, ...], **how: Any) -> list[str]:
    return [hit.key for hit in store.search(prefix, **how)]


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


def test_a_value_that_is_not_json_is_refused_by_name_and_nothing_of_its_batch_is_kept(store):
    with pytest.raises(ValueError, match=r"'bad' in u/ann is not JSON"):
        store.batch([PutOp(("u", "ann"), "good", {"a": 1}), PutOp(("u", "ann"), "bad", {"a": {1, 2}})])
    assert store.get(("u", "ann"), "good") is None


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


async def test_an_embedder_that_must_be_awaited_works_asynchronously_and_says_so_otherwise(tmp_path):
    async def embed(texts):
        return WordEmbedder().embed(texts)

    with ChromaStore.from_conn_string(str(tmp_path), index={"dims": 256, "embed": embed, "fields": ["text"]}) as store:
        await store.aput(("u",), "k", {"text": "red fox"})
        [hit] = await store.asearch(("u",), query="red fox")
        assert hit.score == pytest.approx(1)
        with pytest.raises(EmbedderFailed, match="awaited"):
            store.search(("u",), query="red fox")


def test_blank_and_missing_fields_have_no_vector(store, embedder):
    store.batch([PutOp(("u",), "blank", {"text": "  "}), PutOp(("u",), "missing", {"other": "x"})])
    assert embedder.calls == []
    assert len(store.search(("u",), query="x")) == 2


def test_everything_is_there_after_reopening(tmp_path, embedder):
    for _ in range(2):
        with ChromaStore.from_conn_string(str(tmp_path), index=index_for(embedder)) as store:
            store.put(("u",), "k", {"text": "red fox"})
            [hit] = store.search(("u",), query="red fox")
            assert hit.score == pytest.approx(1)
    assert hit.updated_at > hit.created_at


def test_a_batch_beyond_chromas_cap_is_kept_whole(tmp_path):
    index = IndexConfig(dims=2, embed=lambda texts: np.ones((len(texts), 2)), fields=["text"])
    with ChromaStore.from_conn_string(str(tmp_path), index=index) as store:
        store._connection.records.cap = store._connection.vectors.cap = 50
        store.batch([PutOp(("u",), str(n), {"text": str(n)}) for n in range(120)])
        assert len(store.search(("u",), limit=1000)) == 120
        assert len(store.search(("u",), query="x", limit=1000)) == 120
        store.batch([PutOp(("u",), str(n), None) for n in range(120)])
        assert store.search((), limit=1000) == []


def test_another_embedder_is_refused_by_name(tmp_path, embedder):
    with ChromaStore.from_conn_string(str(tmp_path), index=index_for(embedder)):
        pass
    for other in (WordEmbedder(name="other"), WordEmbedder(dims=64)):
        with pytest.raises(StoreMismatch, match=r"words \(256 dimensions\)"):
            ChromaStore.open(str(tmp_path), index=index_for(other))
    with ChromaStore.from_conn_string(str(tmp_path), index=index_for(embedder)):
        pass  # the refusals let go of the directory


def test_a_listing_by_what_nobody_defined_is_refused(store):
    with pytest.raises(ValueError, match="'middle'"):
        store.batch([ListNamespacesOp(match_conditions=(MatchCondition("middle", ("a",)),))])


def test_a_label_with_a_nul_is_refused(store):
    with pytest.raises(InvalidNamespaceError):
        store.batch([PutOp(("a\x00",), "k", {})])
