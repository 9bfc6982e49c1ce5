"""The event log: every interaction, appended and never changed; all else can be rebuilt from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, get_args

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Engine,
    Float,
    FromClause,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    not_,
    or_,
    select,
    text,
)
from sqlalchemy import Connection as SqlConnection

from memory.database import AnyText, ensure_tables, metadata, reading, writing
from memory.interactions import Interaction, InteractionKind, OwnHandKind

_interactions = Table(
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
_APPEND_LOCK = 0x50414C41  # any number of our own; see `_append_lock`
_CHUNK = 500
_THUMBS = ("like", "dislike")
_VOIDABLE = (*_THUMBS, "wish")
_OWN_HAND = get_args(OwnHandKind)


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
        ensure_tables(engine, _interactions)

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
            _append_lock(connection)
            accepted = _accepted(connection, interactions)
            fresh: list[Interaction] = []
            seen = set(accepted)
            for interaction in interactions:
                if not interaction.key or _identity(interaction) not in seen:
                    fresh.append(interaction)
                    seen.add(_identity(interaction))
            inserted = iter(_insert(connection, fresh))
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
        query = _of_user(newest_first=newest_first, edits=edits, limited=limit is not None)
        values = {"user": user_id, "catalogue": catalogue, "after": after, "limit": limit}
        with reading(self._engine) as connection:
            return [_from_row(row) for row in connection.execute(query, values)]

    def catalogues(self, user_id: str) -> list[str]:
        """The catalogues a user has an event in, sorted."""
        query = select(_interactions.c.catalogue).distinct().where(_interactions.c.user_id == user_id)
        with reading(self._engine) as connection:
            return sorted(catalogue for (catalogue,) in connection.execute(query))

    def by_ids(self, user_id: str, event_ids: Iterable[int]) -> list[Interaction]:
        """These events of this user, in the order asked for; ids of others or of nothing are passed over."""
        wanted = list(dict.fromkeys(event_ids))
        columns, found = _interactions.c, dict[int, Interaction]()
        with reading(self._engine) as connection:
            for start in range(0, len(wanted), _CHUNK):
                part = wanted[start : start + _CHUNK]
                query = select(_interactions).where(columns.user_id == user_id, columns.event_id.in_(part))
                found.update((row.event_id, _from_row(row)) for row in connection.execute(query))
        return [found[event_id] for event_id in wanted if event_id in found]

    def standing(self, user_id: str, catalogue: str, item_ids: Iterable[str]) -> dict[str, list[Interaction]]:
        """Item id → the likes and dislikes of it by this user that were not taken back, oldest first, where any are."""
        wanted, found = list(dict.fromkeys(item_ids)), dict[str, list[Interaction]]()
        columns = _interactions.c
        with reading(self._engine) as connection:
            for start in range(0, len(wanted), _CHUNK):
                query = (
                    select(_interactions)
                    .where(
                        columns.user_id == user_id,
                        columns.catalogue == catalogue,
                        columns.kind.in_(_THUMBS),
                        columns.item_id.in_(wanted[start : start + _CHUNK]),
                        _stands(),
                    )
                    .order_by(columns.event_id)
                )
                for row in connection.execute(query):
                    found.setdefault(row.item_id, []).append(_from_row(row))
        return found

    def taken_back(self, user_id: str, event_ids: Iterable[int]) -> set[int]:
        """Which of these events of this user they took back."""
        wanted, found = list(dict.fromkeys(event_ids)), set[int]()
        columns = _interactions.c
        with reading(self._engine) as connection:
            for start in range(0, len(wanted), _CHUNK):
                part = wanted[start : start + _CHUNK]
                query = select(columns.event_id).where(
                    columns.user_id == user_id, columns.event_id.in_(part), not_(_stands())
                )
                found.update(event_id for (event_id,) in connection.execute(query))
        return found

    def item_ids(self, user_id: str, catalogue: str, kinds: Iterable[InteractionKind]) -> set[str]:
        """The items a user has an event of one of these kinds about."""
        values = {"user": user_id, "catalogue": catalogue, "kinds": list(kinds)}
        with reading(self._engine) as connection:
            return {item_id for (item_id,) in connection.execute(_item_ids(), values) if item_id}

    def users(self, catalogue: str) -> list[str]:
        """Everyone with an event in the catalogue, sorted."""
        return sorted(self.counts(catalogue))

    def counts(self, catalogue: str) -> dict[str, int]:
        """User id → how many events they have in the catalogue."""
        columns = _interactions.c
        query = select(columns.user_id, func.count()).where(columns.catalogue == catalogue).group_by(columns.user_id)
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def state(self, catalogue: str) -> LogState:
        """How many events the catalogue has and the id of the newest, 0 and 0 when it has none."""
        columns = _interactions.c
        query = select(func.count(), func.max(columns.event_id)).where(columns.catalogue == catalogue)
        with reading(self._engine) as connection:
            events, newest = connection.execute(query).one()
        return LogState(events=events, newest=newest or 0)

    def newest(self, catalogue: str) -> int:
        """The id of the catalogue's newest event, 0 where it has none; one look at an index, however long the log."""
        with reading(self._engine) as connection:
            return connection.execute(_newest(), {"catalogue": catalogue}).scalar() or 0

    def matrix(self, catalogue: str) -> list[tuple[str, str, int, int]]:
        """(user id, item id, liking, event id) of every event about an item that counts, oldest first.

        See `Interaction.liking`.
        """
        with reading(self._engine) as connection:
            rows = connection.execute(_about_items(), {"catalogue": catalogue}).all()
        return [(user_id, item_id, _liking(kind, value), event_id) for user_id, item_id, kind, value, event_id in rows]

    def opinions(self, catalogue: str, *, after: int) -> dict[tuple[str, str], int]:
        """(user id, item id) → the last liking that stands, 0 for none, of all that have an event with an id above."""
        values = {"catalogue": catalogue, "after": after}
        with reading(self._engine) as connection:
            found = {(row.user_id, row.item_id): 0 for row in connection.execute(_touched(), values)}
            if found:
                for user_id, item_id, kind, value, _ in connection.execute(_about_touched(), values):
                    found[user_id, item_id] = _liking(kind, value) or found[user_id, item_id]
        return found

    def items_of(self, catalogue: str, event_ids: Iterable[int]) -> dict[int, str]:
        """Event id → the item it is about, of those of these events that are in the catalogue's log."""
        wanted, found = list(dict.fromkeys(event_ids)), dict[int, str]()
        columns = _interactions.c
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
            erased = connection.execute(delete(_interactions).where(_interactions.c.user_id == user_id)).rowcount
        if self._engine.dialect.name == "sqlite":
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")  # the log still holds the old pages
        return int(erased)


