"""How long entries of the store on Chroma live, by a clock the test turns."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from langgraph.store.base import TTLConfig

from memory.chroma_store import ChromaStore
from memory.embedding import index_for
from tests.word_embedder import WordEmbedder


class Clock:
    """The time, turned by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def turn(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(tmp_path: Path, clock: Clock) -> Callable[..., ChromaStore]:
    """A store of the same directory, opened with this `ttl`."""
    stores: list[ChromaStore] = []

    def open_store(**ttl: object) -> ChromaStore:
        stores.append(
            ChromaStore.open(
                str(tmp_path / "chroma"), index=index_for(WordEmbedder()), ttl=TTLConfig(**ttl), clock=clock
            )
        )
        return stores[-1]

    yield open_store
    for store in stores:
        store.close()


def test_an_entry_ends_at_its_minute_and_no_earlier_also_after_reopening(make, clock):
    store = make()
    store.put(("u",), "short", {}, ttl=1)
    store.put(("u",), "long", {}, ttl=10)
    store.put(("u",), "ever", {})
    clock.turn(0.999)
    assert store.sweep_ttl() == 0
    store.close()
    store = make()
    clock.turn(0.001)
    assert store.sweep_ttl() == 1
    clock.turn(9)
    assert store.sweep_ttl() == 1
    clock.turn(1_000_000)
    assert store.sweep_ttl() == 0
    assert [hit.key for hit in store.search(("u",))] == ["ever"]


def test_what_is_put_again_without_a_time_to_live_stays(make, clock):
    store = make()
    store.put(("u",), "k", {}, ttl=1)
    store.put(("u",), "k", {})
    clock.turn(2)
    assert store.sweep_ttl() == 0


def test_a_read_within_a_hundredth_of_the_time_writes_nothing_and_a_later_one_does(make, clock, monkeypatch):
    store = make()
    store.put(("u",), "k", {}, ttl=10)
    written = []
    update = store._connection.records.update
    monkeypatch.setattr(
        type(store._connection.records), "update", lambda _, *given: written.append(given) or update(*given)
    )
    clock.turn(0.01)
    store.get(("u",), "k")
    assert written == []
    clock.turn(0.01)
    store.get(("u",), "k")
    assert len(written) == 1


def test_a_swept_entry_leaves_no_row_and_no_vector(make, clock):
    store = make()
    store.put(("u",), "k", {"parts": ["red fox", "blue whale"]}, ["parts[*]"], ttl=1)
    store.search(("u",), query="fox")  # the vectors are in memory now
    assert store.list_namespaces() == [("u",)]
    clock.turn(30)
    assert store.sweep_ttl() == 1
    assert (store._connection.records.count(), store._connection.vectors.count()) == (0, 0)
    assert store.search(("u",), query="fox") == store.list_namespaces() == []


def test_with_omit_expired_an_ended_entry_is_gone_and_one_put_in_its_place_is_born_anew(make, clock):
    store = make(omit_expired=True)
    store.put(("u",), "k", {"text": "red fox"}, ttl=1)
    first = store.get(("u",), "k")
    clock.turn(2)
    assert store.get(("u",), "k") is None
    assert store.nearest_keys(("u",), "fox", limit=3) == {}
    store.put(("u",), "k", {"text": "red fox"}, ttl=1)
    assert store.get(("u",), "k").created_at > first.created_at


@pytest.mark.parametrize("minutes", [-1, float("nan"), float("inf")])
def test_a_time_that_cannot_be_is_refused(make, minutes):
    with pytest.raises(ValueError, match="cannot live for"):
        make().put(("u",), "k", {}, ttl=minutes)


def test_without_a_configuration_no_sweeper_runs(tmp_path):
    with ChromaStore.from_conn_string(str(tmp_path)) as store:
        assert store.start_ttl_sweeper().done()
        assert store.stop_ttl_sweeper()


def test_the_sweeper_ends_with_its_future_its_store_and_its_stop(make):
    store = make(sweep_interval_minutes=1000)
    first = store.start_ttl_sweeper()
    second = store.start_ttl_sweeper()
    assert second.cancel()  # the one that runs
    store._sweeper._thread.join(5)
    assert not store._sweeper._thread.is_alive()
    assert first.done()
    third = store.start_ttl_sweeper()
    assert store.stop_ttl_sweeper(timeout=5)
    assert third.result(5) is None
    store.start_ttl_sweeper()
    thread = store._sweeper._thread
    store.close()
    assert not thread.is_alive()


def test_a_store_that_is_dropped_ends_its_sweeper(tmp_path):
    store = ChromaStore.open(str(tmp_path), ttl=TTLConfig(sweep_interval_minutes=1000))
    store.start_ttl_sweeper()
    thread, connection = store._sweeper._thread, store._connection
    del store
    gc.collect()
    thread.join(5)
    assert not thread.is_alive()
    from memory.chroma_connection import disconnect

    disconnect(connection)


def test_a_sweep_that_fails_is_tried_again(make, clock, monkeypatch, caplog):
    store = make()
    store.put(("u",), "k", {}, ttl=1)
    clock.turn(2)
    sweep, calls = type(store).sweep_ttl, []

    def once_broken(self: ChromaStore) -> int:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("disk full")
        return sweep(self)

    monkeypatch.setattr(type(store), "sweep_ttl", once_broken)
    store.start_ttl_sweeper(sweep_interval_minutes=0.05 / 60)
    for _ in range(200):
        if store.get(("u",), "k", refresh_ttl=False) is None:
            break
        time.sleep(0.05)
    assert store.get(("u",), "k", refresh_ttl=False) is None
    assert "tried again" in caplog.text
