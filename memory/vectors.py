"""All vectors of a directory in memory: exact nearest neighbours, faster than the index while they are few."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from memory.records import Namespace, owner_of

Vectors = npt.NDArray[np.float32]

EXACT_LIMIT = 30_000  # about 50 MB at 384 dimensions; beyond it Chroma's index answers


def unit(vectors: Vectors) -> Vectors:
    """The rows scaled to length 1; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


class VectorCache:
    """A mirror of the vectors of one directory. Only its owner may hold one: another writer would make it stale."""

    def __init__(self, dims: int) -> None:
        self._matrix: Vectors = np.zeros((256, dims), dtype=np.float32)
        self._rows: dict[str, int] = {}  # vector id → row
        self._ids: dict[int, str] = {}
        self._free: list[int] = list(range(255, -1, -1))
        self._places: dict[Namespace, set[int]] = {}
        self._namespaces: dict[int, Namespace] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def vector_ids(self) -> list[str]:
        """All ids."""
        return list(self._rows)

    def put(self, vector_ids: Sequence[str], namespaces: Iterable[Namespace], vectors: Vectors) -> None:
        """Add vectors, one row each. An id already there is replaced."""
        self.drop(vector_ids)
        for vector_id, namespace, vector in zip(vector_ids, namespaces, unit(vectors), strict=True):
            row = self._take_row()
            self._matrix[row] = vector
            self._rows[vector_id], self._ids[row], self._namespaces[row] = row, vector_id, namespace
            self._places.setdefault(namespace, set()).add(row)

    def drop(self, vector_ids: Iterable[str]) -> None:
        """Remove vectors; unknown ids are passed over."""
        for vector_id in vector_ids:
            row = self._rows.pop(vector_id, None)
            if row is None:
                continue
            del self._ids[row]
            namespace = self._namespaces.pop(row)
            self._places[namespace].discard(row)
            if not self._places[namespace]:
                del self._places[namespace]
            self._matrix[row] = 0
            self._free.append(row)

    def nearest(
        self, query: Vectors, prefix: Namespace, *, limit: int, among: Container[str] | None = None
    ) -> dict[tuple[str, str], float]:
        """(record id, stamp) → best cosine of its vectors in [-1, 1], best first, at most `limit` of them.

        among: only these record ids; None for all under the prefix.
        """
        depth = len(prefix)
        groups = [rows for namespace, rows in self._places.items() if namespace[:depth] == prefix]
        rows = np.fromiter((row for group in groups for row in group), dtype=np.int64)
        if rows.size == 0 or limit <= 0:
            return {}
        scores = np.clip(self._matrix[rows] @ unit(query.reshape(1, -1))[0], -1, 1)
        best: dict[tuple[str, str], float] = {}
        for place in np.lexsort((rows, -scores)):
            owner = owner_of(self._ids[int(rows[place])])
            if owner in best or (among is not None and owner[0] not in among):
                continue
            best[owner] = float(scores[place])
            if len(best) == limit:
                break
        return best

    def _take_row(self) -> int:
        if not self._free:
            have = len(self._matrix)
            self._matrix = np.concatenate([self._matrix, np.zeros_like(self._matrix)])
            self._free = list(range(2 * have - 1, have - 1, -1))
        return self._free.pop()
