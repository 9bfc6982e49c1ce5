"""A damaged index is found when a directory is opened, and made anew from the entries; nothing of them is lost."""

from __future__ import annotations

import logging
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from langgraph.store.base import IndexConfig, PutOp

from memory.chroma_lock import LOCK_FILE
from memory.chroma_store import ChromaStore
from memory.errors import StoreDamaged
from tests.word_embedder import WordEmbedder

MANY = 1100  # beyond a thousand rows Chroma keeps an index on the disk


def index() -> IndexConfig:
    return IndexConfig(dims=256, embed=WordEmbedder().embed, fields=["text"])


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of many entries, one of them with several vectors, one without any, one with a time to live."""
    folder = tmp_path_factory.mktemp("kept") / "chroma"
    with ChromaStore.from_conn_string(str(folder), index=index()) as store:
        store.batch([PutOp(("u",), f"k{n:04}", {"text": f"w{n % 50} w{n % 7}", "n": n}) for n in range(MANY)])
        store.put(("own",), "parts", {"parts": ["red fox", "blue whale"]}, index=["parts[*]"])
        store.put(("own",), "silent", {"text": "red fox"}, index=False)
        store.put(("own",), "ends", {"text": "green newt"}, ttl=600)
    return folder


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / "chroma"))


def told(store: ChromaStore) -> list[object]:
    searches = [store.search((), query=text, limit=1) for text in ("red fox", "blue whale", "green newt")]
    hits = [[(hit.key, hit.value, hit.created_at, round(hit.score or -9, 4)) for hit in hits] for hits in searches]
    scores = [round(hit.score or -9, 4) for hit in store.search((), query="w3 w3", limit=50)]
    return [hits, scores, len(store.search((), limit=5000)), store.get(("own",), "silent"), store.get(("own",), "ends")]


def segment(folder: Path) -> Path:
    return max(folder.glob("*/data_level0.bin"), key=lambda path: path.stat().st_size).parent


def cut(name: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = segment(folder) / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return damage


DAMAGES: dict[str, Callable[[Path], None]] = {
    "folder_gone": lambda folder: shutil.rmtree(segment(folder)),
    "header_gone": lambda folder: (segment(folder) / "header.bin").unlink(),
    "vectors_cut": cut("data_level0.bin"),
    "ids_gone": lambda folder: (segment(folder) / "index_metadata.pickle").unlink(),
    "ids_cut": cut("index_metadata.pickle"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_index_is_made_anew_when_the_directory_is_opened(kept, folder, name, caplog):
    with ChromaStore.from_conn_string(str(kept), index=index()) as store:
        expected = told(store)
    DAMAGES[name](folder)
    with (
        caplog.at_level(logging.WARNING, "memory"),
        ChromaStore.from_conn_string(str(folder), index=index(), exact_limit=0) as store,
    ):
        assert "was damaged" in caplog.text
        assert told(store) == expected
        store.put(("own",), "later", {"text": "red fox"})
    caplog.clear()
    with ChromaStore.from_conn_string(str(folder), index=index()) as store:
        assert "damaged" not in caplog.text
        assert {hit.key for hit in store.search(("own",), query="red fox", limit=2)} == {"parts", "later"}


def test_an_index_that_ends_the_process_is_found_by_another_one_after_a_crash(kept, folder, caplog):
    """Chroma dies of it, with a segmentation fault: what a kill in the middle of its writing may leave."""
    with ChromaStore.from_conn_string(str(kept), index=index()) as store:
        expected = told(store)
    cut("header.bin")(folder)
    (folder / LOCK_FILE).write_text("4711")  # the owner was killed
    with ChromaStore.from_conn_string(str(folder), index=index()) as store:
        assert "was damaged" in caplog.text
        assert told(store) == expected


def test_a_healthy_directory_is_left_alone_after_a_crash(kept, folder, caplog):
    (folder / LOCK_FILE).write_text("4711")
    with ChromaStore.from_conn_string(str(folder), index=index()) as store:
        assert told(store)[2] == MANY + 3
    assert caplog.text == ""


def test_without_an_embedder_the_entries_are_read_and_the_next_opening_with_one_repairs(folder, caplog):
    DAMAGES["ids_cut"](folder)
    with ChromaStore.from_conn_string(str(folder)) as store:
        assert "nothing can be searched for" in caplog.text
        assert len(store.search((), limit=5000)) == MANY + 3
        store.put(("own",), "meanwhile", {"text": "red fox"})
    with ChromaStore.from_conn_string(str(folder), index=index()) as store:
        hits = store.search((), query="blue whale", limit=1)
        assert (hits[0].key, hits[0].score) == ("parts", pytest.approx(1, abs=1e-5))


def test_an_embedder_that_fails_is_told_and_nothing_is_taken_away(folder):
    DAMAGES["vectors_cut"](folder)
    before = sorted(path.name for path in folder.rglob("*"))

    def broken(texts):
        raise OSError("no model here")

    with pytest.raises(StoreDamaged, match=r"no model here.*open it without `index` to read them"):
        ChromaStore.open(str(folder), index=IndexConfig(dims=256, embed=broken, fields=["text"]))
    assert sorted(path.name for path in folder.rglob("*")) == before


def test_a_store_that_never_had_an_index_is_repaired_too(tmp_path, caplog):
    path = tmp_path / "plain"
    with ChromaStore.from_conn_string(str(path)) as store:
        store.batch([PutOp(("u",), f"k{n}", {"n": n}) for n in range(MANY)])
    shutil.rmtree(segment(path))
    with ChromaStore.from_conn_string(str(path)) as store:
        assert "was damaged" in caplog.text
        assert len(store.search((), limit=5000)) == MANY
        assert store.get(("u",), "k7").value == {"n": 7}


def test_a_directory_just_made_is_healthy(tmp_path, caplog):
    for _ in range(2):
        with ChromaStore.from_conn_string(str(tmp_path), index=index()):
            pass
    assert caplog.text == ""


def test_an_index_that_grew_and_has_room_to_spare_is_healthy(tmp_path, caplog):
    """Chroma then writes its files as far as they are used, and not as large as it has room for."""
    with ChromaStore.from_conn_string(str(tmp_path), index=index()) as store:
        for start in range(0, 1_080, 40):
            store.batch([PutOp(("u",), f"k{n}", {"text": f"w{n}"}) for n in range(start, start + 40)])
    header = struct.unpack_from("<iQQQQ", (segment(tmp_path) / "header.bin").read_bytes())
    assert header[2] > header[3] > 0  # more room than rows, or this test says nothing
    with ChromaStore.from_conn_string(str(tmp_path), index=index()) as store:
        assert len(store.search((), limit=5_000)) == 1_080
    assert caplog.text == ""
