"""How the store on Chroma lies on the disk: an older layout is read, a newer one refused, a later index gets room."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from memory.chroma_client import open_client
from memory.chroma_layout import FORMAT
from memory.chroma_store import ChromaStore
from memory.embedding import index_for
from memory.errors import StoreNewer
from memory.records import labels_metadata, record_id_of
from tests.word_embedder import WordEmbedder

BORN = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
OLD = {
    (("u", "ann"), "one"): ["red fox"],
    (("u", "ann"), "two"): ["blue whale", "green newt"],
    (("u", "ben"), "none"): [],
}


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


def write_format_1(path: Path, embedder: WordEmbedder) -> None:
    """A directory as the first layout had it: every vector in a collection of its own."""
    client = open_client(path)
    records = client.create_collection("palate-records", embedding_function=None, metadata={"format": 1})
    about = {"format": 1, "dims": embedder.dims, "embedder": embedder.name}
    vectors = client.create_collection(
        "palate-vectors", embedding_function=None, metadata=about, configuration={"hnsw": {"space": "cosine"}}
    )
    for (namespace, key), texts in OLD.items():
        times = [BORN.isoformat(), BORN.isoformat()]
        document = json.dumps([namespace, key, *times, "stamp", len(texts)]) + "\n" + json.dumps({"texts": texts})
        record_id, labels = record_id_of(namespace, key), labels_metadata(namespace)
        records.upsert([record_id], np.ones((1, 2), np.float32), [labels], [document])
        for number, text in enumerate(texts):
            vectors.upsert([f"{record_id}:stamp:{number}"], embedder.embed([text]), [labels])
    client.close()


def assert_old_entries(store: ChromaStore) -> None:
    assert len(store.search(())) == 3
    for (namespace, key), texts in OLD.items():
        entry = store.get(namespace, key)
        assert entry is not None
        assert (entry.value, entry.created_at, entry.updated_at) == ({"texts": texts}, BORN, BORN)
    assert store.list_namespaces() == [("u", "ann"), ("u", "ben")]
    for text, key in (("red fox", "one"), ("blue whale", "two"), ("green newt", "two")):
        [first, *_] = store.search(("u",), query=text)
        assert (first.key, first.score) == (key, pytest.approx(1, abs=1e-5))
    assert [hit.score for hit in store.search(("u", "ben"), query="fox")] == [None]


@pytest.mark.parametrize("exact_limit", [100, 0])
def test_a_directory_of_the_first_layout_is_brought_to_this_one(tmp_path, embedder, exact_limit):
    write_format_1(tmp_path, embedder)
    for _ in range(2):
        with ChromaStore.from_conn_string(str(tmp_path), index=index_for(embedder), exact_limit=exact_limit) as store:
            assert_old_entries(store)
            assert store._connection.records.collection.metadata["format"] == FORMAT
            assert store._connection.vectors.count() == 1  # the second text of one entry; the first are in its row


def write_format_2(path: Path, embedder: WordEmbedder) -> None:
    """A directory as the second layout had it: each label by itself, and no rows of namespaces."""
    with ChromaStore.from_conn_string(str(path), index=index_for(embedder)) as store:
        for (namespace, key), texts in OLD.items():
            store.put(namespace, key, {"texts": texts}, index=["texts[*]"])
            record_id, labels = record_id_of(namespace, key), dict(enumerate(namespace))
            old = {f"ns{depth}": json.dumps(label) for depth, label in labels.items()}
            store._connection.records.update([record_id], [old])
            for row in store._connection.vectors.collection.get()["ids"]:
                store._connection.vectors.update([row], [old])
        store._connection.client.delete_collection("palate-namespaces")
        collection = store._connection.records.collection
        collection.modify(metadata=dict(collection.metadata) | {"format": 2})


@pytest.mark.parametrize("exact_limit", [100, 0])
@pytest.mark.parametrize("broken_off_at", ["announce", "update", "modify", None])
def test_a_directory_of_the_second_layout_is_brought_to_this_one_however_often_it_is_broken_off(
    tmp_path, embedder, exact_limit, broken_off_at, monkeypatch
):
    from chromadb import Collection

    from memory.chroma_namespaces import NamespaceRows
    from memory.chroma_rows import Rows

    def broken_off(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    write_format_2(tmp_path, embedder)
    if broken_off_at:
        place = {"announce": NamespaceRows, "update": Rows, "modify": Collection}[broken_off_at]
        with monkeypatch.context() as patched:
            patched.setattr(place, broken_off_at, broken_off)
            with pytest.raises(KeyboardInterrupt):
                ChromaStore.open(str(tmp_path), index=index_for(embedder))
    for _ in range(2):
        with ChromaStore.from_conn_string(str(tmp_path), index=index_for(embedder), exact_limit=exact_limit) as store:
            assert store.list_namespaces() == [("u", "ann"), ("u", "ben")]
            assert {hit.key for hit in store.search(("u", "ann"))} == {"one", "two"}
            for text, key in (("red fox", "one"), ("blue whale", "two"), ("green newt", "two")):
                [first, *_] = store.search(("u", "ann"), query=text)
                assert (first.key, first.score) == (key, pytest.approx(1, abs=1e-5))
            assert store._connection.records.collection.metadata["format"] == FORMAT


def test_killed_before_the_new_collection_took_its_name_it_does_so_at_the_next_opening(tmp_path, embedder, monkeypatch):
    from chromadb import Collection

    class Killed(BaseException):
        pass

    def killed(self: Collection, **_: object) -> None:
        raise Killed

    write_format_1(tmp_path, embedder)
    with monkeypatch.context() as patched:
        patched.setattr(Collection, "modify", killed)
        with pytest.raises(Killed):
            ChromaStore.open(str(tmp_path), index=index_for(embedder))
    with ChromaStore.from_conn_string(str(tmp_path), index=index_for(embedder)) as store:
        assert_old_entries(store)


def test_killed_while_the_new_collection_was_written_it_begins_again(tmp_path, embedder, monkeypatch):
    import memory.chroma_layout as layout

    write_format_1(tmp_path, embedder)
    client = open_client(tmp_path)
    half = client.create_collection(layout._NEXT, embedding_function=None, metadata={"format": FORMAT, "dims": 256})
    half.upsert(["0" * 40], np.ones((1, 256), np.float32), [{"ns0": '"u"'}], ["half written"])
    client.close()
    with ChromaStore.from_conn_string(str(tmp_path), index=index_for(embedder)) as store:
        assert_old_entries(store)


def test_a_store_kept_without_an_index_gets_one_later(tmp_path, embedder):
    path = str(tmp_path)
    with ChromaStore.from_conn_string(path) as store:
        store.put(("u",), "before", {"text": "red fox"})
        first = store.get(("u",), "before")
    with ChromaStore.from_conn_string(path, index=index_for(embedder)) as store:
        assert store.get(("u",), "before") == first
        store.put(("u",), "after", {"text": "red fox"})
        hits = store.search(("u",), query="red fox")
        assert [(hit.key, hit.score) for hit in hits] == [("after", pytest.approx(1)), ("before", None)]


def test_a_store_with_an_index_is_read_and_written_without_one(tmp_path, embedder):
    path = str(tmp_path)
    with ChromaStore.from_conn_string(path, index=index_for(embedder)) as store:
        store.put(("u",), "kept", {"text": "red fox"})
        store.put(("u",), "changed", {"text": "red fox"})
    with ChromaStore.from_conn_string(path) as store:
        store.put(("u",), "changed", {"text": "blue whale"})
        assert [hit.key for hit in store.search(("u",), query="fox")] == ["changed", "kept"]
    with ChromaStore.from_conn_string(path, index=index_for(embedder)) as store:
        hits = store.search(("u",), query="red fox")
        assert [(hit.key, hit.score) for hit in hits] == [("kept", pytest.approx(1)), ("changed", None)]


def test_an_index_wanted_while_another_store_of_the_process_has_the_directory_open(tmp_path, embedder):
    with ChromaStore.from_conn_string(str(tmp_path)) as plain:
        plain.put(("u",), "before", {"text": "red fox"})
        with ChromaStore.from_conn_string(str(tmp_path), index=index_for(embedder)) as indexed:
            indexed.put(("u",), "after", {"text": "red fox"})
            assert indexed.search(("u",), query="red fox")[0].key == "after"
        assert {hit.key for hit in plain.search(("u",))} == {"before", "after"}
        plain.put(("u",), "last", {})
        assert plain.get(("u",), "last") is not None


def test_a_newer_layout_is_refused_and_left_alone(tmp_path):
    client = open_client(tmp_path)
    client.create_collection("palate-records", embedding_function=None, metadata={"format": FORMAT + 1})
    client.close()
    for _ in range(2):
        with pytest.raises(StoreNewer, match=rf"format {FORMAT + 1}; this one reads format {FORMAT}.*upgrade"):
            ChromaStore.open(str(tmp_path))
