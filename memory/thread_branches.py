"""Where conversations branched off from others, kept beside the event log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Engine, Integer, String, Table, delete, insert, select

from memory.database import AnyText, ensure_tables, metadata, reading, writing

_branches = Table(
    "thread_branches",
    metadata,
    Column("user_id", AnyText, primary_key=True),
    Column("thread_id", AnyText, primary_key=True),
    Column("from_thread", AnyText, nullable=False),
    Column("turns", Integer, nullable=False),
    Column("catalogue", AnyText, nullable=False),
    Column("at", String, nullable=False),
)


@dataclass(frozen=True)
class Branch:
    """A conversation that began as the first turns of another. turns: how many. at: when, timezone-aware."""

    thread_id: str
    from_thread: str
    turns: int
    catalogue: str
    at: datetime


class ThreadBranches:
    """Branches by user and thread. Every call names one user, and none reaches another's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        ensure_tables(engine, _branches)

    def of(self, user_id: str) -> dict[str, Branch]:
        """Thread id → where it came from, of this user's conversations that are branches."""
        query = select(_branches).where(_branches.c.user_id == user_id)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return {
            row.thread_id: Branch(
                row.thread_id, row.from_thread, row.turns, row.catalogue, datetime.fromisoformat(row.at)
            )
            for row in rows
        }

    def put(self, user_id: str, branch: Branch) -> None:
        """Keep where a conversation came from."""
        row = vars(branch) | {"user_id": user_id, "at": branch.at.isoformat()}
        with writing(self._engine) as connection:
            connection.execute(insert(_branches), row)

    def delete(self, user_id: str, thread_id: str) -> None:
        """Keep no longer where a conversation came from. One that came from nowhere is no error."""
        with writing(self._engine) as connection:
            connection.execute(
                delete(_branches).where(_branches.c.user_id == user_id, _branches.c.thread_id == thread_id)
            )

    def forget(self, user_id: str) -> int:
        """Erase every branch of a user; returns how many those were."""
        with writing(self._engine) as connection:
            return int(connection.execute(delete(_branches).where(_branches.c.user_id == user_id)).rowcount)
