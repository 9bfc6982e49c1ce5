"""The record of a turn: complete, without secrets, and never in the way."""

from __future__ import annotations

import json
import logging
import statistics
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from memory.database import open_engine
from tests.recorded import Clock, bytes_of, full_turn, start_turn
from tracing.events import (
    DecisionRow,
    ModelCall,
    Note,
    StepEnded,
    Trace,
    TurnEnded,
    busy_seconds,
)
from tracing.export import from_json, to_json
from tracing.plain import plain
from tracing.recorder import Recorder
from tracing.render import render
from tracing.storage import TraceStore


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "palate.sqlite"


@pytest.fixture
def store(database: Path) -> TraceStore:
    return TraceStore(open_engine(f"sqlite:///{database}"))


# --- recorder ---------------------------------------------------------------------------------------------------------


def test_a_turn_is_kept_whole_and_comes_back_as_it_was(database_url: str) -> None:
    store = TraceStore(open_engine(database_url))
    kept = full_turn(Recorder(store), message="quiet \x00 and \\0 naïve 🦊")
    assert kept is not None
    assert store.get("t1") == kept
    assert [event.type for event in kept.events][:3] == ["turn_started", "step_started", "model_call"]
    assert kept.ended is not None
    assert (kept.ended.reply, kept.ended.slate, kept.ended.error) == ("Here you are.", ("p1",), None)


def test_events_are_stamped_with_the_time_since_the_turn_began(store: TraceStore) -> None:
    clock = Clock()
    recorder = Recorder(store, clock=clock)
    start_turn(recorder)
    clock.seconds += 1.5
    with recorder.step("understand"):
        clock.seconds += 0.5
    clock.seconds += 1
    trace = recorder.end_turn()
    assert trace is not None
    [ended] = trace.of(StepEnded)
    assert (ended.after_s, ended.seconds) == (2.0, 0.5)
    assert trace.ended is not None
    assert trace.ended.seconds == 3.0


def test_a_model_call_belongs_to_the_step_that_is_open(store: TraceStore) -> None:
    recorder = Recorder(store)
    start_turn(recorder)
    with recorder.step("recommend"):
        with recorder.step("decide"):
            recorder.record(ModelCall(role="recommender", model="m"))
        recorder.record(ModelCall(role="recommender", model="m"))
    recorder.record(ModelCall(role="responder", model="m"))
    recorder.record(ModelCall(role="responder", model="m", step="respond"))
    assert [call.step for call in recorder.events if isinstance(call, ModelCall)] == [
        "decide",
        "recommend",
        "",
        "respond",
    ]


def test_model_time_counts_calls_that_overlap_once(store: TraceStore) -> None:
    clock = Clock()
    recorder = Recorder(store, clock=clock)
    start_turn(recorder)
    clock.seconds += 2
    recorder.record(ModelCall(role="r", model="m", seconds=2))
    recorder.record(ModelCall(role="r", model="m", seconds=1))
    clock.seconds += 3
    recorder.record(ModelCall(role="r", model="m", seconds=1))
    assert recorder.model_seconds == pytest.approx(3)
    assert busy_seconds([]) == 0


def test_an_error_in_a_step_is_recorded_and_passes_through(store: TraceStore) -> None:
    recorder = Recorder(store)
    start_turn(recorder)
    with pytest.raises(ZeroDivisionError), recorder.step("recommend"):
        1 / 0  # noqa: B018
    trace = recorder.end_turn(error="ZeroDivisionError")
    assert trace is not None
    assert [step.error for step in trace.of(StepEnded)] == ["ZeroDivisionError: division by zero"]
    assert [row.error for row in store.list(errors_only=True)] == ["ZeroDivisionError"]


def test_a_cancelled_turn_is_kept_too(store: TraceStore) -> None:
    recorder = Recorder(store)
    start_turn(recorder)
    try:
        with recorder.step("respond"):
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        recorder.end_turn(error="stopped by the user")
    assert [row.error for row in store.list()] == ["stopped by the user"]


def test_a_turn_is_kept_once_and_its_end_is_recorded_once(store: TraceStore) -> None:
    recorder = Recorder(store)
    start_turn(recorder)
    recorder.record(TurnEnded(reply="said by the graph"))
    trace = recorder.end_turn(reply="said again")
    assert trace is not None
    assert [ended.reply for ended in trace.of(TurnEnded)] == ["said by the graph"]
    assert recorder.end_turn() is None
    assert len(store.list()) == 1


