"""Catalogues in SQL: saved item by item, loaded whole."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from catalog.items import AttributeSpec, Catalogue, Item

_AT_ONCE = 500  # values in one query
_tables = MetaData()
_catalogues = Table(
    "catalogues",
    _tables,
    Column("name", String(64), primary_key=True),
    Column("attributes", Text, nullable=False),  # the schema, as a JSON list
    Column("imported_at", String(32), nullable=False),  # ISO, UTC
)
_items = Table(
    "items",
    _tables,
    Column("catalogue", String(64), ForeignKey("catalogues.name", ondelete="CASCADE"), primary_key=True),
    Column("item_id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("picture", String(64)),
    Column("record", Text, nullable=False),
    Index("items_in_order", "catalogue", "position"),
)


@dataclass(frozen=True)
class SaveReport:
    """What saving did: how many items are new, were updated, were the same.

    missing: items stored before and not among these; they are kept.
    """

    added: int
    changed: int
    unchanged: int
    missing: int = 0


@dataclass(frozen=True)
class CatalogueInfo:
    """A stored catalogue at a glance. pictures: how many of its items have one. imported_at: timezone-aware."""

    name: str
    items: int
    pictures: int
    imported_at: datetime


class UnknownCatalogue(Exception):
    """No catalogue of that name is stored."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(name, known)
        self.name, self.known = name, tuple(known)

    def __str__(self) -> str:
        if not self.known:
            return (
                f"no catalogue {self.name!r}, and none at all; import one with `palate import PATH --name {self.name}`"
            )
        near = difflib.get_close_matches(self.name, self.known, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        return f"no catalogue {self.name!r}; {hint}there are: {', '.join(self.known)}"


class CatalogueStore:
    """Keeps catalogues. Several processes may use one database: a save is seen whole or not at all."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        _tables.create_all(engine)

    def save(self, name: str, schema: Iterable[AttributeSpec], items: Iterable[Item]) -> SaveReport:
        """Add the items and update those that differ, in one transaction; positions follow the order given.

        Stored items that are not among these stay, after the others: histories may speak of them.
        Raises ValueError for an empty catalogue and for an id that comes twice; nothing is changed then.
        """
        schema, records = tuple(schema), _records(items)
        if not records:
            raise ValueError(f"catalogue {name!r} would be empty: save at least one item")
        try:
            with self._engine.begin() as connection:
                return _save(connection, name, schema, records)
        except IntegrityError:  # another process made the same catalogue a moment ago: now it is there to be updated
            with self._engine.begin() as connection:
                return _save(connection, name, schema, records)

    def load(self, name: str) -> Catalogue:
        """The catalogue with all its items. Raises UnknownCatalogue, which lists the known ones."""
        with self._engine.connect() as connection:
            row = connection.execute(select(_catalogues.c.attributes).where(_catalogues.c.name == name)).first()
            if row is None:
                known = connection.execute(select(_catalogues.c.name).order_by(_catalogues.c.name)).scalars()
                raise UnknownCatalogue(name, list(known))
            schema = [AttributeSpec.model_validate(spec) for spec in json.loads(row.attributes)]
            query = select(_items.c.record).where(_items.c.catalogue == name).order_by(_items.c.position)
            return Catalogue(name, schema, [_item(record) for record in connection.execute(query).scalars()])

    def remove(self, name: str) -> None:
        """Remove a catalogue and its items, in one transaction. One that is not there is not an error."""
        with self._engine.begin() as connection:
            connection.execute(delete(_catalogues).where(_catalogues.c.name == name))  # its items go with it

    def with_items(self, pictures: Sequence[str]) -> set[str]:
        """Those of the pictures that an item of some catalogue has."""
        found: set[str] = set()
        with self._engine.connect() as connection:
            for start in range(0, len(pictures), _AT_ONCE):
                some = _items.c.picture.in_(pictures[start : start + _AT_ONCE])
                found.update(connection.execute(select(_items.c.picture).where(some)).scalars())
        return found

    def names(self) -> list[CatalogueInfo]:
        """Every stored catalogue, by name."""
        query = (
            select(
                _catalogues.c.name,
                func.count(_items.c.item_id).label("items"),
                func.count(_items.c.picture).label("pictures"),
                _catalogues.c.imported_at,
            )
            .join_from(_catalogues, _items, isouter=True)
            .group_by(_catalogues.c.name, _catalogues.c.imported_at)
            .order_by(_catalogues.c.name)
        )
        with self._engine.connect() as connection:
            return [
                CatalogueInfo(row.name, row.items, row.pictures, datetime.fromisoformat(row.imported_at))
                for row in connection.execute(query)
            ]


@dataclass(frozen=True)
class _Record:
    item_id: str
    picture: str | None
    text: str


def _records(items: Iterable[Item]) -> list[_Record]:
    records = [_Record(item.item_id, item.picture, _written(item)) for item in items]
    if len({record.item_id for record in records}) < len(records):
        seen: set[str] = set()
        twice = next(r.item_id for r in records if r.item_id in seen or seen.add(r.item_id))  # type: ignore[func-returns-value]
        raise ValueError(f"the item id {twice!r} comes twice: give every item an id of its own")
    return records


def _save(connection: Connection, name: str, schema: Sequence[AttributeSpec], records: Sequence[_Record]) -> SaveReport:
    attributes = json.dumps([spec.model_dump() for spec in schema], ensure_ascii=False)
    values = {"attributes": attributes, "imported_at": datetime.now(UTC).isoformat(timespec="seconds")}
    # written to before anything is read: this takes the lock that keeps a second import waiting
    if connection.execute(update(_catalogues).where(_catalogues.c.name == name).values(values)).rowcount == 0:
        connection.execute(insert(_catalogues).values(name=name, **values))
    query = select(_items.c.item_id, _items.c.position, _items.c.record).where(_items.c.catalogue == name)
    stored = {row.item_id: (row.position, row.record) for row in connection.execute(query)}
    fresh, moved, changed = [], [], 0
    for position, record in enumerate(records):
        row = {"position": position, "picture": record.picture, "record": record.text}
        if record.item_id not in stored:
            fresh.append({"catalogue": name, "item_id": record.item_id, **row})
        elif stored[record.item_id] != (position, record.text):
            changed += stored[record.item_id][1] != record.text
            moved.append({"for_catalogue": name, "for_item": record.item_id, **row})
    given = {record.item_id for record in records}
    missing = sorted((place, item_id) for item_id, (place, _) in stored.items() if item_id not in given)
    last = [{"for_item": item_id, "place": len(records) + place} for place, (_, item_id) in enumerate(missing)]
    _write(connection, name, fresh, moved, last)
    return SaveReport(len(fresh), changed, len(records) - len(fresh) - changed, len(missing))


def _write(
    connection: Connection,
    name: str,
    fresh: list[dict[str, Any]],
    moved: list[dict[str, Any]],
    last: list[dict[str, Any]],
) -> None:
    if fresh:
        connection.execute(insert(_items), fresh)
    if moved:
        here = (_items.c.catalogue == bindparam("for_catalogue")) & (_items.c.item_id == bindparam("for_item"))
        names = ("position", "picture", "record")
        connection.execute(update(_items).where(here).values({name: bindparam(name) for name in names}), moved)
    if last:
        here = (_items.c.catalogue == name) & (_items.c.item_id == bindparam("for_item"))
        connection.execute(update(_items).where(here).values(position=bindparam("place")), last)


def _written(item: Item) -> str:
    """An item as text, the same for equal items. Dates are marked, for JSON has none."""
    record = {
        "item_id": item.item_id,
        "title": item.title,
        "text": item.text,
        "attributes": {
            name: {"date": value.isoformat()} if isinstance(value, date) else value
            for name, value in sorted(item.attributes.items())
        },
        "picture": item.picture,
    }
    return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _item(text: str) -> Item:
    record = json.loads(text)
    record["attributes"] = {name: _value(value) for name, value in record["attributes"].items()}
    return Item.model_validate(record)


def _value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return date.fromisoformat(value["date"])
    return tuple(value) if isinstance(value, list) else value
