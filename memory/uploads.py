"""Whose pictures are whose: the content hash of every picture a user sent, kept beside the event log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Column, Engine, String, Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from memory.database import AnyText, ensure_tables, metadata, reading, writing

_AT_ONCE = 500  # values in one query
_uploads = Table(
    "uploads",
    metadata,
    Column("user_id", AnyText, primary_key=True),
    Column("picture", String(64), primary_key=True),  # its content hash
    Column("at", String, nullable=False),  # ISO 8601
)


class Uploads:
    """Which user sent which picture, and when first. The pictures themselves are kept once, whoever sent them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        ensure_tables(engine, _uploads)

    def add(self, user_id: str, picture: str, *, at: datetime | None = None) -> None:
        """Note that the user sends the picture of that hash; on disk when this returns. A second time changes nothing.

        at: when; now, where it is not given.
        """
        row = {"user_id": user_id, "picture": picture, "at": (at or datetime.now(UTC)).isoformat()}
        insert = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        with writing(self._engine) as connection:
            connection.execute(insert(_uploads).on_conflict_do_nothing(), row)

    def of(self, user_id: str) -> dict[str, datetime]:
        """Content hash → when first sent, of a user's pictures, in the order they were sent."""
        query = select(_uploads.c.picture, _uploads.c.at).where(_uploads.c.user_id == user_id)
        with reading(self._engine) as connection:
            found = {picture: datetime.fromisoformat(at) for picture, at in connection.execute(query)}
        return dict(sorted(found.items(), key=lambda one: (one[1], one[0])))

    def among(self, pictures: Sequence[str]) -> set[str]:
        """Those of the pictures that some user sent."""
        found: set[str] = set()
        with reading(self._engine) as connection:
            for start in range(0, len(pictures), _AT_ONCE):
                some = _uploads.c.picture.in_(pictures[start : start + _AT_ONCE])
                found.update(connection.execute(select(_uploads.c.picture).where(some)).scalars())
        return found

    def forget(self, user_id: str) -> int:
        """Erase what is noted of a user; returns how many pictures that were. The pictures stay where they are."""
        with writing(self._engine) as connection:
            return int(connection.execute(delete(_uploads).where(_uploads.c.user_id == user_id)).rowcount)
