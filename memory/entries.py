"""Reading and writing entries, so that no crash leaves a wrong answer behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from memory.chroma_connection import Connection
from memory.chroma_layout import Written
from memory.errors import StoreFailed
from memory.namespaces import Namespaces
from memory.records import Namespace, Record, prefix_condition
from memory.vectors import Vectors

_RECENT = 20_000  # entries kept in memory, only where no other process can write


class Entries:
    """The entries of one connection. The caller holds its mutex."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, record_ids: Iterable[str]) -> dict[str, Record]:
        """Entry by id; what is not there is missing from it."""
        recent, found, missing = self._connection.recent, dict[str, Record](), list[str]()
        for record_id in dict.fromkeys(record_ids):
            if (record := recent.get(record_id)) is not None:
                recent.move_to_end(record_id)
                found[record_id] = record
            elif record_id not in self._connection.absent:
                missing.append(record_id)
        rows = self._connection.records.get(missing)
        for record_id, row in rows.items():
            found[record_id] = record = Record.from_row(*row)
            self.remember(record)
        self._note_absent([record_id for record_id in missing if record_id not in rows])
        return found

    def under(self, prefix: Namespace) -> list[Record]:
        """All entries whose namespace starts with these labels, by namespace and key."""
        return sorted(self._scan(prefix_condition(prefix)), key=lambda record: (record.namespace, record.key))

    def vectors_of(self, records: Sequence[Record]) -> dict[str, Vectors]:
        """Entry id → its vectors as Chroma has them, (n, d), for those that have any."""
        held = [record for record in records if record.vectors]
        first = self._connection.records.vectors([record.record_id for record in held])
        rows = self._connection.vectors
        further = rows.vectors([one for record in held for one in record.vector_ids[1:]]) if rows is not None else {}
        return {
            record.record_id: np.stack(
                [first[record.record_id], *(further[one] for one in record.vector_ids[1:] if one in further)]
            )
            for record in held
            if record.record_id in first
        }

    def namespaces(self) -> Namespaces:
        """The namespaces that hold an entry."""
        connection = self._connection
        if connection.namespaces is not None:
            return connection.namespaces
        found = Namespaces(connection.namespace_rows.all())
        if connection.exclusive:
            connection.namespaces = found
        return found

    def write(self, puts: Sequence[Written], deletes: Sequence[str], before: Mapping[str, Record]) -> None:
        """Put entries and delete others. before: what is there now of those to be put or deleted.

        Killed at any point, each entry is the old one or the new one, with its own vectors.
        """
        connection, gone = self._connection, [record_id for record_id in deletes if record_id in before]
        if any(len(put.vectors) > 1 for put in puts):
            connection.further = None
        witnesses = {put.record.namespace: put.record.record_id for put in puts}
        try:
            self._announce(witnesses)
            connection.collections.write(puts)
            connection.records.delete(gone)
            if connection.vectors is not None:
                connection.vectors.delete([one for record in before.values() for one in record.vector_ids[1:]])
            self._settle(witnesses, {before[record_id].namespace for record_id in gone})
        except BaseException:
            connection.forget_read()
            with suppress(StoreFailed):
                connection.namespace_rows.settle(witnesses)
            raise
        for record_id in deletes:
            connection.recent.pop(record_id, None)
        for put in puts:
            self.remember(put.record)
        self._update_mirror(puts, before)

    def claim(self, record: Record) -> bool:
        """Put an entry without vectors unless one is there; whether it was put. One of several clients is told so."""
        if self.get([record.record_id]):
            return False
        if self._connection.exclusive:
            self.write([Written(record, np.zeros((0, 0), np.float32))], [], {})
            return True
        witnesses = {record.namespace: record.record_id}
        self._announce(witnesses)
        claimed = self._connection.collections.claim(record)
        self._settle(witnesses, set())
        return claimed

    def refresh(self, expiring: Mapping[str, Record]) -> None:
        """Keep the `expires_at` of these entries, by their id, and nothing else of them."""
        try:
            self._connection.records.update(
                list(expiring), [{"expires": record.expires_at} for record in expiring.values()]
            )
        except BaseException:
            self._connection.forget_read()
            raise
        for record in expiring.values():
            if record.record_id in self._connection.recent:
                self.remember(record)

    def sweep(self, now: float) -> int:
        """Delete the entries that expire at this moment (seconds since 1970) or before; how many they were."""
        expired = {"expires": {"$lte": now}}
        before = {record.record_id: record for record in self._scan(expired)}
        if not before:
            return 0
        if self._connection.exclusive:
            self.write([], list(before), before)
            return len(before)
        self._connection.records.delete(list(before), expired)  # another client may have refreshed one just now
        kept = self._connection.records.get(list(before))
        gone = [record for record_id, record in before.items() if record_id not in kept]
        if self._connection.vectors is not None:
            self._connection.vectors.delete([one for record in gone for one in record.vector_ids[1:]])
        self._settle({}, {record.namespace for record in gone})
        return len(gone)

    def remember(self, record: Record) -> None:
        """Have the entry at hand, where no other process can change it."""
        recent = self._connection.recent
        if not self._connection.exclusive:
            return
        recent[record.record_id] = record
        recent.move_to_end(record.record_id)
        self._connection.absent.discard(record.record_id)
        while len(recent) > _RECENT:
            recent.popitem(last=False)

    def _scan(self, where: Mapping[str, object] | None) -> list[Record]:
        pages = self._connection.records.scan(where, ["documents", "metadatas"])
        return [
            Record.from_row(*row) for page in pages for row in zip(page["documents"], page["metadatas"], strict=True)
        ]

    def _update_mirror(self, puts: Sequence[Written], before: Mapping[str, Record]) -> None:
        mirror = self._connection.mirror
        if mirror is not None:
            mirror.drop([one for record in before.values() for one in record.vector_ids])
            for put in puts:
                mirror.put(put.record.vector_ids, [put.record.namespace] * put.record.vectors, put.vectors)

    def _announce(self, witnesses: Mapping[Namespace, str]) -> None:
        """Before entries are put: their namespaces get a row. witnesses: an entry of each."""
        connection = self._connection
        if not connection.exclusive:
            connection.namespace_rows.announce(witnesses)
            return
        known = self.namespaces()
        fresh = {one: witness for one, witness in witnesses.items() if one not in known}
        if fresh:
            connection.namespace_rows.announce(fresh)
            known.add(fresh)

    def _settle(self, witnesses: Mapping[Namespace, str], lessened: set[Namespace]) -> None:
        """After entries were put and deleted: the rows of namespaces are as they have to be."""
        connection = self._connection
        if not connection.exclusive:
            # another may have found the namespace empty meanwhile, or have deleted what was just put
            lessened = lessened.union(connection.namespace_rows.announce(witnesses))
        if lessened:
            empty = connection.namespace_rows.settle(lessened)
            if connection.namespaces is not None:
                connection.namespaces.remove(empty)

    def _note_absent(self, record_ids: Sequence[str]) -> None:
        if self._connection.exclusive:
            if len(self._connection.absent) + len(record_ids) > _RECENT:
                self._connection.absent.clear()
            self._connection.absent.update(record_ids)


def refreshed(record: Record, now: float) -> Record | None:
    """The entry with its time to live begun anew at `now`, None where that would move its end by next to nothing.

    Next to nothing is a hundredth of the time to live, a second at most; so what is read often is not written often.
    """
    if record.ttl_minutes is None:
        return None
    seconds = record.ttl_minutes * 60
    if record.expires_at is not None and now + seconds - record.expires_at < min(1.0, seconds / 100):
        return None
    return replace(record, expires_at=now + seconds)
