"""Which namespaces hold entries, kept beside the entries: a row for each, so that listing them reads no entry.

The id of a row is the namespace, its document the id of one entry of it, its witness. A row is written before the first
entry and deleted after the last. Killed in between, a row may be left without an entry, never an entry without its row.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from memory.chroma_rows import Rows
from memory.records import Namespace, namespace_from, namespace_from_json, namespace_to_json, prefix_condition
from memory.vectors import Vectors

WIDTH = 2  # of the vectors of these rows, which Chroma wants and nothing asks for
_PAGE = 1000  # entries looked at for a new witness


@dataclass(frozen=True)
class NamespaceRows:
    """The namespaces of a store. shared: other processes may write as well, so each looks again after it wrote.

    Two clients of a server, one that takes the last entry of a namespace away and one that puts another: each writes,
    then looks what is there, so whoever looks last sees what both did and sets the row right.
    """

    rows: Rows
    records: Rows
    shared: bool

    def all(self) -> list[Namespace]:
        """Every namespace that has a row, in no order."""
        return [namespace_from_json(one) for one in self.rows.ids()]

    def announce(self, witnesses: Mapping[Namespace, str]) -> list[Namespace]:
        """Write the rows of namespaces that have none, and return these.

        witnesses: an entry that is in each, or soon will be, by id.
        """
        there = self.rows.present([namespace_to_json(one) for one in witnesses])
        missing = [one for one in witnesses if namespace_to_json(one) not in there]
        self._put({one: witnesses[one] for one in missing})
        return missing

    def settle(self, namespaces: Iterable[Namespace]) -> set[Namespace]:
        """After entries were deleted: those that lost their witness get another, those now empty lose their row.

        Returns the empty ones.
        """
        wanted = {namespace_to_json(one): one for one in namespaces}
        held = {one: witness for one, (witness, _) in self.rows.get(list(wanted)).items()}
        there = self.records.present(list(held.values()))
        return self._repair([wanted[one] for one, witness in held.items() if witness not in there])

    def verify(self) -> None:
        """Set every row right: a writer may have been killed."""
        self.settle(self.all())

    def _repair(self, namespaces: Sequence[Namespace]) -> set[Namespace]:
        empty = set[Namespace]()
        while namespaces:
            found = {one: self._witness(one) for one in namespaces}
            self._put({one: witness for one, witness in found.items() if witness is not None})
            self.rows.delete([namespace_to_json(one) for one, witness in found.items() if witness is None])
            empty = (empty - found.keys()) | {one for one, witness in found.items() if witness is None}
            if not self.shared:
                break
            there = self.records.present([one for one in found.values() if one is not None])
            namespaces = [
                one
                for one, witness in found.items()
                if (witness not in there if witness is not None else self._witness(one) is not None)
            ]
        return empty

    def _witness(self, namespace: Namespace) -> str | None:
        """The id of an entry of exactly this namespace; of many a late one, as the first tend to go first."""
        for page in self.records.scan(prefix_condition(namespace), ["metadatas"], _PAGE):
            for row_id, metadata in zip(reversed(page["ids"]), reversed(page["metadatas"]), strict=True):
                if namespace_from(metadata) == namespace:
                    return str(row_id)
        return None

    def _put(self, witnesses: Mapping[Namespace, str]) -> None:
        if witnesses:
            ids = [namespace_to_json(one) for one in witnesses]
            self.rows.upsert(ids, placeholders(ids), None, list(witnesses.values()))


def placeholders(ids: Sequence[str], width: int = WIDTH) -> Vectors:
    """Chroma wants a vector in every row. Spread on a circle they cost its index less than one repeated point."""
    angles = np.array([zlib.crc32(one.encode("ascii")) for one in ids]) / 0x1_0000_0000 * 2 * math.pi
    rows = np.zeros((len(ids), width), dtype=np.float32)
    rows[:, :2] = np.stack([np.cos(angles), np.sin(angles)], axis=1) if width > 1 else 1.0
    return rows
