"""What is asked of the event log. Queries are built once each, as building one takes longer than asking."""

from __future__ import annotations

from functools import cache
from typing import Any, get_args

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
)

from memory.event_rows import INTERACTIONS
from memory.interactions import OwnHandKind

THUMBS = ("like", "dislike")
_VOIDABLE = (*THUMBS, "wish")
_OWN_HAND = get_args(OwnHandKind)


@cache
def of_user(*, newest_first: bool, edits: bool, limited: bool) -> Select[Any]:
    """A user's events. Takes user, catalogue, after and limit."""
    columns = INTERACTIONS.c
    query = select(INTERACTIONS).where(
        columns.user_id == bindparam("user"),
        columns.catalogue == bindparam("catalogue"),
        columns.event_id > bindparam("after"),
    )
    if not edits:
        query = query.where(columns.kind.not_in(_OWN_HAND), stands())
    query = query.order_by(columns.event_id.desc() if newest_first else columns.event_id)
    return query.limit(bindparam("limit", type_=Integer)) if limited else query


@cache
def replacements() -> Select[Any]:
    """Which turns a user replaced: each as `text` with its catalogue, and when. Takes user."""
    columns = INTERACTIONS.c
    return select(columns.catalogue, columns.text, columns.at).where(
        columns.user_id == bindparam("user"),
        columns.item_id == "",
        columns.kind == "take_back",
        columns.text != "",
    )


@cache
def item_ids() -> Select[Any]:
    """The items of a user's events of some kinds. Takes user, catalogue and kinds."""
    columns = INTERACTIONS.c
    return (
        select(columns.item_id)
        .distinct()
        .where(
            columns.user_id == bindparam("user"),
            columns.catalogue == bindparam("catalogue"),
            columns.kind.in_(bindparam("kinds", expanding=True)),
            stands(),
        )
    )


@cache
def newest() -> Select[Any]:
    """The id of a catalogue's newest event. Takes catalogue."""
    columns = INTERACTIONS.c
    return select(func.max(columns.event_id)).where(columns.catalogue == bindparam("catalogue"))


@cache
def about_items() -> Select[Any]:
    """What counts and is about an item, oldest first. Takes catalogue."""
    columns = INTERACTIONS.c
    return (
        select(columns.user_id, columns.item_id, columns.kind, columns.value, columns.event_id)
        .where(
            columns.catalogue == bindparam("catalogue"), columns.item_id != "", columns.kind != "take_back", stands()
        )
        .order_by(columns.event_id)
    )


@cache
def touched() -> Select[Any]:
    """Who did something about which item lately. Takes catalogue and after."""
    columns = INTERACTIONS.c
    return (
        select(columns.user_id, columns.item_id)
        .distinct()
        .where(
            columns.catalogue == bindparam("catalogue"), columns.event_id > bindparam("after"), columns.item_id != ""
        )
    )


@cache
def about_touched() -> Select[Any]:
    """The part of `about_items` that is of those. Takes catalogue and after."""
    recent, columns = touched().subquery(), INTERACTIONS.c
    return about_items().join(recent, and_(columns.user_id == recent.c.user_id, columns.item_id == recent.c.item_id))


def stands() -> ColumnElement[bool]:
    """Whether an event counts: a like or dislike whose user took it back later does not, nor what a turn taught that
    was replaced. What a replaced turn took back stands again."""
    events, later, replaced = INTERACTIONS, INTERACTIONS.alias("later"), INTERACTIONS.alias("replaced")
    return or_(
        events.c.kind.not_in(_VOIDABLE),
        ~exists().where(
            _takes_back(later, events),
            or_(
                and_(later.c.text != "", later.c.text == events.c.source),
                and_(
                    later.c.text == "",
                    events.c.kind.in_(THUMBS),
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


@cache
def with_keys() -> Select[Any]:
    """The events under some keys, whoever's they are. Takes keys."""
    return select(INTERACTIONS).where(INTERACTIONS.c.key.in_(bindparam("keys", expanding=True)))
