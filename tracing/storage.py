"""Traces in SQL: one row a turn, without secrets, found by user, thread and failure."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue
from sqlalchemy import (
    Column,
    ColumnElement,
    Engine,
    Float,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
)

from memory.database import AnyText, ensure_tables, metadata, reading, writing
from tracing.events import ModelCall, Trace, TurnEnded
from tracing.redaction import PersonalText, is_clean, redact_event


def _table(name: str) -> Table:
    return Table(
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
        Index(f"{name}_of_user", "user_id", "number"),
        Index(f"{name}_of_thread", "thread_id", "number"),
    )


_TURNS, _REPLAYS = _table("traces"), _table("replays")  # apart, so that no list of turns ever holds a replay
_CHUNK = 500
_SHOWN_MESSAGE = 200  # characters of the message kept for lists


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
    """A thread as its traces tell of it. messages: what was said in each turn, oldest first. at: of the latest turn."""

    model_config = ConfigDict(frozen=True)

    thread_id: str
    catalogue: str
    at: datetime
    messages: tuple[str, ...]


class TraceStore:
    """Keeps traces, each whole or not at all; a kill loses none, a power cut perhaps the latest.

    personal_text: `redact` writes lengths instead of what people and models said. secrets: strings that must never be
    written, beside everything that looks like one. replays: keeps turns that were taken once more to look at them, in
    a table of their own. Every method raises DatabaseFailed when the database refuses.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        personal_text: PersonalText = "keep",
        secrets: Collection[str] = (),
        replays: bool = False,
    ) -> None:
        self._engine, self._personal_text, self._secrets = engine, personal_text, tuple(secrets)
        self._table = _REPLAYS if replays else _TURNS
        self._insert = insert(self._table)
        self._delete = delete(self._table).where(self._table.c.trace_id == bindparam("replaced"))
        ensure_tables(engine, self._table)

    def save(self, trace: Trace) -> Trace:
        """Write the trace without its secrets, and return it as written. One of the same id is replaced."""
        kept, events = self._without_secrets(trace)
        row = _row_of(kept) | {"body": json.dumps({"events": events}, ensure_ascii=False, separators=(",", ":"))}
        with writing(self._engine, synced=False) as connection:
            connection.execute(self._delete, {"replaced": kept.trace_id})
            connection.execute(self._insert, row)
        return kept

    def _without_secrets(self, trace: Trace) -> tuple[Trace, Sequence[Mapping[str, JsonValue]]]:
        """The trace as it may be kept, and its events as JSON holds them."""
        told = trace.model_dump(mode="json")["events"]
        if self._personal_text == "keep" and is_clean(told, secrets=self._secrets):
            return trace, told
        events = [redact_event(event, personal_text=self._personal_text, secrets=self._secrets) for event in told]
        kept = tuple(
            event if after == before else type(event).model_validate(after)
            for event, before, after in zip(trace.events, told, events, strict=True)
        )
        return Trace.model_construct(events=kept), events

    def list(
        self, limit: int = 20, *, user: str | None = None, thread: str | None = None, errors_only: bool = False
    ) -> list[TraceRow]:
        """The newest traces first, at most `limit`; of one user, one thread, or only turns that went wrong."""
        columns = [column for column in self._table.c if column.name not in ("number", "body")]
        query = select(*columns).order_by(self._table.c.number.desc()).limit(limit)
        if user is not None:
            query = query.where(self._table.c.user_id == user)
        if thread is not None:
            query = query.where(self._table.c.thread_id == thread)
        if errors_only:
            query = query.where(self._table.c.error.is_not(None))
        with reading(self._engine) as connection:
            return [_row(row) for row in connection.execute(query)]

    def threads(self, user_id: str) -> Sequence[ThreadRow]:
        """The threads of a user that left a trace, the latest first."""
        columns = self._table.c
        query = (
            select(columns.thread_id, columns.catalogue, columns.at, columns.message)
            .where(columns.user_id == user_id)
            .order_by(columns.number)
        )
        found: dict[str, list[Any]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                rows = found.pop(row.thread_id, [])
                rows.append(row)
                found[row.thread_id] = rows  # moved to the end: the latest so far
        return [
            ThreadRow(
                thread_id=thread_id,
                catalogue=rows[-1].catalogue,
                at=datetime.fromisoformat(rows[-1].at),
                messages=tuple(row.message for row in rows),
            )
            for thread_id, rows in reversed(found.items())
        ]

    def get(self, trace_id: str) -> Trace:
        """The trace of that id. Raises KeyError when there is none."""
        with reading(self._engine) as connection:
            body = connection.execute(select(self._table.c.body).where(self._table.c.trace_id == trace_id)).scalar()
        if body is None:
            raise KeyError(trace_id)
        return Trace.model_validate_json(body)

    def known(self, trace_ids: Iterable[str]) -> set[str]:
        """Those of the ids that a trace is kept under, whoever's it is."""
        wanted, found = sorted(trace_ids), set[str]()
        with reading(self._engine) as connection:
            for start in range(0, len(wanted), _CHUNK):
                query = select(self._table.c.trace_id).where(self._table.c.trace_id.in_(wanted[start : start + _CHUNK]))
                found.update(connection.execute(query).scalars())
        return found

    def forget_thread(self, user_id: str, thread_id: str) -> int:
        """Erase every trace of one of a user's threads, as `forget` does; another's thread of that id stays."""
        return self._erase(self._table.c.user_id == user_id, self._table.c.thread_id == thread_id)

    def forget(self, user_id: str) -> int:
        """Erase every trace of a user, the pages they lay on included; returns how many those were."""
        return self._erase(self._table.c.user_id == user_id)

    def prune(self, *, before: datetime | None = None, max_bytes: int | None = None) -> int:
        """Erase the oldest traces: those from before a moment, and those beyond a size; returns how many those were.

        before: aware. max_bytes: what the bodies of all that stay may weigh together; the newest trace always stays.
        """
        columns, which = self._table.c, list[ColumnElement[bool]]()
        if before is not None:
            which.append(columns.at < before.astimezone(UTC).isoformat())
        if max_bytes is not None and (newest_gone := self._beyond(max_bytes)) is not None:
            which.append(columns.number <= newest_gone)
        return self._erase(or_(*which)) if which else 0

    def _beyond(self, max_bytes: int) -> int | None:
        """The number of the newest trace that no longer fits; None when all do."""
        columns, weight = self._table.c, 0
        query = select(columns.number, func.length(columns.body).label("weight")).order_by(columns.number.desc())
        with reading(self._engine) as connection:
            for place, row in enumerate(connection.execute(query)):
                weight += row.weight
                if place and weight > max_bytes:
                    return int(row.number)
        return None

    def _erase(self, *which: ColumnElement[bool]) -> int:
        with writing(self._engine) as connection:
            erased = connection.execute(delete(self._table).where(*which)).rowcount
        if self._engine.dialect.name == "sqlite":
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")  # the log still holds the old pages
        return int(erased)


def _row_of(trace: Trace) -> dict[str, object]:
    started, ended = trace.started, trace.ended or TurnEnded(error="the turn was cut off")
    return {
        "trace_id": started.trace_id,
        "user_id": started.user_id,
        "thread_id": started.thread_id,
        "profile": started.profile,
        "catalogue": started.catalogue,
        "at": started.at.isoformat(),
        "message": started.message[:_SHOWN_MESSAGE],
        "seconds": ended.seconds,
        "model_seconds": ended.model_seconds,
        "slate": len(ended.slate),
        "calls": sum(1 for _ in trace.of(ModelCall)),
        "cost_usd": trace.cost_usd,
        "error": ended.error,
    }


def _row(row: Row[tuple[object, ...]]) -> TraceRow:
    return TraceRow.model_validate(row._asdict())