def test_nothing_is_kept_outside_a_turn_or_with_traces_switched_off(store: TraceStore) -> None:
    recorder = Recorder(store)
    recorder.record(Note(what="before any turn"))
    assert recorder.end_turn() is None
    silent = Recorder(None)
    assert full_turn(silent) is None
    assert store.list() == []


def test_a_turn_left_open_is_ended_by_the_next_one(store: TraceStore) -> None:
    recorder = Recorder(store)
    start_turn(recorder, "t1")
    start_turn(recorder, "t2")
    recorder.end_turn()
    assert {row.trace_id: row.error is None for row in store.list()} == {"t1": False, "t2": True}


class FullDisk:
    """A place where nothing can be kept."""

    def save(self, trace: Trace) -> Trace:
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_said_once_and_the_conversation_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder(FullDisk())
    with caplog.at_level(logging.WARNING):
        assert full_turn(recorder, "t1") is None
        assert full_turn(recorder, "t2") is None
    assert len(caplog.records) == 1
    assert "No space left on device" in caplog.text


def test_strange_objects_do_not_break_a_turn(store: TraceStore) -> None:
    class Odd:
        def __str__(self) -> str:
            raise RuntimeError("no words for it")

    loop: dict[str, Any] = {}
    loop["self"] = loop
    recorder = Recorder(store)
    start_turn(recorder)
    with recorder.step("understand") as step:
        step.state_changes = {"odd": Odd(), "loop": loop, "picture": b"\xff" * 9, "nan": float("nan"), "set": {2, 1}}
    trace = recorder.end_turn()
    assert trace is not None
    [ended] = trace.of(StepEnded)
    assert ended.state_changes["odd"] == "<Odd: RuntimeError>"
    assert (ended.state_changes["picture"], ended.state_changes["nan"]) == ("<9 bytes>", None)
    assert ended.state_changes["set"] == [1, 2]


def test_many_threads_may_record_at_once(store: TraceStore) -> None:
    recorder = Recorder(store)
    start_turn(recorder)

    def note_fifty_times() -> None:
        for _ in range(50):
            recorder.record(Note(what="x"))

    threads = [threading.Thread(target=note_fifty_times) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    trace = recorder.end_turn()
    assert trace is not None
    assert sum(1 for _ in trace.of(Note)) == 400


# --- storage ----------------------------------------------------------------------------------------------------------


def test_traces_are_listed_newest_first_by_user_thread_and_failure(store: TraceStore) -> None:
    recorder = Recorder(store)
    for number, (user, thread, error) in enumerate(
        [("ada", "a", None), ("ben", "b", "timeout"), ("ada", "c", "busy"), ("ada", "a", None)]
    ):
        start_turn(recorder, f"t{number}", user_id=user, thread_id=thread)
        recorder.end_turn(error=error)
    assert [row.trace_id for row in store.list()] == ["t3", "t2", "t1", "t0"]
    assert [row.trace_id for row in store.list(limit=2, user="ada")] == ["t3", "t2"]
    assert [row.trace_id for row in store.list(thread="a")] == ["t3", "t0"]
    assert [row.trace_id for row in store.list(user="ada", errors_only=True)] == ["t2"]


def test_a_row_sums_the_turn_up(store: TraceStore) -> None:
    full_turn(Recorder(store))
    [row] = store.list()
    assert (row.user_id, row.message, row.slate, row.calls) == ("ada", "a calm print", 1, 2)
    assert row.cost_usd is None  # the price of one call is unknown
    assert row.at.tzinfo is not None


def test_an_unknown_trace_is_a_key_error(store: TraceStore) -> None:
    with pytest.raises(KeyError, match="nowhere"):
        store.get("nowhere")


def test_saving_a_trace_again_replaces_it(store: TraceStore) -> None:
    for reply in ("first", "second"):
        recorder = Recorder(store)
        start_turn(recorder)
        recorder.end_turn(reply=reply)
    [row] = store.list()
    ended = store.get(row.trace_id).ended
    assert ended is not None
    assert ended.reply == "second"


def test_a_forgotten_user_leaves_no_byte_behind(store: TraceStore, tmp_path: Path) -> None:
    recorder = Recorder(store)
    full_turn(recorder, "t1", message="unmistakable-whale-of-ada")
    full_turn(recorder, "t2", user_id="ben", message="of ben")
    assert b"unmistakable-whale-of-ada" in bytes_of(tmp_path)
    assert store.forget("ada") == 1
    assert [row.user_id for row in store.list()] == ["ben"]
    assert b"unmistakable-whale-of-ada" not in bytes_of(tmp_path)
    assert store.forget("ada") == 0


def test_keeping_a_turn_takes_little_time(store: TraceStore) -> None:
    recorder, seconds = Recorder(store), []
    for number in range(30):
        start_turn(recorder, f"t{number}")
        for candidate in range(20):
            recorder.record(DecisionRow(item_id=str(candidate), p_yes=0.5, kind="local", parts={"model": 0.5}))
        for _ in range(4):
            recorder.record(ModelCall(role="responder", model="m", rendered="words " * 300, output="words " * 60))
        began = time.thread_time()  # ours alone, whatever else the machine does
        recorder.end_turn(reply="words " * 60)
        seconds.append(time.thread_time() - began)
    assert statistics.median(seconds) < 0.01  # 2.5 ms measured


# --- export and drawing -----------------------------------------------------------------------------------------------


def test_an_exported_trace_can_be_read_back(store: TraceStore) -> None:
    trace = full_turn(Recorder(store))
    assert trace is not None
    text = to_json(trace)
    assert json.loads(text)["format"] == "palate-trace/1"
    assert from_json(text) == trace


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "palate-trace/9", "events": []}'])
def test_another_file_is_refused_with_what_to_give_instead(text: str) -> None:
    with pytest.raises(ValueError, match="palate trace export"):
        from_json(text)


