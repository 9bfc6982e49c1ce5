"""A Chroma directory written anew: nothing deleted is left in its files, all else is as it was, whatever is killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from langgraph.store.base import PutOp

from memory.chroma_store import ChromaStore
from memory.embedding import index_for
from memory.errors import StoreFailed
from memory.file_scan import Search, Sought, files_under
from tests.word_embedder import WordEmbedder

REPOSITORY = Path(__file__).parents[1]
CANARY = "a canary of vermilion feathers in a disused coal mine"
OTHERS = [f"{colour} {animal}" for colour in ("red", "blue") for animal in ("fox", "owl", "whale")]


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


@pytest.fixture
def store(tmp_path: Path, embedder: WordEmbedder) -> Iterator[ChromaStore]:
    with ChromaStore.from_conn_string(str(tmp_path / "chroma"), index=index_for(embedder)) as opened:
        for number, text in enumerate(OTHERS):
            opened.put(("others", f"n{number % 2}"), f"k{number}", {"text": text, "price": number})
        opened.put(("own",), "canary", {"text": CANARY})
        yield opened


def left(folder: Path, embedder: WordEmbedder) -> set[str]:
    """What the files hold of the canary: its text, its vector, its key."""
    search = Search(Sought((CANARY,), tuple(embedder.embed([CANARY]))))
    return {one.kind for path, name in files_under([folder]) for one in search.in_file(path, name)}


def told(store: ChromaStore) -> list[object]:
    """Everything a reader can ask of what others hold."""
    searches = [store.search((), query=text, limit=20) for text in [*OTHERS, "red", "canary"]]
    searches.append(store.search(("others",), filter={"price": {"$gte": 3}}))
    hits = [[hit.dict() for hit in hits if hit.namespace[0] == "others"] for hits in searches]
    return [hits, [one for one in store.list_namespaces() if one[0] == "others"]]


def same(before: object, after: object) -> bool:
    """Equal, scores to a millionth: Chroma scales a vector to length 1 whenever it is written."""
    if isinstance(before, float) and isinstance(after, float):
        return abs(before - after) <= 1e-6
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(same(before[key], after[key]) for key in before)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(same, before, after))
    return before == after


def test_deleted_text_and_vectors_are_in_the_files_until_they_are_written_anew(store, embedder, tmp_path):
    store.delete(("own",), "canary")
    before = told(store)
    assert left(tmp_path, embedder) == {"text", "vector"}  # or this test would prove nothing
    assert store.rebuild()
    assert left(tmp_path, embedder) == set()
    assert same(before, told(store))
    store.put(("own",), "again", {"text": "red fox"})  # and it goes on
    assert [hit.key for hit in store.search(("own",), query="fox")] == ["again"]


def test_the_index_files_are_written_anew_as_well(tmp_path):
    """Beyond a thousand rows Chroma keeps vectors in files of their own, and there too what was deleted."""
    embedder = WordEmbedder(dims=64)
    path = tmp_path / "chroma"
    many = [PutOp(("others",), f"k{n}", {"text": f"w{n % 40} w{n % 7} w{n % 11}"}, index=["text"]) for n in range(1200)]
    with ChromaStore.from_conn_string(str(path), index=index_for(embedder), exact_limit=0) as store:
        store.put(("own",), "canary", {"text": CANARY})
        store.batch(many)
        store.delete(("own",), "canary")
        vector = Search(Sought((), tuple(embedder.embed([CANARY]))))
        index = [one for one in files_under([path]) if one[1].endswith("data_level0.bin")]
        assert any(vector.in_file(*one) for one in index)
        assert store.rebuild()
        assert left(path, embedder) == set()
        assert len(store.search((), limit=2000)) == 1200


def test_after_reopening_everything_is_there_and_the_embedder_is_still_asked_for(store, embedder, tmp_path):
    store.delete(("own",), "canary")
    before = told(store)
    assert store.rebuild()
    store.close()
    with ChromaStore.from_conn_string(str(tmp_path / "chroma"), index=index_for(embedder)) as again:
        assert same(before, told(again))
    with pytest.raises(Exception, match="built with words"):
        ChromaStore.open(str(tmp_path / "chroma"), index=index_for(WordEmbedder(name="other")))


def test_whoever_reads_next_writes_no_index_anew(store, embedder, tmp_path):
    """Chroma makes the files of an index when it is first read, with what memory held: the writer must have done so."""

    def written() -> dict[str, tuple[int, int]]:
        return {
            name: (path.stat().st_mtime_ns, path.stat().st_ino)
            for path, name in files_under([tmp_path])
            if "-" in Path(name).parent.name  # the folder of an index
        }

    store.delete(("own",), "canary")
    assert store.rebuild()
    before = written()
    assert any(name.endswith("data_level0.bin") for name in before)
    told(store)
    list(store.contents())
    store.close()
    with ChromaStore.from_conn_string(str(tmp_path / "chroma"), index=index_for(embedder), exact_limit=0) as again:
        told(again)
        list(again.contents())
    assert written() == before


def test_every_index_is_made_by_the_writer_with_nothing_in_its_reserve(store, tmp_path):
    """Also that of a collection of no rows: else this process, which read the canary, would make it."""
    store.delete(("own",), "canary")
    assert store.rebuild()
    indexes = [path for path, _ in files_under([tmp_path]) if path.name == "data_level0.bin"]
    assert len(indexes) == len(store._connection.client.list_collections()) == 3
    for index in indexes:
        data = index.read_bytes()
        assert not any(data[len(data) // 2 :])  # it has room for a hundred rows
    assert store._connection.vectors.count() == 0


def test_after_an_erasure_memory_is_handed_out_as_zeros_so_that_no_growing_index_keeps_what_was_freed():
    code = """
