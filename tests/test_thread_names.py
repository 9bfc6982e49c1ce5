"""Names of conversations, and threads as their traces tell of them: each user's own, and nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory.database import open_engine
from memory.thread_names import LONGEST, ThreadNames
from tests.recorded import full_turn
from tracing.recorder import Recorder
from tracing.storage import TraceStore


@pytest.fixture
def names(database_url: str) -> ThreadNames:
    return ThreadNames(open_engine(database_url))


def test_a_name_is_kept_until_another_takes_its_place_or_a_blank_one_takes_it_away(names):
    names.put("ann", "t", "  Presents \n for \x00 Bob 🦊 ")
    assert names.of("ann") == {"t": "Presents for \x00 Bob 🦊"}
    names.put("ann", "t", "x" * 500)
    assert names.of("ann") == {"t": "x" * LONGEST}
    names.put("ann", "t", " \t ")
    assert names.of("ann") == {}


def test_names_of_one_user_are_never_anothers(names):
    names.put("ann", "t", "Hers")
    names.put("bob", "t", "His")
    names.put("bob", "t", "")
    assert (names.of("ann"), names.of("bob")) == ({"t": "Hers"}, {})
    assert (names.forget("ann"), names.forget("ann")) == (1, 0)
    assert names.of("ann") == {}


@pytest.fixture
def traces(database_url: str) -> TraceStore:
    store = TraceStore(open_engine(database_url))
    recorder = Recorder(store)
    for number, (user, thread) in enumerate([("ann", "a"), ("ann", "b"), ("bob", "a"), ("ann", "a")]):
        full_turn(recorder, f"t{number}", user_id=user, thread_id=thread, message=f"message {number}")
    return store


def test_threads_come_with_the_latest_first_and_how_each_began(traces):
    rows = traces.threads("ann")
    assert [(row.thread_id, row.began, row.turns) for row in rows] == [("a", "message 0", 2), ("b", "message 1", 1)]
    assert rows[0].at >= rows[1].at
    assert [row.began for row in traces.threads("bob")] == ["message 2"]
    assert traces.threads("nobody") == []
    assert [row.thread_id for row in traces.threads("ann", limit=1)] == ["a"]
    assert [row.turns for row in traces.threads("ann", among=["b", "c"])] == [1]
    assert traces.threads("bob", among=["b"]) == traces.threads("ann", among=[]) == []
    assert (traces.count("ann"), traces.count_threads("ann"), traces.count_threads("nobody")) == (3, 2, 0)


def test_a_thread_that_began_without_words_is_told_by_the_first_that_were_said(traces):
    for number, message in enumerate(["", " \n\t", "  an owl"]):
        full_turn(Recorder(traces), f"w{number}", user_id="eve", thread_id="w", message=message)
    [row] = traces.threads("eve")
    assert (row.began, row.turns) == ("  an owl", 3)
    full_turn(Recorder(traces), "p", user_id="pia", thread_id="p", message="")
    assert [row.began for row in traces.threads("pia")] == [""]


def test_what_was_said_comes_by_thread_in_order(traces):
    assert traces.said("ann") == {"a": ["message 0", "message 3"], "b": ["message 1"]}
    assert traces.said("nobody") == {}


def test_forgetting_a_thread_leaves_the_others_and_the_same_id_of_another_user(traces):
    assert (traces.forget_thread("ann", "a"), traces.forget_thread("ann", "a")) == (2, 0)
    assert [row.thread_id for row in traces.threads("ann")] == ["b"]
    assert [row.trace_id for row in traces.list(user="bob")] == ["t2"]


def test_no_byte_of_a_forgotten_thread_is_left_in_the_file(tmp_path: Path):
    store = TraceStore(open_engine(f"sqlite:///{tmp_path / 'palate.sqlite'}"))
    for thread in ("keep", "drop"):
        full_turn(Recorder(store), f"of-{thread}", user_id="ann", thread_id=thread, message=f"said in {thread}")
    store.forget_thread("ann", "drop")
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"said in keep" in left
    assert b"said in drop" not in left