@cache
def _of_user(*, newest_first: bool, edits: bool, limited: bool) -> Select[Any]:
    """A user's events; built once, as building takes longer than asking. Takes user, catalogue, after and limit."""
    columns = _interactions.c
    query = select(_interactions).where(
        columns.user_id == bindparam("user"),
        columns.catalogue == bindparam("catalogue"),
        columns.event_id > bindparam("after"),
    )
    if not edits:
        query = query.where(columns.kind.not_in(_OWN_HAND), _stands())
    query = query.order_by(columns.event_id.desc() if newest_first else columns.event_id)
    return query.limit(bindparam("limit", type_=Integer)) if limited else query


@cache
def _item_ids() -> Select[Any]:
    """The items of a user's events of some kinds. Takes user, catalogue and kinds."""
    columns = _interactions.c
    return (
        select(columns.item_id)
        .distinct()
        .where(
            columns.user_id == bindparam("user"),
            columns.catalogue == bindparam("catalogue"),
            columns.kind.in_(bindparam("kinds", expanding=True)),
            _stands(),
        )
    )


@cache
def _newest() -> Select[Any]:
    """Takes catalogue."""
    columns = _interactions.c
    return select(func.max(columns.event_id)).where(columns.catalogue == bindparam("catalogue"))


@cache
def _about_items() -> Select[Any]:
    """What counts and is about an item, oldest first. Takes catalogue."""
    columns = _interactions.c
    return (
        select(columns.user_id, columns.item_id, columns.kind, columns.value, columns.event_id)
        .where(
            columns.catalogue == bindparam("catalogue"), columns.item_id != "", columns.kind != "take_back", _stands()
        )
        .order_by(columns.event_id)
    )


@cache
def _touched() -> Select[Any]:
    """Who did something about which item lately. Takes catalogue and after."""
    columns = _interactions.c
    return (
        select(columns.user_id, columns.item_id)
        .distinct()
        .where(
            columns.catalogue == bindparam("catalogue"), columns.event_id > bindparam("after"), columns.item_id != ""
        )
    )


