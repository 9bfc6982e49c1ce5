"""Lists of traces: narrowed as asked, and read without the bodies of the traces, in databases old and new."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import event, inspect

from memory.database import open_engine, writing
from tracing.events import ModelCall, Trace, TurnEnded, TurnStarted
from tracing.storage import TraceStore


def keep(store, trace_id, *, message="", profile="demo", cost_usd=0.0, **ended):
    started = TurnStarted(
        trace_id=trace_id, user_id="ann", thread_id=f"of-{trace_id}", profile=profile, catalogue="prints",
        message=message, at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    call = ModelCall(role="responder", model="m", cost_usd=cost_usd)
    store.save(Trace(events=(started, call, TurnEnded(**ended))))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["free", "dear", "slow", "wrong"]),
        ({"errors_only": True}, ["wrong"]),
        ({"min_seconds": 10}, ["slow"]),
        ({"min_cost_usd": 0.01}, ["dear"]),
        ({"profile": "openai"}, ["free", "dear"]),
        ({"profile": "openai", "min_cost_usd": 0.01}, ["dear"]),
        ({"words": "FOX a"}, ["dear", "slow"]),
        ({"words": "fo% _"}, []),
        ({"words": "100%"}, ["wrong"]),
        ({"thread": "of-slow", "words": "fox"}, ["slow"]),
        ({"user": "bob"}, []),
    ],
)
def test_turns_are_narrowed_by_what_they_said_took_and_cost(database_url, wanted, found):
    store = TraceStore(open_engine(database_url))
    keep(store, "wrong", message="100% wool", error="it broke")
    keep(store, "slow", message="a Fox", seconds=10.0)
    keep(store, "dear", message="foxes again", cost_usd=0.01, profile="openai")
    keep(store, "free", message="an owl", cost_usd=None, profile="openai")
    assert [row.trace_id for row in store.list(**wanted)] == found
    assert [row.trace_id for row in store.list(1, **wanted)] == found[:1]


def plans(engine, work):
    """How SQLite reads for each query of some work, a line a table or index."""
    asked = []
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
    work()
    with engine.connect() as connection:
        read = [one for one in asked if one[0].startswith("SELECT")]
        return [row[3] for one in read for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {one[0]}", one[1])]


@pytest.mark.parametrize("replays", [False, True])
@pytest.mark.parametrize("work", [
    lambda store: store.list(20, user="ann"),
    lambda store: store.list(20, user="ann", min_seconds=10, profile="openai"),
    lambda store: store.list(20, user="ann", min_cost_usd=1, words="fox"),
    lambda store: store.list(20, user="ann", thread="t"),
    lambda store: store.list(20, user="ann", errors_only=True),
    lambda store: store.threads("ann", limit=9),
    lambda store: store.said("ann"),
    lambda store: store.count("ann"),
    lambda store: store.count_threads("ann"),
])  # fmt: skip
def test_no_list_looks_through_the_traces_themselves(tmp_path, work, replays):
    engine = open_engine(f"sqlite:///{tmp_path / 'palate.sqlite'}")
    store = TraceStore(engine, replays=replays)
    name = "replays" if replays else "traces"
    for found in inspect(engine).get_indexes(name):  # as an earlier version left it
        with writing(engine) as connection:
            connection.exec_driver_sql(f"DROP INDEX {found['name']}")
    with writing(engine) as connection:
        connection.exec_driver_sql(f"CREATE INDEX {name}_of_user ON {name} (user_id, number)")
    store = TraceStore(engine, replays=replays)
    read = [line for line in plans(engine, lambda: work(store)) if line.startswith(("SCAN", "SEARCH"))]
    assert read
    quick = (
        "COVERING INDEX",  # which holds all that is asked for
        "INTEGER PRIMARY KEY (rowid=?)",  # the few that are shown
        f"INDEX {name}_failed",
        f"INDEX {name}_of_user_thread (user_id=? AND thread_id=?)",  # the first words of the few that are shown
    )
    slow = [line for line in read if not any(one in line for one in quick) and name in line]
    assert slow == []
