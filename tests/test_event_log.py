"""What the event log owes: nothing acknowledged is lost, nothing is counted twice, nobody sees another's."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memory.database import open_engine, writing
from memory.errors import DatabaseFailed
from memory.event_log import EventLog
from memory.interactions import Interaction

REPOSITORY = Path(__file__).parents[1]
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def event(user: str = "ann", item: str = "i1", **more: object) -> Interaction:
    fields = {"user_id": user, "catalogue": "shop", "kind": "like", "item_id": item, "at": AT}
    return Interaction.model_validate(fields | more)


@pytest.fixture
def log(database_url: str) -> Iterator[EventLog]:
    engine = open_engine(database_url)
    yield EventLog(engine)
    engine.dispose()


@pytest.fixture
def sqlite_log(tmp_path: Path) -> EventLog:
    return EventLog(open_engine(f"sqlite:///{tmp_path / 'deep' / 'palate.db'}"))


def test_what_is_appended_comes_back_word_for_word_with_rising_ids(log):
    there = timezone(timedelta(hours=5, minutes=30))
    given_events = [
        event(kind="rating", value=4.5, key="a", source="import:films"),
        event(kind="wish", item="", text="quiet \x00 naïve \\0 \\\\ 🦊\n", at=AT.astimezone(there)),
        event(kind="view", item="i'; DROP TABLE interactions; --"),
    ]
    kept = log.append(given_events)
    assert [one.event_id for one in kept] == sorted({one.event_id for one in kept})
    assert min(one.event_id for one in kept) > 0
    assert [one.model_copy(update={"event_id": 0}) for one in kept] == given_events
    assert log.of_user("ann", "shop") == kept
    assert log.of_user("ann", "shop")[1].at.utcoffset() == timedelta(hours=5, minutes=30)
    assert log.append([]) == []


def test_the_same_key_of_the_same_user_is_accepted_once(log):
    [first] = log.append([event(key="k")])
    second, third, other, twice = log.append(
        [event(item="i2", key="k"), event(item="i3", key="new"), event("bob", key="k"), event(item="i9", key="new")]
    )
    assert second == first
    assert third.item_id == "i3"
    assert twice == third
    assert other.user_id == "bob"
    assert log.counts("shop") == {"ann": 2, "bob": 1}


def test_events_without_a_key_are_all_kept(log):
    log.append([event(), event()])
    log.append([event()])
    assert log.counts("shop") == {"ann": 3}


def test_a_batch_is_kept_whole_or_not_at_all(log):
    good = event(key="good")
    bad = Interaction.model_construct(**(event().model_dump() | {"kind": None}))
    with pytest.raises(DatabaseFailed):
        log.append([good, bad])
    with pytest.raises(ValueError, match="time zone"):
        log.append([good, event(at=datetime(2026, 1, 1))])
    assert log.state("shop").events == 0


def test_reading_pages_by_watermark_and_order(log):
    ids = [one.event_id for one in log.append([event(item=f"i{n}") for n in range(6)])]
    assert [one.event_id for one in log.of_user("ann", "shop", after=ids[1], limit=3)] == ids[2:5]
    assert [one.event_id for one in log.of_user("ann", "shop", newest_first=True, limit=2)] == ids[:-3:-1]
    assert log.of_user("ann", "shop", after=ids[-1]) == []
    assert log.of_user("ann", "shop", limit=0) == []
    assert log.of_user("ann", "elsewhere") == []


def test_events_are_read_by_id_in_the_order_asked_and_only_ones_own(log):
    mine = log.append([event(item=f"i{n}") for n in range(3)])
    [theirs] = log.append([event("bob")])
    asked = [mine[2].event_id, theirs.event_id, mine[0].event_id, 10**9, mine[2].event_id]
    assert log.by_ids("ann", asked) == [mine[2], mine[0]]
    assert log.by_ids("ann", []) == []
    assert len(log.by_ids("ann", range(-2000, 2000))) == 3


def test_the_matrix_holds_every_event_about_an_item_with_its_liking(log):
    log.append(
        [
            event(kind="rating", value=4, item="a"),
            event(kind="rating", value=3, item="b"),
            event(kind="dislike", item="c"),
            event(kind="wish", item="", text="calm"),
            event("bob", kind="purchase", item="a"),
            event("eve", item="x", catalogue="other"),
        ]
    )
    assert [row[:3] for row in log.matrix("shop")] == [
        ("ann", "a", 1),
        ("ann", "b", 0),
        ("ann", "c", -1),
        ("bob", "a", 1),
    ]
    assert log.users("shop") == ["ann", "bob"]


def test_forgetting_leaves_nothing_of_the_user_and_all_of_the_others(sqlite_log, tmp_path):
    log = sqlite_log
    secret = "xyzzy-secret-wish"
    log.append([event(kind="wish", item="", text=secret), event(catalogue="other"), event("ann.b"), event("ann%")])
    newest = log.state("shop").newest
    assert log.forget("ann") == 2
    assert log.forget("ann") == 0
    assert log.of_user("ann", "shop") == log.of_user("ann", "other") == []
    assert log.users("shop") == ["ann%", "ann.b"]
    files = list((tmp_path / "deep").iterdir())
    assert not any(secret.encode() in file.read_bytes() for file in files)
    [later] = log.append([event()])
    assert later.event_id > newest  # a watermark kept elsewhere never points at another event


def test_ids_are_not_given_again_after_the_newest_was_forgotten(log):
    log.append([event("bob")])
    [last] = log.append([event("ann")])
    log.forget("ann")
    [after] = log.append([event("bob")])
    assert after.event_id > last.event_id


def test_the_state_differs_after_every_change(log):
    states = [log.state("shop")]
    log.append([event("ann"), event("bob")])
    states.append(log.state("shop"))
    log.forget("ann")
    states.append(log.state("shop"))
    log.append([event("ann")])
    states.append(log.state("shop"))
    assert len(set(states)) == 4


def test_a_commit_that_need_not_be_synced_leaves_the_next_one_synced(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'events.sqlite'}")
    seen = []
    for synced in (False, True, False):
        with writing(engine, synced=synced) as connection:
            seen.append(connection.exec_driver_sql("PRAGMA synchronous").scalar())
    with writing(engine) as connection:
        seen.append(connection.exec_driver_sql("PRAGMA synchronous").scalar())
    assert seen == [1, 2, 1, 2]


def test_the_database_syncs_at_every_commit_and_a_second_log_reads_the_same(sqlite_log, tmp_path):
    [kept] = sqlite_log.append([event()])
    engine = open_engine(f"sqlite:///{tmp_path / 'deep' / 'palate.db'}")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    assert EventLog(engine).of_user("ann", "shop") == [kept]


def test_threads_append_the_same_keys_and_each_is_accepted_once(log):
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for n in range(10):
                log.append([event(key=f"k{n}")])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert log.counts("shop") == {"ann": 10}


WRITER = """
import sys
from datetime import UTC, datetime
from memory.database import open_engine
from memory.event_log import EventLog
from memory.interactions import Interaction
log = EventLog(open_engine(sys.argv[1]))
for n in range(100000):
    one = Interaction(user_id="ann", catalogue="shop", kind="like", item_id=f"i{n}", at=datetime.now(UTC))
    [kept] = log.append([one])
    print(kept.event_id, kept.item_id, flush=True)