def _drawn(trace: Trace, width: int = 160) -> str:
    console = Console(file=StringIO(), width=width, record=True, color_system=None)
    console.print(render(trace))
    return console.export_text()


def test_the_drawing_tells_the_whole_turn(store: TraceStore) -> None:
    trace = full_turn(Recorder(store))
    assert trace is not None
    drawn = _drawn(trace)
    for told in (
        "a calm print",
        "understand",
        "intent, wishes",
        "understanding_intent@1",
        "600 → 120 → 20 → 4",
        "0.810",
        "0.990",
        "version 1 → 2",
        "+ like mood: calm",
        "asked for it",
        "systemone → graded",
        "cost unknown",
        "Here you are.",
    ):
        assert told in drawn, told


def test_the_better_place_stands_above_and_what_was_not_shown_below(store: TraceStore) -> None:
    recorder = Recorder(store)
    start_turn(recorder)
    for item_id, blend, place in (("low", 0.1, None), ("best", 0.9, 1), ("next", 0.8, 2), ("unplaced", 0.7, None)):
        recorder.record(DecisionRow(item_id=item_id, p_yes=None, blend=blend, place=place))
    trace = recorder.end_turn()
    assert trace is not None
    drawn = _drawn(trace)
    assert sorted(("low", "best", "next", "unplaced"), key=drawn.index) == ["best", "next", "unplaced", "low"]


def test_text_of_people_and_models_cannot_pose_as_markup_or_move_the_cursor(store: TraceStore) -> None:
    recorder = Recorder(store)
    start_turn(recorder, message="[red]x[/red] \x1b[2J [/nothing")
    recorder.record(ModelCall(role="responder", model="[m", output="\x1b]0;title\x07 [bold]"))
    trace = recorder.end_turn(reply="[/] \x1b[31m", error="[oh")
    assert trace is not None
    drawn = _drawn(trace)
    assert "[red]x[/red]" in drawn
    assert "\x1b" not in drawn
    assert "\x07" not in drawn


def test_a_trace_that_was_cut_off_can_still_be_drawn() -> None:
    recorder = Recorder(None, now=lambda: datetime(2026, 1, 2, tzinfo=UTC))
    start_turn(recorder)
    events = [event.model_dump() for event in recorder.events]
    assert "the turn was cut off" in _drawn(Trace.model_validate({"events": events}))


def test_every_value_becomes_plain_json() -> None:
    value = {"when": datetime(2026, 1, 2, tzinfo=UTC), 3: ({"a"}, None, True, 1.5)}
    assert json.loads(json.dumps(plain(value))) == {"when": "2026-01-02 00:00:00+00:00", "3": [["a"], None, True, 1.5]}


def test_recording_needs_neither_a_database_nor_a_terminal_library() -> None:
    code = "import sys, agents.parsing, tracing.recorder, tracing.events; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"sqlalchemy", "rich", "torch", "transformers", "litellm", "chromadb", "streamlit"} & set(loaded)
