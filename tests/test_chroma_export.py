"""A store as a file: everything of every entry comes back elsewhere, and a file that is not whole changes nothing."""

from __future__ import annotations

import json

import pytest

from memory.chroma_store import ChromaStore
from memory.embedding import index_for
from memory.errors import BadExport, StoreNewer
from tests.word_embedder import WordEmbedder


@pytest.fixture
def kept(tmp_path):
    with ChromaStore.from_conn_string(str(tmp_path / "one"), index=index_for(WordEmbedder())) as store:
        store.put(("u", "ann"), "k", {"text": "red fox 🦊", "n": [1, None, {"x": 0.1}]})
        store.put(("u", "bob\n"), 'k"', {"parts": ["blue whale", "green newt"]}, index=["parts[*]"])
        store.put(("u", "bob\n"), "silent \x00 \ud800", {"text": "red fox"}, index=False)
        store.put(("u",), "ends", {"text": "red barn"}, ttl=600)
        assert store.export(tmp_path / "all.jsonl") == 4
        yield store


def told(store):
    hits = [store.search((), query=text, limit=10) for text in ("red fox", "green newt")]
    scored = [[(one.namespace, one.key, one.value, one.created_at, one.updated_at) for one in some] for some in hits]
    return scored, [[one.score and round(one.score, 5) for one in some] for some in hits]


def test_everything_comes_back_in_another_store(kept, tmp_path):
    embedder = WordEmbedder()
    with ChromaStore.from_conn_string(str(tmp_path / "two"), index=index_for(embedder)) as store:
        store.put(("u", "ann"), "k", {"text": "will be replaced"})
        store.put(("own",), "stays", {"text": "purple"})
        embedder.calls.clear()
        assert store.load(tmp_path / "all.jsonl") == 4
        assert embedder.calls == []  # the vectors came along
        assert store.get(("own",), "stays") is not None
        store.delete(("own",), "stays")
        assert told(store) == told(kept)
        [ends] = [record for record, _ in store.contents() if record.key == "ends"]
        assert ends.ttl_minutes == 600
        assert ends.expires_at is not None


def test_another_embedder_makes_the_vectors_anew_and_none_leaves_them_out(kept, tmp_path):
    with ChromaStore.from_conn_string(str(tmp_path / "two"), index=index_for(WordEmbedder("other", 64))) as store:
        store.load(tmp_path / "all.jsonl")
        assert store.search((), query="green newt", limit=1)[0].key == 'k"'
    with ChromaStore.from_conn_string(str(tmp_path / "three")) as store:
        store.load(tmp_path / "all.jsonl")
        assert {hit.score for hit in store.search((), query="red fox")} == {None}
        assert store.get(("u", "ann"), "k") == kept.get(("u", "ann"), "k")


@pytest.mark.parametrize(
    ("damage", "error", "said"),
    [
        (lambda lines: lines[:-1], BadExport, "should hold more"),
        (lambda lines: [*lines[:2], *lines[3:]], BadExport, "3 entries and should hold 4"),
        (lambda lines: [*lines[:2], lines[2][:40], *lines[3:]], BadExport, "line 3"),
        (lambda lines: [*lines, lines[1]], BadExport, "follows its last line"),
        (lambda lines: [json.dumps({"format": "palate-store/2"}), *lines[1:]], StoreNewer, "palate-store/2.*upgrade"),
        (lambda lines: [], BadExport, "should hold more"),
    ],
    ids=["cut_short", "an_entry_missing", "a_line_cut", "a_line_too_many", "newer", "empty"],
)
def test_a_file_that_is_not_whole_changes_nothing(kept, tmp_path, damage, error, said):
    path = tmp_path / "all.jsonl"
    path.write_text("\n".join(damage(path.read_text().splitlines())))
    with ChromaStore.from_conn_string(str(tmp_path / "two"), index=index_for(WordEmbedder())) as store:
        with pytest.raises(error, match=said):
            store.load(path)
        assert store.search(()) == []
