"""Whose a directory is, and who shares it: one process, several stores of it, or the clients of a server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from memory.chroma_store import ChromaStore
from memory.embedding import index_for
from memory.errors import StoreClosed, StoreFailed, StoreLocked, StoreUnreachable
from tests.chroma_server import chroma_server
from tests.word_embedder import WordEmbedder

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


def test_two_stores_of_one_process_share_a_directory(tmp_path, embedder):
    with ChromaStore.from_conn_string(str(tmp_path), index=index_for(embedder)) as first:
        with ChromaStore.from_conn_string(str(tmp_path / "."), index=index_for(embedder)) as second:
            first.put(("u",), "k", {"text": "red fox"})
            second.put(("u",), "k", {"text": "blue whale"})
        assert first.get(("u",), "k").value == {"text": "blue whale"}
    with pytest.raises(StoreClosed, match="is closed"):
        first.get(("u",), "k")


def test_a_directory_that_cannot_be_made_is_an_error_with_its_name(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreFailed, match="file"):
        ChromaStore.open(str(tmp_path / "file" / "chroma"))


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
