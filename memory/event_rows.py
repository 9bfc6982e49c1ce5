"""The table of the event log, and events as its rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    Row,
    String,
    Table,
    UniqueConstraint,
    insert,
    text,
)

from memory.database import AnyText, metadata
from memory.interactions import Interaction

INTERACTIONS = Table(
    "interactions",
    metadata,
    Column("event_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("user_id", AnyText, nullable=False),
    Column("catalogue", AnyText, nullable=False),
    Column("kind", String, nullable=False),
    Column("item_id", AnyText, nullable=False),
    Column("value", Float),
    Column("text", AnyText, nullable=False),
    Column("at", String, nullable=False),  # ISO 8601 with its own offset, which SQL timestamps lose
    Column("source", AnyText, nullable=False),
    Column("key", AnyText),  # NULL without a key, so that the constraint below leaves those alone
    UniqueConstraint("user_id", "key"),
    Index("interactions_by_key", "key"),  # an index of its own: it is added to a table of an earlier version, too
    Index("interactions_of_user", "user_id", "catalogue", "event_id"),
    Index("interactions_of_catalogue", "catalogue", "event_id"),
    Index(
        "interactions_taken_back",
        "user_id",
        "catalogue",
        "item_id",
        "event_id",
        sqlite_where=text("kind = 'take_back'"),
        postgresql_where=text("kind = 'take_back'"),
    ),
    sqlite_autoincrement=True,  # an id is never given twice, not even after its event was erased
)
_APPEND_LOCK = 0x50414C41  # any number of our own


def lock_for_appending(connection: Connection) -> None:
    """One appender at a time, so that ids become visible in their order. SQLite's write lock already does that."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _APPEND_LOCK})


def insert_events(connection: Connection, events: Sequence[Interaction]) -> list[Interaction]:
    """Write events under the next ids; they come back with those. The caller holds the lock for appending."""
    if not events:
        return []
    rows = [to_row(event) for event in events]
    if connection.dialect.name == "sqlite":
        ids = _coming_ids(connection, len(rows))  # SQLite returns ids only from one statement a row
        connection.execute(insert(INTERACTIONS), [row | {"event_id": id_} for row, id_ in zip(rows, ids, strict=True)])
    else:
        statement = insert(INTERACTIONS).returning(INTERACTIONS.c.event_id, sort_by_parameter_order=True)
        ids = connection.execute(statement, rows).scalars().all()
    return [event.model_copy(update={"event_id": event_id}) for event, event_id in zip(events, ids, strict=True)]


def _coming_ids(connection: Connection, count: int) -> Sequence[int]:
    """The ids SQLite would give next, erased ones never again; they are ours as long as its write lock is held."""
    last = connection.execute(text("SELECT seq FROM sqlite_sequence WHERE name = 'interactions'")).scalar() or 0
    return range(last + 1, last + 1 + count)


def to_row(interaction: Interaction) -> dict[str, Any]:
    """The columns of an event but its id."""
    row = interaction.model_dump(exclude={"event_id"})
    return row | {"at": interaction.at.isoformat(), "key": interaction.key or None}


def from_row(row: Row[Any]) -> Interaction:
    """The event of a whole row."""
    fields = dict(row._mapping)
    at = datetime.fromisoformat(fields["at"])
    return Interaction.model_construct(**(fields | {"at": at, "key": fields["key"] or ""}))
