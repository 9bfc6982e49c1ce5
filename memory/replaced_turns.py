"""Turns that their user replaced, by editing a message or asking for another answer: what they said counts no more.

It is told by the event log itself, so whatever is made of the log again knows it too, and erasing a user erases it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from memory.database import reading
from memory.event_log import EventLog
from memory.event_queries import replacements, with_keys
from memory.event_rows import INTERACTIONS, from_row
from memory.interactions import Interaction

_SOURCE = "replaced"


@dataclass(frozen=True)
class Void:
    """An event that counts no more, as its turn was replaced. since: when that was."""

    event: Interaction
    since: datetime


class ReplacedTurns:
    """Which turns were replaced. Every call names one user, and none reaches another's. All raise DatabaseFailed."""

    def __init__(self, engine: Engine, log: EventLog) -> None:
        self._engine, self._log = engine, log

    def add(self, user_id: str, catalogue: str, turn_ids: Sequence[str], *, at: datetime) -> list[Interaction]:
        """Make void what these turns taught, all or nothing, on disk when this returns; gives what that was.

        Nothing is erased. A turn replaced before stays so, and gives nothing.
        """
        fresh = [one for one in turn_ids if one not in self.among(user_id, turn_ids)]
        taught = self._taught(user_id, catalogue, fresh)
        self._log.append(
            [
                Interaction(
                    user_id=user_id,
                    catalogue=catalogue,
                    kind="take_back",
                    item_id=item_id,
                    text=f"turn:{turn_id}",
                    at=at,
                    source=_SOURCE,
                    key=_key(turn_id, item_id),
                )
                for turn_id in fresh
                for item_id in ["", *dict.fromkeys(one.item_id for one in taught if _of(one, turn_id) and one.item_id)]
            ]
        )
        return [one for one in taught if one.kind != "take_back"]

    def any_of(self, user_id: str) -> bool:
        """Whether this user ever replaced a turn, in any catalogue."""
        with reading(self._engine) as connection:
            return connection.execute(replacements(), {"user": user_id}).first() is not None

    def among(self, user_id: str, turn_ids: Iterable[str]) -> set[str]:
        """Those of these turns that were replaced."""
        keys = {_key(turn_id): turn_id for turn_id in turn_ids if turn_id}
        if not keys:
            return set()
        with reading(self._engine) as connection:
            rows = connection.execute(with_keys(), {"keys": list(keys)}).all()
        return {keys[row.key] for row in rows if row.user_id == user_id}

    def void(self, user_id: str, catalogue: str) -> list[Void]:
        """What replaced turns of this user had taught and taken back, oldest first; empty for who replaced none."""
        with reading(self._engine) as connection:
            rows = connection.execute(replacements(), {"user": user_id})
            since = {row.text: datetime.fromisoformat(row.at) for row in rows if row.catalogue == catalogue}
        turn_ids = [source.removeprefix("turn:") for source in since]
        taught = self._taught(user_id, catalogue, turn_ids)
        return [Void(one, since[one.source]) for one in taught]

    def _taught(self, user_id: str, catalogue: str, turn_ids: Sequence[str]) -> list[Interaction]:
        if not turn_ids:
            return []
        columns = INTERACTIONS.c
        query = (
            select(INTERACTIONS)
            .where(
                columns.user_id == user_id,
                columns.catalogue == catalogue,
                columns.source.in_([f"turn:{turn_id}" for turn_id in turn_ids]),
            )
            .order_by(columns.event_id)
        )
        with reading(self._engine) as connection:
            return [from_row(row) for row in connection.execute(query)]


def _of(event: Interaction, turn_id: str) -> bool:
    return event.source == f"turn:{turn_id}"


def _key(turn_id: str, item_id: str = "") -> str:
    return f"replaced:{turn_id}:{item_id}"
