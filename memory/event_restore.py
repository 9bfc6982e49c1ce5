"""Events of another log, taken into this one with their ids where these are free: versions of a taste name them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, insert, text

from memory.database import writing
from memory.event_rows import INTERACTIONS, insert_events, lock_for_appending, to_row
from memory.interactions import Interaction


def restore_events(engine: Engine, events: Sequence[Interaction]) -> dict[int, int]:
    """Accept events, all or none, on disk when this returns; gives old event id → the id here.

    They keep their ids where all of these are above any id ever given here, else they get new ones in the same order.
    Raises DatabaseFailed, also for a key that comes twice or that its user has.
    """
    ordered = sorted(events, key=lambda event: event.event_id)
    if not ordered:
        return {}
    with writing(engine) as connection:
        lock_for_appending(connection)
        if ordered[0].event_id <= _newest_given(connection):
            here = insert_events(connection, ordered)
        else:
            connection.execute(
                insert(INTERACTIONS), [to_row(event) | {"event_id": event.event_id} for event in ordered]
            )
            _note_given(connection, ordered[-1].event_id)
            here = ordered
    return {old.event_id: new.event_id for old, new in zip(ordered, here, strict=True)}


def _newest_given(connection: Connection) -> int:
    """The highest event id that was ever given, also to an event since erased."""
    if connection.dialect.name == "postgresql":
        query = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM interactions_event_id_seq"
    else:
        query = "SELECT seq FROM sqlite_sequence WHERE name = 'interactions'"
    return int(connection.execute(text(query)).scalar() or 0)


def _note_given(connection: Connection, event_id: int) -> None:
    """Ids up to this one were given by hand. SQLite sees that by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT setval('interactions_event_id_seq', :number)"), {"number": event_id})
