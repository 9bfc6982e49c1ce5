"""A Chroma collection behind guards: batches within its cap, no empty calls, its errors as ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from memory.chroma_client import patiently
from memory.errors import StoreFailed
from memory.vectors import Vectors

_QUERY_CAP = 30_000  # more results than this and SQLite runs out of variables


class Hit(NamedTuple):
    """One row a search found. score: cosine similarity, in [-1, 1]."""

    row_id: str
    score: float
    document: str
    metadata: Mapping[str, Any]


@dataclass
class Rows:
    """What one Chroma collection holds. `place` names the directory or URL in errors."""

    collection: Any
    place: str
    cap: int

    def count(self) -> int:
        """How many rows there are."""
        return int(self._ask("count its rows", self.collection.count))

    def upsert(
        self,
        ids: Sequence[str],
        vectors: Vectors,
        metadatas: Sequence[Mapping[str, Any]] | None,
        documents: Sequence[str] | None = None,
    ) -> None:
        """Write rows; one call up to Chroma's cap is all or nothing."""
        for part in self._parts(ids):
            self._ask(
                "write",
                self.collection.upsert,
                ids=list(ids[part]),
                embeddings=vectors[part],
                metadatas=[dict(metadata) for metadata in metadatas[part]] if metadatas is not None else None,
                documents=list(documents[part]) if documents is not None else None,
            )

    def add(self, row_id: str, vector: Vectors, metadata: Mapping[str, Any], document: str) -> None:
        """Write a row unless one of that id is there; Chroma does not tell which, so look at what is there then.

        Of several clients that add one id at the same moment, the one whose row comes first into its log has it.
        """
        held = {name: value for name, value in metadata.items() if value is not None}  # only an upsert takes None
        row = {"ids": [row_id], "embeddings": vector.reshape(1, -1), "metadatas": [held], "documents": [document]}
        self._ask("write", self.collection.add, **row)

    def update(self, ids: Sequence[str], metadatas: Sequence[Mapping[str, Any]]) -> None:
        """Change these names of the rows' metadata and nothing else; unknown ids are passed over."""
        for part in self._parts(ids):
            changes = [dict(one) for one in metadatas[part]]
            self._ask("write", self.collection.update, ids=list(ids[part]), metadatas=changes)

    def delete(self, ids: Sequence[str], where: Mapping[str, Any] | None = None) -> None:
        """Delete rows, only those that meet the condition when it is written; unknown ids are passed over."""
        for part in self._parts(ids):
            self._ask("delete", self.collection.delete, ids=list(ids[part]), where=where)

    def get(self, ids: Sequence[str]) -> dict[str, tuple[str, Mapping[str, Any]]]:
        """(document, metadata) by id; ids that are not there are missing from it."""
        found: dict[str, tuple[str, Mapping[str, Any]]] = {}
        for part in self._parts(ids):
            answer = self._ask("read", self.collection.get, ids=list(ids[part]), include=["documents", "metadatas"])
            found.update(zip(answer["ids"], zip(answer["documents"], answer["metadatas"], strict=True), strict=True))
        return found

    def ids(self, where: Mapping[str, Any] | None = None, limit: int | None = None) -> list[str]:
        """The ids of the rows that meet the condition, at most `limit`, read at once.

        Whatever is written meanwhile, without a limit each that was there before and after is among them.
        """
        return list(self._ask("read", self.collection.get, where=where, limit=limit, include=[])["ids"])

    def present(self, ids: Sequence[str]) -> set[str]:
        """Those of the ids that are there."""
        return {
            one
            for part in self._parts(ids)
            for one in self._ask("read", self.collection.get, ids=list(ids[part]), include=[])["ids"]
        }

    def vectors(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """Vector by id, as far as they are there."""
        found: dict[str, Vectors] = {}
        for part in self._parts(ids):
            answer = self._ask("read", self.collection.get, ids=list(ids[part]), include=["embeddings"])
            found.update(zip(answer["ids"], np.asarray(answer["embeddings"], dtype=np.float32), strict=True))
        return found

    def scan(
        self, where: Mapping[str, Any] | None, include: list[str], size: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """All rows that meet the condition, in pages of that size, of Chroma's cap by default.

        Whoever writes meanwhile must be locked out.
        """
        offset, size = 0, min(size or self.cap, self.cap)
        while True:
            page = self._ask("read", self.collection.get, where=where, limit=size, offset=offset, include=include)
            if page["ids"]:
                yield page
            if len(page["ids"]) < size:
                return
            offset += size

    def nearest(self, query: Vectors, where: Mapping[str, Any] | None, limit: int, *, whole: bool) -> list[Hit]:
        """The rows nearest to the query, nearest first, from Chroma's approximate index: it may miss a few.

        whole: with document and metadata.
        """
        include = ["distances", "documents", "metadatas"] if whole else ["distances"]
        answer = self._ask(
            "search",
            self.collection.query,
            query_embeddings=query.reshape(1, -1),
            where=where,
            n_results=min(limit, _QUERY_CAP),
            include=include,
        )
        [ids], [distances] = answer["ids"], answer["distances"]
        documents = answer["documents"][0] if whole else [""] * len(ids)
        metadatas = answer["metadatas"][0] if whole else [{}] * len(ids)
        return [
            Hit(found, 1.0 - distance, document, metadata)
            for found, distance, document, metadata in zip(ids, distances, documents, metadatas, strict=True)
        ]

    def _parts(self, ids: Sequence[str]) -> Iterator[slice]:
        return (slice(start, start + self.cap) for start in range(0, len(ids), self.cap))

    def _ask(self, action: str, call: Callable[..., Any], **arguments: Any) -> Any:
        """What Chroma answers; every call here may be made twice."""
        try:
            return patiently(lambda: call(**arguments))
        except Exception as error:  # bare ValueError, its own tree, httpx's and Rust's for one and the same
            raise StoreFailed(self.place, action, f"{type(error).__name__}: {error}") from error
