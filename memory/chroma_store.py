"""LangGraph's `BaseStore` on Chroma: entries with a namespace and a key, searchable by meaning."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from langgraph.store.base import (
    BaseStore,
    GetOp,
    IndexConfig,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    TTLConfig,
)

from memory.batches import Plan, plan_of
from memory.chroma_connection import Connection, connect, disconnect
from memory.chroma_export import read_export, write_export
from memory.chroma_layout import Written
from memory.chroma_rebuild import Progress, rebuild
from memory.entries import Entries, refreshed
from memory.errors import StoreClosed
from memory.nearness import Near, Nearness
from memory.records import Namespace, Record, matches, new_stamp, record_id_of
from memory.sweeper import Sweeper
from memory.text_index import TextIndex
from memory.vectors import EXACT_LIMIT, Vectors

DEFAULT_INTERVAL_MINUTES = 5
_CHUNK = 1000  # entries whose vectors are read together


def _now() -> datetime:
    return datetime.now(UTC)


class ChromaStore(BaseStore):
    """Long-term memory on an embedded Chroma directory or a Chroma server.

    A batch reads the state before its own puts, and the last put of a key wins. Prefixes match whole labels. A score is
    the cosine similarity of the best vector, in [-1, 1]; entries without a vector follow those with one, unscored, by
    namespace and key. `created_at` survives overwriting. Values come back as copies. Safe to share among threads; a
    directory belongs to one process, a server may be shared.

    An entry with a time to live ends that many minutes after it was last put or, unless the read asks otherwise, read.
    It is deleted by the next sweep; with `omit_expired` by the next operation of any kind.
    """

    supports_ttl = True

    def __init__(
        self,
        connection: Connection,
        index: TextIndex | None,
        *,
        ttl: TTLConfig | None = None,
        exact_limit: int = EXACT_LIMIT,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.ttl_config = ttl
        self._connection = connection
        self._index = index
        self._entries = Entries(connection)
        self._nearness = Nearness(connection, self._entries, exact_limit=exact_limit)
        self._clock = clock
        self._sweeper = Sweeper()
        self._closed = False

    @classmethod
    @contextmanager
    def from_conn_string(
        cls,
        path_or_url: str,
        *,
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
        exact_limit: int = EXACT_LIMIT,
    ) -> Iterator[ChromaStore]:
        """Open a directory or an `http(s)://` server for the length of the block; see `open`."""
        store = cls.open(path_or_url, index=index, ttl=ttl, exact_limit=exact_limit)
        try:
            yield store
        finally:
            store.close()

    @classmethod
    def open(
        cls,
        path_or_url: str,
        *,
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
        exact_limit: int = EXACT_LIMIT,
        clock: Callable[[], datetime] = _now,
    ) -> ChromaStore:
        """Open a directory or an `http(s)://` server; the caller closes it.

        index: `dims`, `embed` and `fields` as LangGraph defines them; without it nothing is searchable by meaning.
        ttl: how long entries live, as LangGraph defines it. exact_limit: up to so many vectors are compared one by one,
        beyond it Chroma's approximate index answers. clock: the time now, aware.
        Raises StoreLocked, StoreUnreachable, StoreMismatch, StoreNewer, StoreDamaged or StoreFailed.
        """
        texts = TextIndex(index) if index is not None else None
        connection = connect(path_or_url, texts)
        return cls(connection, texts, ttl=ttl, exact_limit=exact_limit, clock=clock)

    def setup(self) -> None:
        """Check that the store is open: opening it made all it needs. LangGraph's other stores want this call."""
        self._check_open()

    def close(self) -> None:
        """Give the directory back. Closing twice is not an error."""
        if not self._closed:
            self._closed = True
            self._sweeper.stop()
            disconnect(self._connection)

    def sweep_ttl(self) -> int:
        """Delete the entries whose time to live is over; how many they were. Raises StoreFailed, StoreClosed."""
        self._check_open()
        with self._connection.mutex:
            self._check_open()
            return self._entries.sweep(self._clock().timestamp())

    def start_ttl_sweeper(self, sweep_interval_minutes: float | None = None) -> Future[None]:
        """Sweep in a thread of its own: every so many minutes, or as `ttl` says, or every five.

        The future ends with the sweeper; cancelling it stops the sweeper. Does nothing, and the future is done, in a
        store opened without `ttl`. Closing the store stops it too.
        """
        config = self.ttl_config
        if config is None:
            done = Future[None]()
            done.set_result(None)
            return done
        minutes = sweep_interval_minutes or config.get("sweep_interval_minutes") or DEFAULT_INTERVAL_MINUTES
        return self._sweeper.start(self, minutes * 60)

    def stop_ttl_sweeper(self, timeout: float | None = None) -> bool:
        """Stop the sweeper, waiting at most `timeout` seconds for it; whether none runs any longer."""
        return self._sweeper.stop(timeout)

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Do all operations; the results stand in their order, None for a put.

        All texts of the batch are embedded in one call. Nothing is written when an operation is malformed or the
        embedder fails. Raises ValueError, InvalidNamespaceError, EmbedderFailed, StoreFailed.
        """
        plan = plan_of(ops, self._index)
        texts, vectors = plan.texts(), None
        if self._index is not None and (texts or plan.queries):
            vectors = self._index.embed(texts, plan.queries)
        return self._execute(plan, texts, vectors)

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """As `batch`, on another thread than the event loop's."""
        if self._index is None or not self._index.asynchronous:
            return await asyncio.to_thread(self.batch, list(ops))
        plan = plan_of(ops, self._index)
        texts, vectors = plan.texts(), None
        if texts or plan.queries:
            vectors = await self._index.aembed(texts, plan.queries)
        return await asyncio.to_thread(self._execute, plan, texts, vectors)

    @property
    def shared(self) -> bool:
        """Whether other processes may write as well: a server."""
        return not self._connection.exclusive

    def put_new(self, namespace: Namespace, key: str, value: dict[str, Any]) -> bool:
        """Put an entry, not to be found by meaning, unless one is there; whether it was put.

        Of all threads, processes and clients of a server that put the same new entry, exactly one is told True.
        Raises ValueError, InvalidNamespaceError, StoreFailed.
        """
        [put] = plan_of([PutOp(namespace, key, value, index=False)], None).puts.values()
        now = self._clock()
        record = Record(namespace, str(key), put.value if put else "", now, now, stamp=new_stamp(), index=False)
        self._check_open()
        with self._connection.mutex:
            self._check_open()
            return self._entries.claim(record)

    def nearest_keys(self, namespace: Namespace, query: str, *, limit: int) -> dict[str, float]:
        """Key → score of the entries of exactly this namespace that `search` finds nearest, nearest first.

        What ranks many entries needs none of their values, and a search copies each. Entries without a vector are left
        out. Raises as `batch`.
        """
        plan = plan_of([SearchOp(namespace, query=query, limit=limit)], self._index)
        if self._index is None or limit == 0 or not query:
            return {}
        [vector] = self._index.embed([], plan.queries)
        self._check_open()
        with self._connection.mutex:
            self._check_open()
            self._omit_expired()
            return self._nearness.keys(vector, namespace, limit=limit)

    def contents(self, prefix: Namespace = ()) -> Iterator[tuple[Record, Vectors]]:
        """Every entry under the prefix with its vectors as Chroma has them, (n, d), n = 0 for one without.

        By namespace and key.
        """
        self._check_open()
        with self._connection.mutex:
            records = self._entries.under(prefix)
        for start in range(0, len(records), _CHUNK):
            part = records[start : start + _CHUNK]
            with self._connection.mutex:
                vectors = self._entries.vectors_of(part)
            nothing = np.zeros((0, self._connection.dims), np.float32)
            yield from ((record, vectors.get(record.record_id, nothing)) for record in part)

    def export(self, path: Path) -> int:
        """Write every entry, with its vectors, to a file that `load` takes, here or elsewhere; how many they are.

        Raises OSError, StoreFailed.
        """
        return write_export(
            path, self.contents(), embedder=self._connection.collections.embedder, dims=self._connection.dims
        )

    def load(self, path: Path) -> int:
        """Take in every entry of an export, as old as it was; how many they are. One of the same key is replaced.

        Vectors of another embedder are made anew. A file that is not whole changes nothing.
        Raises OSError, BadExport, StoreNewer, EmbedderFailed, StoreFailed.
        """
        count = 0
        self._check_open()
        for page in read_export(path, self._index, page=_CHUNK):
            with self._connection.mutex:
                self._check_open()
                before = self._entries.get(put.record.record_id for put in page)
                fresh = [Written(replace(put.record, stamp=new_stamp()), put.vectors) for put in page]
                self._entries.write(fresh, [], before)
                count += len(page)
        return count

    def rebuild(self, progress: Progress = lambda done, of: None) -> bool:
        """Write the directory anew, so that no file of it holds what was deleted; False for a server, where none is.

        See `memory.chroma_rebuild`. Raises StoreFailed; then the directory is as it was.
        """
        self._check_open()
        with self._connection.mutex:
            self._check_open()
            return rebuild(self._connection, progress)

    def _execute(self, plan: Plan, texts: list[str], vectors: Vectors | None) -> list[Result]:
        rows = {} if vectors is None else dict(zip(texts, vectors, strict=False))
        queries = {} if vectors is None else dict(zip(plan.queries, vectors[len(texts) :], strict=True))
        self._check_open()
        with self._connection.mutex:
            self._check_open()
            self._omit_expired()
            wanted = [record_id_of(tuple(op.namespace), str(op.key)) for op in plan.ops if isinstance(op, GetOp)]
            got = self._entries.get(wanted) if wanted else {}
            read = dict[str, Record]()  # those whose time to live begins anew
            results = [self._read(op, got, queries, read) for op in plan.ops]
            self._refresh(read, plan)
            if plan.puts:
                self._write(plan, rows)
        return results

    def _read(self, op: Op, got: dict[str, Record], queries: dict[str, Vectors], read: dict[str, Record]) -> Result:
        match op:
            case GetOp():
                record = got.get(record_id_of(tuple(op.namespace), str(op.key)))
                if record is not None and op.refresh_ttl:
                    read[record.record_id] = record
                return _item(record) if record is not None else None
            case SearchOp():
                found = self._search(op, queries.get(op.query) if op.query else None)
                if op.refresh_ttl:
                    read.update((record.record_id, record) for record, _ in found)
                return [_search_item(record, score) for record, score in found]
            case ListNamespacesOp():
                return self._entries.namespaces().listed(op)
            case _:
                return None

    def _refresh(self, read: dict[str, Record], plan: Plan) -> None:
        now = self._clock().timestamp()
        anew = {
            record_id: fresh
            for record_id, record in read.items()
            if (record.namespace, record.key) not in plan.puts and (fresh := refreshed(record, now)) is not None
        }
        if anew:
            self._entries.refresh(anew)

    def _omit_expired(self) -> None:
        if self.ttl_config is not None and self.ttl_config.get("omit_expired"):
            self._entries.sweep(self._clock().timestamp())

    def _write(self, plan: Plan, rows: dict[str, Vectors]) -> None:
        now = self._clock()
        before = self._entries.get(record_id_of(*place) for place in plan.puts)
        puts, deletes = [], []
        for place, put in plan.puts.items():
            record_id = record_id_of(*place)
            if put is None:
                deletes.append(record_id)
                continue
            record = Record(
                *place,
                put.value,
                created_at=before[record_id].created_at if record_id in before else now,
                updated_at=now,
                stamp=new_stamp(),
                vectors=len(put.texts),
                index=tuple(put.op.index) if isinstance(put.op.index, list) else put.op.index,
                ttl_minutes=put.op.ttl,
            )
            vectors = np.stack([rows[text] for text in put.texts]) if put.texts else np.zeros((0, 0), np.float32)
            puts.append(Written(refreshed(record, now.timestamp()) or record, vectors))
        self._entries.write(puts, deletes, before)

    def _search(self, op: SearchOp, query: Vectors | None) -> list[tuple[Record, float | None]]:
        prefix, wanted = tuple(op.namespace_prefix), op.offset + op.limit
        if op.limit == 0:
            return []
        if query is not None and op.filter:
            near = self._nearness.meeting(query, prefix, limit=wanted, meets=lambda one: _meets(one, op))
            if near is not None:
                return list(_scored(near))[op.offset :]
        allowed = self._chosen(prefix, op) if op.filter or query is None else None
        if query is None:
            return [(record, None) for record in list((allowed or {}).values())[op.offset : wanted]]
        near = self._nearness.nearest(query, prefix, limit=wanted, among=allowed)
        found = list(_scored(near))
        if len(found) < wanted:  # fill with what has no vector
            rest = allowed if allowed is not None else self._chosen(prefix, op)
            found += [(record, None) for record_id, record in rest.items() if record_id not in near.scores]
        return found[op.offset : wanted]

    def _chosen(self, prefix: Namespace, op: SearchOp) -> dict[str, Record]:
        found = self._entries.under(prefix)
        return {record.record_id: record for record in found if _meets(record, op)}

    def _check_open(self) -> None:
        if self._closed or self._connection.closed:
            raise StoreClosed(self._connection.place, "is closed")
        if self._connection.process != os.getpid():
            raise StoreClosed(self._connection.place, "belongs to the process this one was forked from")


def _scored(near: Near) -> Iterator[tuple[Record, float | None]]:
    return ((near.records[one], score) for one, score in near.scores.items())


def _meets(record: Record, op: SearchOp) -> bool:
    return not op.filter or matches(json.loads(record.value), op.filter)


def _item(record: Record) -> Item:
    return Item(
        value=json.loads(record.value),
        key=record.key,
        namespace=record.namespace,
        created_at=record.created_at,
        updated_at=record.updated_at,
    )


def _search_item(record: Record, score: float | None) -> SearchItem:
    return SearchItem(
        record.namespace, record.key, json.loads(record.value), record.created_at, record.updated_at, score
    )
