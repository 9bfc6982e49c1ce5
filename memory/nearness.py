"""The entries nearest to a query: exact from memory while they are few, by Chroma's index beyond."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np

from memory.chroma_connection import Connection
from memory.chroma_rows import Hit
from memory.entries import Entries
from memory.records import Namespace, Record, owner_of, prefix_condition
from memory.vectors import EXACT_LIMIT, VectorCache, Vectors

_WITH_VECTORS = {"vectors": {"$ne": 0}}  # every row has the name; of Chroma's conditions this is by far the cheapest
_REMEMBERED, _NAMED = 10_000, 100_000  # prefixes, entries whose names are kept
_WIDER, _WIDEST = 16, 4096  # how many more hits are asked for than wanted, and the most
_FEW = 1000  # entries under a prefix that are compared one by one
_SMALL = 10_000  # entries in all, of which a condition costs less than looking among them without one
_COUNTED_FOR = 100  # searches for which a count of them is good
_OVERS = (1, 4, 16)  # the same where only the namespace decides


class Near(NamedTuple):
    """scores: entry id → cosine similarity in [-1, 1], best first. records: those entries and perhaps more."""

    scores: dict[str, float]
    records: Mapping[str, Record]


class Nearness:
    """Search by meaning in one connection. The caller holds its mutex."""

    def __init__(self, connection: Connection, entries: Entries, *, exact_limit: int = EXACT_LIMIT) -> None:
        self._connection = connection
        self._entries = entries
        self._exact_limit = exact_limit
        self._tried = dict[Namespace, int]()  # how many of `_OVERS` did not do for a prefix
        self._small, self._searches = False, 0  # whether few entries are held in all, as of the last count
        self._named = dict[str, tuple[Namespace, str]]()  # entry id → namespace and key, which never change

    def nearest(self, query: Vectors, prefix: Namespace, *, limit: int, among: dict[str, Record] | None) -> Near:
        """The nearest entries by their best vector, best first, at most `limit`.

        among: the only entries allowed, None for all under the prefix. Exact while the vectors are in memory; the index
        may miss a few when there are more than `limit`.
        """
        if self._connection.dims == 0 or limit <= 0:
            return Near({}, {})
        if (mirror := self._mirror()) is not None:
            hits = mirror.nearest(query, prefix, limit=limit, among=among)
            scores = {record_id: score for (record_id, _), score in hits.items()}
            return Near(scores, self._entries.get(scores) if among is None else among)
        if among is not None:
            return Near(_first(self._compare(query, among.values()), limit), among)
        if self._connection.exclusive and not self._entries.namespaces().holds(prefix):
            return Near({}, {})
        found = self._search_index(query, prefix, limit)
        if len(found.scores) < limit:  # fewer than asked for: look at every entry instead
            every = {record.record_id: record for record in self._entries.under(prefix)}
            return Near(_first(self._compare(query, every.values()), limit), every)
        return Near(_first(found.scores, limit), found.records)

    def keys(self, query: Vectors, namespace: Namespace, *, limit: int) -> dict[str, float]:
        """Key → score of those of the nearest entries under a namespace that are in it, nearest first."""
        if (mirror := self._mirror()) is None:
            near = self.nearest(query, namespace, limit=limit, among=None)
            found = ((near.records[one], score) for one, score in near.scores.items())
            return {record.key: score for record, score in found if record.namespace == namespace}
        hits = mirror.nearest(query, namespace, limit=limit)
        if unknown := [one for one, _ in hits if one not in self._named]:
            if len(self._named) > _NAMED:
                self._named.clear()
                unknown = [one for one, _ in hits]
            self._named |= {one: (record.namespace, record.key) for one, record in self._entries.get(unknown).items()}
        named = [(self._named[one], score) for (one, _), score in hits.items()]
        return {place[1]: score for place, score in named if place[0] == namespace}

    def meeting(self, query: Vectors, prefix: Namespace, *, limit: int, meets: Callable[[Record], bool]) -> Near | None:
        """The nearest entries that meet a condition, found by asking for ever more of the nearest.

        None where every entry has to be looked at: too few of the nearest meet it.
        """
        if self._connection.dims == 0 or limit > _WIDEST:
            return None
        asked, in_memory = min(_WIDER * limit, _WIDEST), self._mirror() is not None
        while True:
            if in_memory:
                found = self.nearest(query, prefix, limit=asked, among=None)
            else:
                found = self._search_index(query, prefix, asked)
            kept = {one: score for one, score in found.scores.items() if meets(found.records[one])}
            if len(kept) >= limit:
                return Near(_first(kept, limit), found.records)
            if len(found.scores) < asked or asked == _WIDEST:
                return None
            asked = _wider(asked, len(kept), limit)

    def _search_index(self, query: Vectors, prefix: Namespace, limit: int) -> Near:
        records, scores = self._search_rows(query, prefix, limit)
        for record in records.values():
            self._entries.remember(record)
        further = self._search_further(query, prefix, limit)
        for record_id, score in further.items():
            scores[record_id] = max(score, scores.get(record_id, -1.0))
        return Near(scores, records | self._entries.get(one for one in further if one not in records))

    def _search_rows(self, query: Vectors, prefix: Namespace, limit: int) -> tuple[dict[str, Record], dict[str, float]]:
        """The entries whose first vector is nearest. A condition costs Chroma more the more rows there are.

        So of many entries it is tried without one first, and of more hits than wanted those under the prefix are taken.
        Where too few of them are, and few lie under the prefix at all, those are compared one by one.
        """
        if prefix and self._is_small():
            return self._search_under(query, prefix, limit)
        if len(self._tried) > _REMEMBERED:
            self._tried.clear()
        for number in range(self._tried.get(prefix, 0), len(_OVERS)):
            asked = min(_OVERS[number] * limit, _WIDEST)
            hits, own = self._search_all(query, prefix, limit, asked)
            if len(own) == limit or len(hits) < asked:
                return own, {hit.row_id: hit.score for hit in hits if hit.row_id in own}
            self._tried[prefix] = number + 1 if len(own) * _OVERS[-1] > len(hits) else len(_OVERS)
            if self._tried[prefix] == len(_OVERS):
                break
        if len(self._connection.records.ids(prefix_condition(prefix), _FEW + 1)) <= _FEW:
            every = {record.record_id: record for record in self._entries.under(prefix)}
            return every, _first(self._compare(query, every.values()), limit)
        return self._search_under(query, prefix, limit)

    def _search_under(
        self, query: Vectors, prefix: Namespace, limit: int
    ) -> tuple[dict[str, Record], dict[str, float]]:
        hits = self._connection.records.nearest(query, prefix_condition(prefix, _WITH_VECTORS), limit, whole=True)
        records = {hit.row_id: Record.from_row(hit.document, hit.metadata) for hit in hits}
        return records, {hit.row_id: hit.score for hit in hits}

    def _is_small(self) -> bool:
        if self._searches % _COUNTED_FOR == 0:
            self._small = self._connection.records.count() <= _SMALL
        self._searches += 1
        return self._small

    def _search_all(
        self, query: Vectors, prefix: Namespace, limit: int, asked: int
    ) -> tuple[list[Hit], dict[str, Record]]:
        """So many hits of the whole store, nearest first, and the first of them under the prefix, at most `limit`.

        Reading the rows takes Chroma longer than finding them: of many, no more are read than it takes.
        """
        whole, own = asked == limit, dict[str, Record]()
        hits = self._connection.records.nearest(query, None, asked, whole=whole)
        step = limit + limit // 4
        for start in range(0, len(hits), step):
            part = hits[start : start + step]
            if whole:
                rows = {hit.row_id: Record.from_row(hit.document, hit.metadata) for hit in part}
            else:
                rows = self._entries.get([hit.row_id for hit in part])
            for row_id in (hit.row_id for hit in part if hit.row_id in rows):
                record = rows[row_id]
                if record.vectors and record.namespace[: len(prefix)] == prefix:
                    own[row_id] = record
                if len(own) == limit:
                    return hits, own
        return hits, own

    def _search_further(self, query: Vectors, prefix: Namespace, limit: int) -> dict[str, float]:
        rows = self._connection.vectors
        if rows is None or self._connection.further is False:
            return {}
        total = rows.count()
        self._connection.further = total > 0 if self._connection.exclusive else None
        wanted = 2 * limit  # an entry may have several
        while total:
            hits = rows.nearest(query, prefix_condition(prefix), min(wanted, total), whole=False)
            current = self._entries.get(owner_of(hit.row_id)[0] for hit in hits)
            found: dict[str, float] = {}
            for hit in hits:
                record_id, stamp = owner_of(hit.row_id)
                if record_id in current and current[record_id].stamp == stamp:
                    found.setdefault(record_id, hit.score)
            if len(found) >= limit or len(hits) < min(wanted, total) or wanted >= total:
                return found
            wanted *= 4
        return {}

    def _compare(self, query: Vectors, records: Iterable[Record]) -> dict[str, float]:
        """All entries by how near they are, one by one."""
        mirror = VectorCache(self._connection.dims)
        held = {record.record_id: record for record in records if record.vectors}
        for record_id, vectors in self._entries.vectors_of(list(held.values())).items():
            mirror.put(held[record_id].vector_ids[: len(vectors)], [()] * len(vectors), vectors)
        hits = mirror.nearest(query, (), limit=len(held))
        return {record_id: score for (record_id, _), score in hits.items()}

    def _mirror(self) -> VectorCache | None:
        """The vectors in memory, read on first use; None where another process may write or there are too many."""
        connection = self._connection
        if connection.vectors is None or not connection.exclusive or not self._exact_limit:
            return None
        if connection.mirror is None and not connection.crowded:
            connection.mirror = self._read_mirror()
        if connection.mirror is not None and len(connection.mirror) > self._exact_limit:
            connection.mirror, connection.crowded = None, True
        return connection.mirror

    def _read_mirror(self) -> VectorCache | None:
        mirror, kept = VectorCache(self._connection.dims), set[str]()
        for page in self._connection.collections.contents(_WITH_VECTORS):
            ids = [one for written in page for one in written.record.vector_ids[: len(written.vectors)]]
            namespaces = [written.record.namespace for written in page for _ in written.vectors]
            mirror.put(ids, namespaces, np.concatenate([written.vectors for written in page]))
            kept.update(one for written in page for one in written.record.vector_ids)
            for written in page:
                self._entries.remember(written.record)
            if len(mirror) > self._exact_limit:
                return mirror
        self._drop_strays(kept)
        return mirror

    def _drop_strays(self, kept: set[str]) -> None:
        """Delete the vectors that a crash left behind without an entry."""
        rows = self._connection.vectors
        if rows is not None:
            rows.delete([one for one in rows.ids() if one not in kept])


def _wider(asked: int, kept: int, limit: int) -> int:
    """How many hits to ask for next, when so many were kept: as many as should do, as reading them takes the time."""
    likely = asked * (limit + 2 * math.sqrt(limit)) / kept if kept else asked * _WIDER
    return min(_WIDEST, max(2 * asked, math.ceil(likely)))


def _first(scores: dict[str, float], limit: int) -> dict[str, float]:
    best = sorted(scores.items(), key=lambda hit: -hit[1])[:limit]
    return dict(best)
