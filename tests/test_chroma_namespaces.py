"""Listing namespaces: no entry is read for it, and whatever is killed or raced, each that holds an entry is listed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from langgraph.store.base import PutOp

from memory.chroma_rows import Rows
from memory.chroma_store import ChromaStore
from memory.errors import StoreFailed
from memory.records import Namespace
from tests.chroma_server import chroma_server

REPOSITORY = Path(__file__).parents[1]
ANN, BEN, DEEP = ("u", "ann"), ("u", "ben"), ("u", "ann", "deep")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ChromaStore]:
    with ChromaStore.from_conn_string(str(tmp_path)) as opened:
        yield opened


def test_the_first_listing_of_a_process_reads_no_entry(tmp_path, monkeypatch):
    with ChromaStore.from_conn_string(str(tmp_path)) as store:
        store.batch([PutOp(("u", str(n % 30)), str(n), {}) for n in range(90)])
    with ChromaStore.from_conn_string(str(tmp_path)) as store:
        read = list[str]()
        ask = Rows._ask
        monkeypatch.setattr(
            Rows, "_ask", lambda rows, *how, **named: read.append(rows.collection.name) or ask(rows, *how, **named)
        )
        assert store.list_namespaces(limit=100) == sorted(("u", str(n)) for n in range(30))
        assert read == ["palate-namespaces"]


def test_a_namespace_is_listed_until_its_last_entry_is_gone_whichever_goes_first(store):
    for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2]):
        store.batch([PutOp(ANN, str(n), {}) for n in range(3)])
        store.put(DEEP, "k", {})  # its own, though under the same labels
        for n in order:
            assert store.list_namespaces() == [ANN, DEEP]
            store.delete(ANN, str(n))
        assert store.list_namespaces() == [DEEP]
        store.delete(DEEP, "k")
        assert store.list_namespaces() == []


def test_what_empties_a_namespace_and_fills_it_again_in_one_batch_leaves_it_listed(store):
    store.put(ANN, "old", {})
    store.batch([PutOp(ANN, "old", None), PutOp(ANN, "new", {}), PutOp(BEN, "k", {})])
    assert store.list_namespaces() == [ANN, BEN]
    store.batch([PutOp(ANN, "new", None), PutOp(BEN, "k", None)])
    assert store.list_namespaces() == []


def test_what_is_swept_is_listed_no_longer_and_all_else_is(tmp_path):
    now = [datetime(2026, 11, 20, tzinfo=UTC)]
    store = ChromaStore.open(str(tmp_path), clock=lambda: now[0])
    for namespace, minutes in ((ANN, 1), (DEEP, 5), (BEN, None)):
        store.put(namespace, "k", {}, ttl=minutes)
    now[0] += timedelta(minutes=2)
    assert store.sweep_ttl() == 1
    assert store.list_namespaces() == [DEEP, BEN]
    store.close()


def killed(directory: Path, where: str, what: str) -> None:
    """Have another process do something to the store, killed where it is said."""
    code = (
        "import os, signal, sys; import memory.chroma_layout, memory.chroma_namespaces as n\n"
        "from memory.chroma_store import ChromaStore\n"
        "die = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"store = ChromaStore.open(sys.argv[1]); {where} = die; {what}"
    )
    done = subprocess.run([sys.executable, "-c", code, str(directory)], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_killed_between_the_row_and_its_entry_the_namespace_is_not_listed(tmp_path):
    with ChromaStore.from_conn_string(str(tmp_path)) as store:
        store.put(BEN, "k", {})
    killed(tmp_path, "memory.chroma_layout.Collections.write", "store.put(('u', 'ann'), 'k', {})")
    with ChromaStore.from_conn_string(str(tmp_path)) as store:
        assert store.list_namespaces() == [BEN]


@pytest.mark.parametrize("last", [True, False], ids=["last", "one_of_two"])
def test_killed_right_after_an_entry_was_deleted_its_namespace_is_listed_where_another_is_left(tmp_path, last):
    with ChromaStore.from_conn_string(str(tmp_path)) as store:
        store.put(ANN, "k", {})
        if not last:
            store.put(ANN, "k2", {})
    killed(tmp_path, "n.NamespaceRows.settle", "store.delete(('u', 'ann'), 'k')")
    with ChromaStore.from_conn_string(str(tmp_path)) as store:
        assert store.list_namespaces() == ([] if last else [ANN])
        store.delete(ANN, "k2")
        assert store.list_namespaces() == []


def test_a_put_that_fails_leaves_no_namespace(store, monkeypatch):
    def fail(*_: object) -> None:
        raise StoreFailed("here", "write", "the disk is full")

    store.put(BEN, "k", {})
    with monkeypatch.context() as patched:
        patched.setattr(store._connection.collections, "write", fail)
        with pytest.raises(StoreFailed):
            store.put(ANN, "k", {})
    assert store.list_namespaces() == [BEN]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chroma_server(tmp_path_factory.mktemp("server")) as url:
        yield url


@pytest.fixture
def two(server: str) -> Iterator[tuple[ChromaStore, ChromaStore]]:
    """Two clients of one server, which holds nothing."""
    with ChromaStore.from_conn_string(server) as first, ChromaStore.from_conn_string(server) as second:
        first.batch([PutOp(hit.namespace, hit.key, None) for hit in first.search((), limit=10_000)])
        yield first, second


def test_what_another_client_puts_while_the_last_entry_is_taken_away_is_listed(two, monkeypatch):
    first, second = two
    first.put(ANN, "k", {})
    delete = first._connection.collections.namespaces.delete

    def late(ids: list[str]) -> None:
        if ids:
            second.put(ANN, "k2", {})  # after nothing was found left, before the row is gone
        delete(ids)

    with monkeypatch.context() as patched:
        patched.setattr(first._connection.collections.namespaces, "delete", late)
        first.delete(ANN, "k")
    assert first.list_namespaces() == second.list_namespaces() == [ANN]
    second.delete(ANN, "k2")
    assert first.list_namespaces() == second.list_namespaces() == []


def test_what_is_put_while_another_client_takes_the_last_entry_away_is_listed(two, monkeypatch):
    first, second = two
    first.put(ANN, "k", {})
    write = second._connection.collections.write

    def late(puts: object) -> None:
        first.delete(ANN, "k")  # after the namespace was seen, before the entry is there
        write(puts)

    with monkeypatch.context() as patched:
        patched.setattr(second._connection.collections, "write", late)
        second.put(ANN, "k2", {})
    assert first.list_namespaces() == second.list_namespaces() == [ANN]


def test_what_another_client_deletes_right_after_it_was_put_leaves_no_namespace(two, monkeypatch):
    first, second = two
    write = second._connection.collections.write

    def late(puts: object) -> None:
        write(puts)
        first.delete(ANN, "k")  # before the one that put it has looked again

    with monkeypatch.context() as patched:
        patched.setattr(second._connection.collections, "write", late)
        second.put(ANN, "k", {})
    assert first.list_namespaces() == second.list_namespaces() == []


def test_clients_that_put_and_delete_side_by_side_agree_on_what_is_there(two):
    places: list[Namespace] = [("race", str(n)) for n in range(3)]

    def work(store: ChromaStore, seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(25):
            store.batch([PutOp(chance.choice(places), chance.choice("ab"), chance.choice([{}, None]))])

    threads = [threading.Thread(target=work, args=(store, seed)) for seed, store in enumerate(two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = sorted({hit.namespace for hit in two[0].search(("race",), limit=100)})
    assert two[0].list_namespaces() == two[1].list_namespaces() == held


def test_a_client_that_was_killed_leaves_no_namespace_without_an_entry_to_the_next(server, two):
    first, _ = two
    first._connection.namespace_rows.announce({ANN: "0" * 40})  # as far as it came
    with ChromaStore.from_conn_string(server) as third:
        assert third.list_namespaces() == []
