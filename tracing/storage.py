"""Traces in SQL: one row a turn, without secrets, found by user, thread and failure."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from pydantic import JsonValue
from sqlalchemy import ColumnElement, Engine, bindparam, delete, func, insert, or_, select

from memory.database import ensure_tables, reading, writing
from tracing.events import Trace
from tracing.redaction import PersonalText, is_clean, redact_event
from tracing.rows import OUTDATED, REPLAYS, TURNS, ThreadRow, TraceRow, columns_of, trace_row

_CHUNK = 500
_BLANKS = " \n\r\t"


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
        self._table = REPLAYS if replays else TURNS
        self._insert = insert(self._table).prefix_with("OR REPLACE", dialect="sqlite")
        self._delete = delete(self._table).where(self._table.c.trace_id == bindparam("replaced"))
        ensure_tables(engine, self._table, outdated=OUTDATED[self._table])

    def save(self, trace: Trace) -> Trace:
        """Write the trace without its secrets, and return it as written. One of the same id is replaced."""
        kept, events = self._without_secrets(trace)
        row = columns_of(kept) | {"body": json.dumps({"events": events}, ensure_ascii=False, separators=(",", ":"))}
        with writing(self._engine, synced=False) as connection:
            if self._engine.dialect.name != "sqlite":
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
        self,
        limit: int = 20,
        *,
        user: str | None = None,
        thread: str | None = None,
        profile: str | None = None,
        errors_only: bool = False,
        min_seconds: float = 0.0,
        min_cost_usd: float = 0.0,
        words: str = "",
    ) -> list[TraceRow]:
        """The newest traces first, at most `limit`; of one user, thread or profile, or only turns that went wrong.

        min_seconds, min_cost_usd: only turns that took or cost as much; an unknown cost is none. words: only turns
        whose message has every one of them, in whatever case.
        """
        columns = self._table.c
        which = [columns.message.icontains(word, autoescape=True) for word in words.split()]
        which += [columns[name] == value for name, value in _given(user_id=user, thread_id=thread, profile=profile)]
        which += [columns.error.is_not(None)] if errors_only else []
        which += [columns.seconds >= min_seconds] if min_seconds > 0 else []
        which += [columns.cost_usd >= min_cost_usd] if min_cost_usd > 0 else []
        newest = select(columns.number).where(*which).order_by(columns.number.desc()).limit(limit)
        shown = [column for column in columns if column.name not in ("number", "body")]
        query = select(*shown).where(columns.number.in_(newest)).order_by(columns.number.desc())
        with reading(self._engine) as connection:
            return [trace_row(row) for row in connection.execute(query)]

    def count(self, user_id: str) -> int:
        """How many traces of a user are kept."""
        query = select(func.count()).where(self._table.c.user_id == user_id)
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    def count_threads(self, user_id: str) -> int:
        """How many threads of a user left a trace."""
        query = select(func.count(self._table.c.thread_id.distinct())).where(self._table.c.user_id == user_id)
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    def threads(
        self, user_id: str, *, limit: int | None = None, among: Collection[str] | None = None
    ) -> Sequence[ThreadRow]:
        """The threads of a user that left a trace, the latest first, at most `limit`; or only those of these ids."""
        columns, first = self._table.c, self._table.alias("first").c
        which = [columns.user_id == user_id]
        which += [columns.thread_id.in_(among)] if among is not None else []
        newest = func.max(columns.number).label("newest")
        found = (
            select(columns.thread_id, newest, func.count().label("turns"))
            .where(*which)
            .group_by(columns.thread_id)
            .order_by(newest.desc())
            .limit(limit)
            .subquery()
        )
        began = (
            select(first.message)
            .where(
                first.user_id == user_id,
                first.thread_id == found.c.thread_id,
                func.trim(first.message, _BLANKS) != "",
            )
            .order_by(first.number)
            .limit(1)
            .scalar_subquery()
        )
        query = (
            select(
                found.c.thread_id, found.c.turns, columns.catalogue, columns.at, func.coalesce(began, "").label("began")
            )
            .join(found, found.c.newest == columns.number)
            .order_by(columns.number.desc())
        )
        with reading(self._engine) as connection:
            return [ThreadRow.model_validate(row._asdict()) for row in connection.execute(query)]

    def said(self, user_id: str) -> Mapping[str, Sequence[str]]:
        """What a user said in each thread, message by message, oldest first."""
        columns, found = self._table.c, dict[str, list[str]]()
        query = select(columns.thread_id, columns.message).where(columns.user_id == user_id).order_by(columns.number)
        with reading(self._engine) as connection:
            for thread_id, message in connection.execute(query):
                found.setdefault(thread_id, []).append(message)
        return found

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


def _given(**values: str | None) -> Sequence[tuple[str, str]]:
    return [(name, value) for name, value in values.items() if value is not None]
