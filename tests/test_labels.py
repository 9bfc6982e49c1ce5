"""Ids as labels of namespaces: any id is safe, and nobody sees what a look-alike keeps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langgraph.store.base import (
    PutOp,
)

from memory.chroma_store import ChromaStore
from memory.embedding import index_for
from memory.labels import id_of, label_of
from tests.word_embedder import WordEmbedder

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
