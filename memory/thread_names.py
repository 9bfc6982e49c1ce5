"""What people call their conversations: a name for each that was given one, kept beside the event log."""

from __future__ import annotations

from sqlalchemy import Column, Engine, Table, delete, insert, select

from memory.database import AnyText, ensure_tables, metadata, reading, writing

LONGEST = 80  # characters of a name

_names = Table(
    "thread_names",
    metadata,
    Column("user_id", AnyText, primary_key=True),
    Column("thread_id", AnyText, primary_key=True),
    Column("name", AnyText, nullable=False),
)


class ThreadNames:
    """Names by user and thread. Every call names one user, and none reaches another's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        ensure_tables(engine, _names)

    def of(self, user_id: str) -> dict[str, str]:
        """Thread id → name, of the threads this user named."""
        query = select(_names.c.thread_id, _names.c.name).where(_names.c.user_id == user_id)
        with reading(self._engine) as connection:
            return {row.thread_id: row.name for row in connection.execute(query)}

    def put(self, user_id: str, thread_id: str, name: str) -> None:
        """Name a thread, in one line of at most `LONGEST` characters; a blank name takes the one it has away."""
        told = " ".join(name.split())[:LONGEST]
        with writing(self._engine) as connection:
            connection.execute(delete(_names).where(_names.c.user_id == user_id, _names.c.thread_id == thread_id))
            if told:
                connection.execute(insert(_names), {"user_id": user_id, "thread_id": thread_id, "name": told})

    def forget(self, user_id: str) -> int:
        """Erase every name a user gave; returns how many those were."""
        with writing(self._engine) as connection:
            return int(connection.execute(delete(_names).where(_names.c.user_id == user_id)).rowcount)