"""


def test_no_acknowledged_event_is_lost_when_the_writer_is_killed(tmp_path):
    url = f"sqlite:///{tmp_path / 'palate.db'}"
    acknowledged: list[str] = []
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, url], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
        )
        acknowledged += [process.stdout.readline().strip() for _ in range(40)]
        os.kill(process.pid, signal.SIGKILL)
        rest, _ = process.communicate()
        acknowledged += [line.strip() for line in rest.splitlines(keepends=True) if line.endswith("\n")]
    kept = [f"{one.event_id} {one.item_id}" for one in EventLog(open_engine(url)).of_user("ann", "shop")]
    assert set(acknowledged) <= set(kept)
    assert len(acknowledged) >= 80


def test_a_full_disk_is_an_error_and_what_was_acknowledged_stays(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'palate.db'}")
    log = EventLog(engine)
    [kept] = log.append([event()])
    with engine.connect() as connection:  # SQLite's own cap on pages fails the way a full disk does
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(DatabaseFailed, match=r"full.*free space"):
        log.append([event(kind="wish", item="", text="x" * 200_000)])
    assert log.of_user("ann", "shop") == [kept]


@pytest.mark.parametrize("url", ["sqlite:////proc/nowhere/palate.db", "nonsense", "mysql://user:hunter2@host/db"])
def test_a_database_that_cannot_be_opened_is_named_without_its_password(url):
    with pytest.raises(DatabaseFailed) as failure:
        open_engine(url)
    assert "hunter2" not in str(failure.value)


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "palate.db"
    path.write_text("my diary, not a database, " * 100)
    with pytest.raises(DatabaseFailed, match="not a database"):
        open_engine(f"sqlite:///{path}")
    assert path.read_text().startswith("my diary")


def test_a_database_in_memory_is_one_for_all_threads():
    log = EventLog(open_engine("sqlite://"))
    thread = threading.Thread(target=lambda: log.append([event()]))
    thread.start()
    thread.join()
    assert log.counts("shop") == {"ann": 1}


LOOK_ALIKES = ["ann", "ann.b", "ann%", "ann_", "an", "Ann", "ännu", "ann\n", "ann'", "ann\x00", " ann"]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(LOOK_ALIKES),
            st.sampled_from(["append", "forget"]),
            st.sampled_from(["", "k1", "k2"]),
        ),
        max_size=15,
    )
)
def test_whatever_look_alikes_do_each_sees_exactly_their_own(operations):
    log = EventLog(open_engine("sqlite://"))
    truth: dict[str, list[int]] = {user: [] for user in LOOK_ALIKES}
    for user, what, key in operations:
        if what == "append":
            [kept] = log.append([event(user, key=key)])
            assert kept.user_id == user
            if kept.event_id not in truth[user]:
                truth[user].append(kept.event_id)
        else:
            assert log.forget(user) == len(truth[user])
            truth[user] = []
    everything = [event_id for ids in truth.values() for event_id in ids]
    for user, own in truth.items():
        assert [one.event_id for one in log.of_user(user, "shop")] == own
        assert [one.event_id for one in log.by_ids(user, sorted(everything))] == own
    assert log.counts("shop") == {user: len(own) for user, own in truth.items() if own}


def test_python_itself_can_read_the_log(sqlite_log, tmp_path):
    sqlite_log.append([event(kind="wish", item="", text="calm")])
    with sqlite3.connect(tmp_path / "deep" / "palate.db") as raw:
        assert raw.execute("SELECT user_id, text FROM interactions").fetchall() == [("ann", "calm")]


def test_a_key_is_found_by_an_index_in_a_home_of_an_earlier_version_too(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'log.sqlite'}")
    EventLog(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX interactions_by_key")
    EventLog(engine)
    with engine.connect() as connection:
        plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN SELECT * FROM interactions WHERE key IN ('a', 'b')").all()
    assert "interactions_by_key" in str(plan)
