"""Reading and writing entries and their vectors, so that no crash leaves a wrong answer behind."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from memory.chroma_connection import Connection
from memory.chroma_rows import Rows
from memory.records import Namespace, Record, labels_metadata, namespace_from, prefix_condition
from memory.vectors import EXACT_LIMIT, VectorCache, Vectors

_RECENT = 20_000  # entries kept in memory, only where no other process can write


@dataclass(frozen=True)
class Written:
    """An entry to write, and its vectors, (n, d)."""

    record: Record
    vectors: Vectors


class Entries:
    """The entries of one connection. The caller holds its mutex."""

    def __init__(self, connection: Connection, *, exact_limit: int = EXACT_LIMIT) -> None:
        self._connection = connection
        self._exact_limit = exact_limit

    def get(self, record_ids: Iterable[str]) -> dict[str, Record]:
        """Entry by id; what is not there is missing from it."""
        recent, found, missing = self._connection.recent, dict[str, Record](), list[str]()
        for record_id in dict.fromkeys(record_ids):
            if (record := recent.get(record_id)) is not None:
                recent.move_to_end(record_id)
                found[record_id] = record
            elif record_id not in self._connection.absent:
                missing.append(record_id)
        documents = self._connection.records.documents(missing)
        for record_id, document in documents.items():
            found[record_id] = record = Record.from_document(document)
            self._remember(record_id, record)
        self._note_absent([record_id for record_id in missing if record_id not in documents])
        return found

    def under(self, prefix: Namespace) -> list[Record]:
        """All entries whose namespace starts with these labels, by namespace and key."""
        pages = self._connection.records.scan(prefix_condition(prefix), ["documents"])
        found = [Record.from_document(document) for page in pages for document in page["documents"]]
        return sorted(found, key=lambda record: (record.namespace, record.key))

    def vectors_of(self, records: Sequence[Record]) -> dict[str, Vectors]:
        """Entry id → its vectors as Chroma has them, (n, d), for those that have any."""
        rows = self._connection.vectors
        found = rows.vectors([one for record in records for one in record.vector_ids]) if rows is not None else {}
        held = {record.record_id: [found[one] for one in record.vector_ids if one in found] for record in records}
        return {record_id: np.stack(vectors) for record_id, vectors in held.items() if vectors}

    def namespaces(self) -> set[Namespace]:
        """The namespaces that hold an entry."""
        pages = self._connection.records.scan(None, ["metadatas"])
        return {namespace_from(metadata) for page in pages for metadata in page["metadatas"]}

    def write(self, puts: Sequence[Written], deletes: Sequence[str], before: dict[str, Record]) -> None:
        """Put entries and delete others. before: what is there now of those to be put or deleted.

        New vectors come first, then the entries that name them, then the old vectors go: killed at any point, each
        entry is the old one or the new one, with its own vectors.
        """
        try:
            self._add_vectors([put for put in puts if len(put.vectors)])
            if puts:
                self._connection.records.upsert(
                    [put.record.record_id for put in puts],
                    np.stack([_placeholder(put.record.record_id) for put in puts]),
                    [labels_metadata(put.record.namespace) for put in puts],
                    [put.record.to_document() for put in puts],
                )
            self._connection.records.delete([record_id for record_id in deletes if record_id in before])
            self._drop_vectors([vector_id for record in before.values() for vector_id in record.vector_ids])
        except BaseException:
            self._connection.recent.clear()
            self._connection.absent.clear()
            self._connection.mirror = None
            raise
        for record_id in deletes:
            self._connection.recent.pop(record_id, None)
        for put in puts:
            self._remember(put.record.record_id, put.record)

    def nearest(
        self, query: Vectors, prefix: Namespace, *, limit: int, among: dict[str, Record] | None
    ) -> dict[str, float]:
        """Entry id → cosine similarity of its best vector, best first, at most `limit`.

        among: the only entries allowed, None for all under the prefix. Exact while the vectors are in memory; the index
        may miss a few when there are more than `limit`.
        """
        if (mirror := self._mirror()) is not None:
            hits = mirror.nearest(query, prefix, limit=limit, among=among)
            return {record_id: score for (record_id, _), score in hits.items()}
        if among is not None:
            return _first(self._compare(query, among.values()), limit)
        found = self._search_index(query, prefix, limit)
        if len(found) < limit:  # fewer than asked for: look at every entry instead
            return _first(self._compare(query, self.under(prefix)), limit)
        return _first(found, limit)

    def _search_index(self, query: Vectors, prefix: Namespace, limit: int) -> dict[str, float]:
        rows = self._connection.vectors
        total = rows.count() if rows is not None else 0
        wanted = 2 * limit
        while rows is not None and total:
            hits = rows.nearest(query, prefix_condition(prefix), min(wanted, total))
            current = self.get(vector_id.split(":")[0] for vector_id, _ in hits)
            found: dict[str, float] = {}
            for vector_id, score in hits:
                record_id, stamp, _ = vector_id.split(":")
                if record_id in current and current[record_id].stamp == stamp:
                    found.setdefault(record_id, score)
            if len(found) >= limit or len(hits) < min(wanted, total) or wanted >= total:
                return found
            wanted *= 4
        return {}

    def _compare(self, query: Vectors, records: Iterable[Record]) -> dict[str, float]:
        rows = self._connection.vectors
        owners = {vector_id: record.record_id for record in records for vector_id in record.vector_ids}
        if rows is None or not owners:
            return {}
        mirror = VectorCache(self._connection.dims)
        found = rows.vectors(list(owners))
        mirror.put(list(found), [()] * len(found), np.stack(list(found.values())))
        hits = mirror.nearest(query, (), limit=len(owners))
        return {record_id: score for (record_id, _), score in hits.items()}

    def _mirror(self) -> VectorCache | None:
        """The vectors in memory, read on first use; None where another process may write or there are too many."""
        connection = self._connection
        if connection.vectors is None or not connection.exclusive:
            return None
        if connection.mirror is None and connection.vectors.count() <= self._exact_limit:
            connection.mirror = self._read_mirror(connection.vectors)
        if connection.mirror is not None and len(connection.mirror) > self._exact_limit:
            connection.mirror = None
        return connection.mirror

    def _read_mirror(self, rows: Rows) -> VectorCache:
        mirror = VectorCache(self._connection.dims)
        for page in rows.scan(None, ["metadatas", "embeddings"]):
            namespaces = [namespace_from(metadata) for metadata in page["metadatas"]]
            mirror.put(page["ids"], namespaces, np.asarray(page["embeddings"], dtype=np.float32))
        kept = set[str]()
        for record in self.under(()):
            kept.update(record.vector_ids)
            self._remember(record.record_id, record)
        orphans = [vector_id for vector_id in mirror.vector_ids() if vector_id not in kept]  # left behind by a crash
        mirror.drop(orphans)
        rows.delete(orphans)
        return mirror

    def _add_vectors(self, puts: Sequence[Written]) -> None:
        if not puts or self._connection.vectors is None:
            return
        ids = [vector_id for put in puts for vector_id in put.record.vector_ids]
        namespaces = [put.record.namespace for put in puts for _ in put.record.vector_ids]
        vectors = np.concatenate([put.vectors for put in puts])
        self._connection.vectors.upsert(ids, vectors, [labels_metadata(namespace) for namespace in namespaces])
        if self._connection.mirror is not None:
            self._connection.mirror.put(ids, namespaces, vectors)

    def _drop_vectors(self, vector_ids: Sequence[str]) -> None:
        if not vector_ids or self._connection.vectors is None:
            return
        self._connection.vectors.delete(vector_ids)
        if self._connection.mirror is not None:
            self._connection.mirror.drop(vector_ids)

    def _remember(self, record_id: str, record: Record) -> None:
        recent = self._connection.recent
        if not self._connection.exclusive:
            return
        recent[record_id] = record
        recent.move_to_end(record_id)
        self._connection.absent.discard(record_id)
        while len(recent) > _RECENT:
            recent.popitem(last=False)

    def _note_absent(self, record_ids: Sequence[str]) -> None:
        if self._connection.exclusive:
            if len(self._connection.absent) + len(record_ids) > _RECENT:
                self._connection.absent.clear()
            self._connection.absent.update(record_ids)


def _first(scores: dict[str, float], limit: int) -> dict[str, float]:
    best = sorted(scores.items(), key=lambda hit: -hit[1])[:limit]
    return dict(best)


def _placeholder(record_id: str) -> Vectors:
    """Chroma wants a vector in every row. Spread on a circle they cost its index less than one repeated point."""
    angle = int(record_id[:8], 16) / 0x1_0000_0000 * 2 * math.pi
    return np.array([math.cos(angle), math.sin(angle)], dtype=np.float32)