import ctypes, sys
from memory.scrubbed import hand_out_zeros
if sys.argv[1:] and not hand_out_zeros(): sys.exit(print("cannot"))
c = ctypes.CDLL(None)
c.malloc.restype, c.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
place = c.malloc(50_000)
ctypes.memset(place, 7, 50_000)
c.free(place)
print(ctypes.string_at(c.malloc(50_000), 50_000).count(7))
"""

    def run(*arguments: str) -> str:
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.strip()

    if (cleared := run("clear")) == "cannot":
        pytest.skip("this C library cannot clear memory")
    assert int(run()) > 40_000
    assert cleared == "0"


def test_all_stores_of_the_directory_go_on_with_the_new_files(store, embedder, tmp_path):
    with ChromaStore.from_conn_string(str(tmp_path / "chroma"), index=index_for(embedder)) as other:
        store.delete(("own",), "canary")
        other.search((), query="red fox")
        assert store.rebuild()
        other.put(("others", "new"), "k", {"text": "green newt"})
        assert [hit.key for hit in store.search((), query="newt", limit=1)] == ["k"]


def test_a_store_without_vectors_is_written_anew_too(tmp_path):
    with ChromaStore.from_conn_string(str(tmp_path / "plain")) as store:
        store.put(("own",), "canary", {"text": CANARY})
        store.put(("others",), "k", {"text": "stays"})
        store.delete(("own",), "canary")
        assert store.rebuild()
        assert left(tmp_path, WordEmbedder()) == set()
        assert store.get(("others",), "k").value == {"text": "stays"}


def test_a_vector_left_behind_by_a_crash_is_not_taken_along(store, embedder, tmp_path):
    """Its entry was never written, so nobody could name it to delete it."""
    store.delete(("own",), "canary")
    assert store.rebuild()
    rows = store._connection.vectors
    rows.upsert([f"{'0' * 40}:abc:0"], embedder.embed([CANARY]), [{"ns0": '"own"'}])
    assert left(tmp_path, embedder) == {"vector"}
    assert store.rebuild()
    assert left(tmp_path, embedder) == set()


def test_a_disk_that_fails_leaves_the_old_directory_in_use(store, embedder, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = told(store)
    monkeypatch.setattr("memory.chroma_swap.sync_tree", full)
    with pytest.raises(StoreFailed, match="No space left"):
        assert store.rebuild()
    assert same(before, told(store))
    assert store.get(("own",), "canary") is not None
    monkeypatch.undo()
    assert store.rebuild()


def test_killed_at_any_step_the_old_content_or_the_new_is_whole_when_the_swap_is_finished(tmp_path):
    """And killed again while it is finished, at any step of that."""
    command = [sys.executable, "-m", "tests.killed_swap", str(tmp_path)]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["outcomes"] == ["new", "old"]
    assert told["steps"] > 15


@pytest.mark.slow
def test_killed_in_the_middle_the_store_opens_with_all_it_held(tmp_path, embedder):
    """The whole of it, with Chroma: once while the new files are written, once while they take their place."""
    code = (
        "import os, signal, sys; import memory.chroma_rebuild as r; from memory.chroma_store import ChromaStore\n"
        "from memory.embedding import index_for; from tests.word_embedder import WordEmbedder\n"
        "store = ChromaStore.open(sys.argv[1], index=index_for(WordEmbedder()))\n"
        "die = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        "exec(sys.argv[2]); store.rebuild()"
    )
    path = str(tmp_path / "chroma")
    for fatal in ("r._send = die", "import memory.chroma_swap as s; s.sync_folder = die"):
        with ChromaStore.from_conn_string(path, index=index_for(embedder)) as store:
            store.put(("others",), "k", {"text": "red fox"})
            expected = told(store)
        done = subprocess.run([sys.executable, "-c", code, path, fatal], cwd=REPOSITORY, capture_output=True, text=True)
        assert done.returncode == -signal.SIGKILL, done.stderr
        with ChromaStore.from_conn_string(path, index=index_for(embedder)) as store:
            assert same(expected, told(store))
        assert not list((tmp_path / "chroma").glob("rebuild*"))
