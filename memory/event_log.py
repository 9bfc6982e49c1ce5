"""The event log: every interaction, appended and never changed; all else can be rebuilt from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, Engine, delete, func, not_, select

from memory import event_queries as queries
from memory.database import ensure_tables, reading, writing
from memory.event_rows import INTERACTIONS, from_row, insert_events, lock_for_appending
from memory.interactions import Interaction, InteractionKind

_CHUNK = 500


@dataclass(frozen=True)
class LogState:
    """How far a catalogue's log has come; differs whenever an event was added or erased."""

    events: int
    newest: int


class EventLog:
    """All interactions of all users. Every reading call names the user, or the catalogue for offline work.

    Likes and dislikes that their user took back, and what turns taught that were replaced, stay in the log; only calls
    that say so return them.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        ensure_tables(engine, INTERACTIONS)

    def append(self, interactions: Sequence[Interaction]) -> list[Interaction]:
        """Accept interactions, all or none; on disk when this returns. Returns them in order with their event ids.

        A key this user already had accepted, or that comes twice, gives the event accepted first. Ids rise in the order
        of acceptance. Raises ValueError for a time without a zone, DatabaseFailed when nothing could be kept.
        """
        for interaction in interactions:
            if interaction.at.tzinfo is None:
                raise ValueError(f"the time {interaction.at} of an interaction has no time zone; use an aware datetime")
        if not interactions:
            return []
        with writing(self._engine) as connection:
            lock_for_appending(connection)
            accepted = _accepted(connection, interactions)
            fresh: list[Interaction] = []
            seen = set(accepted)
            for interaction in interactions:
                if not interaction.key or _identity(interaction) not in seen:
                    fresh.append(interaction)
                    seen.add(_identity(interaction))
            inserted = iter(insert_events(connection, fresh))
        results = []
        for interaction in interactions:
            found = accepted.get(_identity(interaction)) if interaction.key else None
            if found is None:
                found = next(inserted)
                if interaction.key:
                    accepted[_identity(interaction)] = found
            results.append(found)
        return results

    def of_user(
        self,
        user_id: str,
        catalogue: str,
        *,
        after: int = 0,
        limit: int | None = None,
        newest_first: bool = False,
        edits: bool = False,
    ) -> list[Interaction]:
        """A user's events with an id above `after`, oldest first or newest first; all of them without a limit.

        edits: with what no fold may read: what the user edited in their taste by hand, what they took back, and that.
        """
        query = queries.of_user(newest_first=newest_first, edits=edits, limited=limit is not None)
        values = {"user": user_id, "catalogue": catalogue, "after": after, "limit": limit}
        with reading(self._engine) as connection:
            return [from_row(row) for row in connection.execute(query, values)]

    def catalogues(self, user_id: str) -> list[str]:
        """The catalogues a user has an event in, sorted."""
        query = select(INTERACTIONS.c.catalogue).distinct().where(INTERACTIONS.c.user_id == user_id)
        with reading(self._engine) as connection:
            return sorted(catalogue for (catalogue,) in connection.execute(query))

    def by_ids(self, user_id: str, event_ids: Iterable[int]) -> list[Interaction]:
        """These events of this user, in the order asked for; ids of others or of nothing are passed over."""
        wanted = list(dict.fromkeys(event_ids))
        columns, found = INTERACTIONS.c, dict[int, Interaction]()
        with reading(self._engine) as connection:
            for start in range(0, len(wanted), _CHUNK):
                part = wanted[start : start + _CHUNK]
                query = select(INTERACTIONS).where(columns.user_id == user_id, columns.event_id.in_(part))
                found.update((row.event_id, from_row(row)) for row in connection.execute(query))
        return [found[event_id] for event_id in wanted if event_id in found]

    def standing(self, user_id: str, catalogue: str, item_ids: Iterable[str]) -> dict[str, list[Interaction]]:
        """Item id → the likes and dislikes of it by this user that were not taken back, oldest first, where any are."""
        wanted, found = list(dict.fromkeys(item_ids)), dict[str, list[Interaction]]()
        columns = INTERACTIONS.c
        with reading(self._engine) as connection:
            for start in range(0, len(wanted), _CHUNK):
                query = (
                    select(INTERACTIONS)
                    .where(
                        columns.user_id == user_id,
                        columns.catalogue == catalogue,
                        columns.kind.in_(queries.THUMBS),
                        columns.item_id.in_(wanted[start : start + _CHUNK]),
                        queries.stands(),
                    )
                    .order_by(columns.event_id)
                )
                for row in connection.execute(query):
                    found.setdefault(row.item_id, []).append(from_row(row))
        return found

    def taken_back(self, user_id: str, event_ids: Iterable[int]) -> set[int]:
        """Which of these events of this user they took back."""
        wanted, found = list(dict.fromkeys(event_ids)), set[int]()
        columns = INTERACTIONS.c
        with reading(self._engine) as connection:
            for start in range(0, len(wanted), _CHUNK):
                part = wanted[start : start + _CHUNK]
                query = select(columns.event_id).where(
                    columns.user_id == user_id, columns.event_id.in_(part), not_(queries.stands())
                )
                found.update(event_id for (event_id,) in connection.execute(query))
        return found

    def item_ids(self, user_id: str, catalogue: str, kinds: Iterable[InteractionKind]) -> set[str]:
        """The items a user has an event of one of these kinds about."""
        values = {"user": user_id, "catalogue": catalogue, "kinds": list(kinds)}
        with reading(self._engine) as connection:
            return {item_id for (item_id,) in connection.execute(queries.item_ids(), values) if item_id}

    def users(self, catalogue: str) -> list[str]:
        """Everyone with an event in the catalogue, sorted."""
        return sorted(self.counts(catalogue))

    def counts(self, catalogue: str) -> dict[str, int]:
        """User id → how many events they have in the catalogue."""
        columns = INTERACTIONS.c
        query = select(columns.user_id, func.count()).where(columns.catalogue == catalogue).group_by(columns.user_id)
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def state(self, catalogue: str) -> LogState:
        """How many events the catalogue has and the id of the newest, 0 and 0 when it has none."""
        columns = INTERACTIONS.c
        query = select(func.count(), func.max(columns.event_id)).where(columns.catalogue == catalogue)
        with reading(self._engine) as connection:
            events, newest = connection.execute(query).one()
        return LogState(events=events, newest=newest or 0)

    def newest(self, catalogue: str) -> int:
        """The id of the catalogue's newest event, 0 where it has none; one look at an index, however long the log."""
        with reading(self._engine) as connection:
            return connection.execute(queries.newest(), {"catalogue": catalogue}).scalar() or 0

    def matrix(self, catalogue: str) -> list[tuple[str, str, int, int]]:
        """(user id, item id, liking, event id) of every event about an item that counts, oldest first.

        See `Interaction.liking`.
        """
        with reading(self._engine) as connection:
            rows = connection.execute(queries.about_items(), {"catalogue": catalogue}).all()
        return [(user_id, item_id, _liking(kind, value), event_id) for user_id, item_id, kind, value, event_id in rows]

    def opinions(self, catalogue: str, *, after: int) -> dict[tuple[str, str], int]:
        """(user id, item id) → the last liking that stands, 0 for none, of all that have an event with an id above."""
        values = {"catalogue": catalogue, "after": after}
        with reading(self._engine) as connection:
            found = {(row.user_id, row.item_id): 0 for row in connection.execute(queries.touched(), values)}
            if found:
                for user_id, item_id, kind, value, _ in connection.execute(queries.about_touched(), values):
                    found[user_id, item_id] = _liking(kind, value) or found[user_id, item_id]
        return found

    def items_of(self, catalogue: str, event_ids: Iterable[int]) -> dict[int, str]:
        """Event id → the item it is about, of those of these events that are in the catalogue's log."""
        wanted, found = list(dict.fromkeys(event_ids)), dict[int, str]()
        columns = INTERACTIONS.c
        with reading(self._engine) as connection:
            for start in range(0, len(wanted), _CHUNK):
                query = select(columns.event_id, columns.item_id).where(
                    columns.catalogue == catalogue, columns.event_id.in_(wanted[start : start + _CHUNK])
                )
                found.update((event_id, item_id) for event_id, item_id in connection.execute(query))
        return found

    def forget(self, user_id: str) -> int:
        """Erase everything of a user, in every catalogue; returns how many events that were."""
        with writing(self._engine) as connection:
            erased = connection.execute(delete(INTERACTIONS).where(INTERACTIONS.c.user_id == user_id)).rowcount
        if self._engine.dialect.name == "sqlite":
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")  # the log still holds the old pages
        return int(erased)


def _identity(interaction: Interaction) -> tuple[str, str]:
    return interaction.user_id, interaction.key


def _accepted(connection: Connection, interactions: Sequence[Interaction]) -> dict[tuple[str, str], Interaction]:
    """What was accepted before under the keys of these interactions."""
    wanted = {_identity(interaction) for interaction in interactions if interaction.key}
    keys, found = list({key for _, key in wanted}), dict[tuple[str, str], Interaction]()
    for start in range(0, len(keys), _CHUNK):  # by key alone: one query for many users
        for row in connection.execute(queries.with_keys(), {"keys": keys[start : start + _CHUNK]}):
            if (row.user_id, row.key) in wanted:
                found[row.user_id, row.key] = from_row(row)
    return found


@cache
def _liking(kind: str, value: float | None) -> int:
    return Interaction.model_construct(kind=kind, value=value).liking