@cache
def _about_touched() -> Select[Any]:
    """The part of `_about_items` that is of those. Takes catalogue and after."""
    touched, columns = _touched().subquery(), _interactions.c
    return _about_items().join(
        touched, and_(columns.user_id == touched.c.user_id, columns.item_id == touched.c.item_id)
    )


def _stands() -> ColumnElement[bool]:
    """Whether an event counts: a like or dislike whose user took it back later does not, nor what a turn taught that
    was replaced. What a replaced turn took back stands again."""
    events, later, replaced = _interactions, _interactions.alias("later"), _interactions.alias("replaced")
    return or_(
        events.c.kind.not_in(_VOIDABLE),
        ~exists().where(
            _takes_back(later, events),
            or_(
                and_(later.c.text != "", later.c.text == events.c.source),
                and_(
                    later.c.text == "",
                    events.c.kind.in_(_THUMBS),
                    later.c.event_id > events.c.event_id,
                    ~exists().where(
                        _takes_back(replaced, later), replaced.c.text != "", replaced.c.text == later.c.source
                    ),
                ),
            ),
        ),
    )


def _takes_back(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    """Whether an event takes back something about what another is about."""
    return and_(
        one.c.user_id == other.c.user_id,
        one.c.catalogue == other.c.catalogue,
        one.c.item_id == other.c.item_id,
        one.c.kind == literal_column("'take_back'"),  # a literal, so that the small index on it serves
    )


def _identity(interaction: Interaction) -> tuple[str, str]:
    return interaction.user_id, interaction.key


def _append_lock(connection: SqlConnection) -> None:
    """One appender at a time, so that ids become visible in their order. SQLite's write lock already does that."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _APPEND_LOCK})


def _accepted(connection: SqlConnection, interactions: Sequence[Interaction]) -> dict[tuple[str, str], Interaction]:
    """What was accepted before under the keys of these interactions."""
    wanted = {_identity(interaction) for interaction in interactions if interaction.key}
    keys, found = list({key for _, key in wanted}), dict[tuple[str, str], Interaction]()
    for start in range(0, len(keys), _CHUNK):  # by key alone: one query for many users
        for row in connection.execute(_with_keys(), {"keys": keys[start : start + _CHUNK]}):
            if (row.user_id, row.key) in wanted:
                found[row.user_id, row.key] = _from_row(row)
    return found


@cache
def _with_keys() -> Select[Any]:
    return select(_interactions).where(_interactions.c.key.in_(bindparam("keys", expanding=True)))


def _insert(connection: SqlConnection, interactions: Sequence[Interaction]) -> list[Interaction]:
    if not interactions:
        return []
    rows = [_to_row(interaction) for interaction in interactions]
    if connection.dialect.name == "sqlite":
        ids = _coming_ids(connection, len(rows))  # SQLite returns ids only from one statement a row
        connection.execute(insert(_interactions), [row | {"event_id": id_} for row, id_ in zip(rows, ids, strict=True)])
    else:
        statement = insert(_interactions).returning(_interactions.c.event_id, sort_by_parameter_order=True)
        ids = connection.execute(statement, rows).scalars().all()
    return [
        interaction.model_copy(update={"event_id": event_id})
        for interaction, event_id in zip(interactions, ids, strict=True)
    ]


def _coming_ids(connection: SqlConnection, count: int) -> Sequence[int]:
    """The ids SQLite would give next, erased ones never again; they are ours as long as its write lock is held."""
    last = connection.execute(text("SELECT seq FROM sqlite_sequence WHERE name = 'interactions'")).scalar() or 0
    return range(last + 1, last + 1 + count)


def _to_row(interaction: Interaction) -> dict[str, Any]:
    row = interaction.model_dump(exclude={"event_id"})
    return row | {"at": interaction.at.isoformat(), "key": interaction.key or None}


def _from_row(row: Row[Any]) -> Interaction:
    fields = dict(row._mapping)
    at = datetime.fromisoformat(fields["at"])
    return Interaction.model_construct(**(fields | {"at": at, "key": fields["key"] or ""}))


@cache
def _liking(kind: str, value: float | None) -> int:
    return Interaction.model_construct(kind=kind, value=value).liking
