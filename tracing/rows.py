"""How traces lie in SQL, and what lists show of them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Column, Float, Index, Integer, Row, String, Table, Text

from memory.database import AnyText, metadata
from tracing.events import ModelCall, Trace, TurnEnded

SHOWN_MESSAGE = 200  # characters of the message kept for lists


def _table(name: str) -> Table:
    # A body weighs a hundred times the rest of its row, so what lists are sought by also lies in an index of its own.
    table = Table(
        name,
        metadata,
        Column("number", Integer, primary_key=True, autoincrement=True),
        Column("trace_id", String, nullable=False, unique=True),
        Column("user_id", AnyText, nullable=False),
        Column("thread_id", AnyText, nullable=False),
        Column("profile", String, nullable=False),
        Column("catalogue", AnyText, nullable=False),
        Column("at", String, nullable=False),  # ISO 8601 with its own offset, which SQL timestamps lose
        Column("message", AnyText, nullable=False),
        Column("seconds", Float, nullable=False),
        Column("model_seconds", Float, nullable=False),
        Column("slate", Integer, nullable=False),
        Column("calls", Integer, nullable=False),
        Column("cost_usd", Float),
        Column("error", AnyText),
        Column("body", Text, nullable=False),
        Index(f"{name}_of_thread", "thread_id", "number"),
        Index(f"{name}_of_user_thread", "user_id", "thread_id", "number"),
        Index(f"{name}_told", "user_id", "number", "thread_id", "profile", "seconds", "cost_usd", "message"),
    )
    wrong = table.c.error.is_not(None)
    Index(f"{name}_failed", table.c.user_id, table.c.number, sqlite_where=wrong, postgresql_where=wrong)
    return table


TURNS, REPLAYS = _table("traces"), _table("replays")  # apart, so that no list of turns ever holds a replay
OUTDATED = {table: (f"{table.name}_of_user",) for table in (TURNS, REPLAYS)}  # indexes of earlier versions


class TraceRow(BaseModel):
    """A trace as lists show it.

    slate: how many items were shown. calls: model calls. cost_usd: None where the price of a call is unknown. error:
    None for a turn that ended well.
    """

    model_config = ConfigDict(frozen=True)

    trace_id: str
    user_id: str
    thread_id: str
    profile: str
    catalogue: str
    at: datetime
    message: str
    seconds: float
    model_seconds: float
    slate: int
    calls: int
    cost_usd: float | None
    error: str | None


class ThreadRow(BaseModel):
    """A thread as its traces tell of it. began: the first words said in it, empty where none were. at: latest turn."""

    model_config = ConfigDict(frozen=True)

    thread_id: str
    catalogue: str
    at: datetime
    began: str
    turns: int


def columns_of(trace: Trace) -> dict[str, object]:
    """What is kept of a trace beside its body."""
    started, ended = trace.started, trace.ended or TurnEnded(error="the turn was cut off")
    return {
        "trace_id": started.trace_id,
        "user_id": started.user_id,
        "thread_id": started.thread_id,
        "profile": started.profile,
        "catalogue": started.catalogue,
        "at": started.at.isoformat(),
        "message": started.message[:SHOWN_MESSAGE],
        "seconds": ended.seconds,
        "model_seconds": ended.model_seconds,
        "slate": len(ended.slate),
        "calls": sum(1 for _ in trace.of(ModelCall)),
        "cost_usd": trace.cost_usd,
        "error": ended.error,
    }


def trace_row(row: Row[tuple[object, ...]]) -> TraceRow:
    """A row as lists show it."""
    return TraceRow.model_validate(row._asdict())
