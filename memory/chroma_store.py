"""LangGraph's `BaseStore` on Chroma: entries with a namespace and a key, searchable by meaning."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from langgraph.store.base import (
    BaseStore,
    GetOp,
    IndexConfig,
    InvalidNamespaceError,
    Item,
    ListNamespacesOp,
    MatchCondition,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    validate_op_namespace,
)

from memory.chroma_connection import Connection, connect, disconnect
from memory.chroma_rebuild import Progress, rebuild
from memory.entries import Entries, Written
from memory.errors import StoreClosed
from memory.records import Namespace, Record, check_filter, matches, new_stamp, record_id_of, value_to_json
from memory.text_index import TextIndex
from memory.vectors import EXACT_LIMIT, Vectors

_CHUNK = 1000  # entries whose vectors are read together


@dataclass
class _Plan:
    """A batch, checked and ready before anything is read or written."""

    ops: list[Op] = field(default_factory=list)
    puts: dict[tuple[Namespace, str], tuple[str | None, list[str]]] = field(default_factory=dict)  # value, its texts
    queries: list[str] = field(default_factory=list)

    def texts(self) -> list[str]:
        """Every text of the puts, once each."""
        return list(dict.fromkeys(text for _, texts in self.puts.values() for text in texts))


class ChromaStore(BaseStore):
    """Long-term memory on an embedded Chroma directory or a Chroma server.

    A batch reads the state before its own puts, and the last put of a key wins. Prefixes match whole labels. A score is
    the cosine similarity of the best vector, in [-1, 1]; entries without a vector follow those with one, unscored, by
    namespace and key. `created_at` survives overwriting. Values come back as copies. Safe to share among threads; a
    directory belongs to one process, a server may be shared.
    """

    supports_ttl = False

    def __init__(self, connection: Connection, index: TextIndex | None, *, exact_limit: int = EXACT_LIMIT) -> None:
        self._connection = connection
        self._index = index
        self._entries = Entries(connection, exact_limit=exact_limit)
        self._closed = False

    @classmethod
    @contextmanager
    def from_conn_string(
        cls, path_or_url: str, *, index: IndexConfig | None = None, exact_limit: int = EXACT_LIMIT
    ) -> Iterator[ChromaStore]:
        """Open a directory or an `http(s)://` server for the length of the block; see `open`."""
        store = cls.open(path_or_url, index=index, exact_limit=exact_limit)
        try:
            yield store
        finally:
            store.close()

    @classmethod
    def open(cls, path_or_url: str, *, index: IndexConfig | None = None, exact_limit: int = EXACT_LIMIT) -> ChromaStore:
        """Open a directory or an `http(s)://` server; the caller closes it.

        index: `dims`, `embed` and `fields` as LangGraph defines them; without it nothing is searchable by meaning.
        exact_limit: up to so many vectors are compared one by one, beyond it Chroma's approximate index answers.
        Raises StoreLocked, StoreUnreachable, StoreMismatch or StoreFailed.
        """
        texts = TextIndex(index) if index is not None else None
        connection = connect(path_or_url, dims=texts.dims if texts else None, embedder=texts.name if texts else "")
        return cls(connection, texts, exact_limit=exact_limit)

    def close(self) -> None:
        """Give the directory back. Closing twice is not an error."""
        if not self._closed:
            self._closed = True
            disconnect(self._connection)

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Do all operations; the results stand in their order, None for a put.

        All texts of the batch are embedded in one call. Nothing is written when an operation is malformed or the
        embedder fails. Raises ValueError, InvalidNamespaceError, EmbedderFailed, StoreFailed.
        """
        plan = self._plan(ops)
        texts, vectors = plan.texts(), None
        if self._index is not None and (texts or plan.queries):
            vectors = self._index.embed(texts, plan.queries)
        return self._execute(plan, texts, vectors)

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """As `batch`, on another thread than the event loop's."""
        if self._index is None or not self._index.asynchronous:
            return await asyncio.to_thread(self.batch, list(ops))
        plan = self._plan(ops)
        texts, vectors = plan.texts(), None
        if texts or plan.queries:
            vectors = await self._index.aembed(texts, plan.queries)
        return await asyncio.to_thread(self._execute, plan, texts, vectors)

    def nearest_keys(self, namespace: Namespace, query: str, *, limit: int) -> dict[str, float]:
        """Key → score of the entries of exactly this namespace that `search` finds nearest, nearest first.

        What ranks many entries needs none of their values, and a search copies each. Entries without a vector are left
        out. Raises as `batch`.
        """
        plan = self._plan([SearchOp(namespace, query=query, limit=limit)])
        if self._index is None or limit == 0 or not query:
            return {}
        [vector] = self._index.embed([], plan.queries)
        self._check_open()
        with self._connection.mutex:
            self._check_open()
            scores = self._entries.nearest(vector, namespace, limit=limit, among=None)
            records = self._entries.get(scores)
        found = ((records[record_id], score) for record_id, score in scores.items() if record_id in records)
        return {record.key: score for record, score in found if record.namespace == namespace}

    def contents(self) -> Iterator[tuple[Record, Vectors]]:
        """Every entry with its vectors as Chroma has them, (n, d), n = 0 for one without; by namespace and key."""
        self._check_open()
        with self._connection.mutex:
            records = self._entries.under(())
        for start in range(0, len(records), _CHUNK):
            part = records[start : start + _CHUNK]
            with self._connection.mutex:
                vectors = self._entries.vectors_of(part)
            nothing = np.zeros((0, self._connection.dims), np.float32)
            yield from ((record, vectors.get(record.record_id, nothing)) for record in part)

    def rebuild(self, progress: Progress = lambda done, of: None) -> bool:
        """Write the directory anew, so that no file of it holds what was deleted; False for a server, where none is.

        See `memory.chroma_rebuild`. Raises StoreFailed; then the directory is as it was.
        """
        self._check_open()
        with self._connection.mutex:
            self._check_open()
            return rebuild(self._connection, progress)

    def _plan(self, ops: Iterable[Op]) -> _Plan:
        plan = _Plan()
        for op in ops:
            validate_op_namespace(op)
            match op:
                case PutOp():
                    self._plan_put(plan, op)
                case SearchOp():
                    if op.limit < 0 or op.offset < 0:
                        raise ValueError(f"a search cannot have limit {op.limit} and offset {op.offset}; use 0 or more")
                    check_filter(op.filter)
                    if op.query and op.query not in plan.queries:
                        plan.queries.append(op.query)
                case GetOp() | ListNamespacesOp():
                    pass
                case _:
                    raise ValueError(f"{type(op).__name__} is not an operation of a store")
            plan.ops.append(op)
        return plan

    def _plan_put(self, plan: _Plan, op: PutOp) -> None:
        if not op.namespace:
            raise InvalidNamespaceError("a namespace needs at least one label")
        if op.ttl is not None:
            raise NotImplementedError("ChromaStore keeps entries until they are deleted; put without `ttl`")
        place = (tuple(op.namespace), str(op.key))
        if op.value is None:
            plan.puts[place] = (None, [])
            return
        value = value_to_json(*place, op.value)
        texts = self._index.texts_of(json.loads(value), op.index) if self._index is not None else []
        plan.puts[place] = (value, texts)

    def _execute(self, plan: _Plan, texts: list[str], vectors: Vectors | None) -> list[Result]:
        rows = {} if vectors is None else dict(zip(texts, vectors, strict=False))
        queries = {} if vectors is None else dict(zip(plan.queries, vectors[len(texts) :], strict=True))
        self._check_open()
        with self._connection.mutex:
            self._check_open()
            wanted = [record_id_of(tuple(op.namespace), str(op.key)) for op in plan.ops if isinstance(op, GetOp)]
            got = self._entries.get(wanted) if wanted else {}
            results = [self._read(op, got, queries) for op in plan.ops]
            if plan.puts:
                self._write(plan, rows)
        return results

    def _read(self, op: Op, got: dict[str, Record], queries: dict[str, Vectors]) -> Result:
        match op:
            case GetOp():
                record = got.get(record_id_of(tuple(op.namespace), str(op.key)))
                return _item(record) if record is not None else None
            case SearchOp():
                return self._search(op, queries.get(op.query) if op.query else None)
            case ListNamespacesOp():
                return self._list_namespaces(op)
            case _:
                return None

    def _write(self, plan: _Plan, rows: dict[str, Vectors]) -> None:
        now = datetime.now(UTC)
        before = self._entries.get(record_id_of(*place) for place in plan.puts)
        puts, deletes = [], []
        for place, (value, texts) in plan.puts.items():
            record_id = record_id_of(*place)
            if value is None:
                deletes.append(record_id)
                continue
            created_at = before[record_id].created_at if record_id in before else now
            record = Record(*place, value, created_at, now, new_stamp(), len(texts))
            puts.append(
                Written(record, np.stack([rows[text] for text in texts]) if texts else np.zeros((0, 0), np.float32))
            )
        self._entries.write(puts, deletes, before)

    def _search(self, op: SearchOp, query: Vectors | None) -> list[SearchItem]:
        prefix, wanted = tuple(op.namespace_prefix), op.offset + op.limit
        if op.limit == 0:
            return []
        allowed: dict[str, Record] | None = None
        if op.filter or query is None:
            allowed = {record.record_id: record for record in self._chosen(prefix, op)}
        if query is None:
            return [_search_item(record, None) for record in list((allowed or {}).values())[op.offset : wanted]]
        scores = self._entries.nearest(query, prefix, limit=wanted, among=allowed)
        if len(scores) < wanted:  # fill with what has no vector
            allowed = allowed if allowed is not None else {r.record_id: r for r in self._chosen(prefix, op)}
            rest = [record_id for record_id in allowed if record_id not in scores]
            page = [*scores, *rest][op.offset : wanted]
        else:
            page = list(scores)[op.offset : wanted]
        records = allowed if allowed is not None else self._entries.get(page)
        return [_search_item(records[found], scores.get(found)) for found in page if found in records]

    def _chosen(self, prefix: Namespace, op: SearchOp) -> list[Record]:
        found = self._entries.under(prefix)
        return [record for record in found if not op.filter or matches(json.loads(record.value), op.filter)]

    def _list_namespaces(self, op: ListNamespacesOp) -> list[Namespace]:
        found = {
            namespace[: op.max_depth]
            for namespace in self._entries.namespaces()
            if all(_meets(condition, namespace) for condition in op.match_conditions or ())
        }
        return sorted(found)[op.offset : op.offset + op.limit]

    def _check_open(self) -> None:
        if self._closed or self._connection.closed:
            raise StoreClosed(self._connection.place, "is closed")
        if self._connection.process != os.getpid():
            raise StoreClosed(self._connection.place, "belongs to the process this one was forked from")


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


def _meets(condition: MatchCondition, namespace: Namespace) -> bool:
    path = tuple(condition.path)
    if len(path) > len(namespace):
        return False
    if condition.match_type not in ("prefix", "suffix"):
        raise ValueError(f"namespaces match by prefix or suffix, not by {condition.match_type!r}")
    part = namespace[: len(path)] if condition.match_type == "prefix" else namespace[len(namespace) - len(path) :]
    return all(wanted in ("*", label) for wanted, label in zip(path, part, strict=True))
