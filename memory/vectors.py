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
        self._owners: dict[int, tuple[str, str]] = {}  # row → record id, stamp
        self._free: list[int] = list(range(255, -1, -1))
        self._places: dict[Namespace, set[int]] = {}
        self._namespaces: dict[int, Namespace] = {}
        self._under: dict[Namespace, npt.NDArray[np.int64]] = {}  # prefix → its rows, rising; until something changes

    def __len__(self) -> int:
        return len(self._rows)

    def vector_ids(self) -> list[str]:
        """All ids."""
        return list(self._rows)

    def put(self, vector_ids: Sequence[str], namespaces: Iterable[Namespace], vectors: Vectors) -> None:
        """Add vectors, one row each. An id already there is replaced."""
        self.drop(vector_ids)
        self._under.clear()
        for vector_id, namespace, vector in zip(vector_ids, namespaces, unit(vectors), strict=True):
            row = self._take_row()
            self._matrix[row] = vector
            self._rows[vector_id], self._owners[row], self._namespaces[row] = row, owner_of(vector_id), namespace
            self._places.setdefault(namespace, set()).add(row)

    def drop(self, vector_ids: Iterable[str]) -> None:
        """Remove vectors; unknown ids are passed over."""
        self._under.clear()
        for vector_id in vector_ids:
            row = self._rows.pop(vector_id, None)
            if row is None:
                continue
            del self._owners[row]
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
        rows = self._rows_under(prefix)
        if rows.size == 0 or limit <= 0:
            return {}
        first, end = int(rows[0]), int(rows[-1]) + 1
        matrix = self._matrix[first:end] if end - first == rows.size else self._matrix[rows]  # a slice copies nothing
        scores = np.clip(matrix @ unit(query.reshape(1, -1))[0], -1, 1)
        order = np.argsort(-scores, kind="stable")
        first_rows = rows[order[:limit]].tolist()
        owners = [self._owners[row] for row in first_rows]
        if among is None and len(set(owners)) == len(owners):  # one vector each, as nearly always
            return dict(zip(owners, scores[order[:limit]].tolist(), strict=True))
        best: dict[tuple[str, str], float] = {}
        for row, score in zip(rows[order].tolist(), scores[order].tolist(), strict=True):
            owner = self._owners[row]
            if owner in best or (among is not None and owner[0] not in among):
                continue
            best[owner] = score
            if len(best) == limit:
                break
        return best

    def _rows_under(self, prefix: Namespace) -> npt.NDArray[np.int64]:
        """The rows of all namespaces that start with these labels, rising."""
        if prefix not in self._under:
            depth = len(prefix)
            groups = [rows for namespace, rows in self._places.items() if namespace[:depth] == prefix]
            self._under[prefix] = np.sort(np.fromiter((row for group in groups for row in group), dtype=np.int64))
        return self._under[prefix]

    def _take_row(self) -> int:
        if not self._free:
            have = len(self._matrix)
            self._matrix = np.concatenate([self._matrix, np.zeros_like(self._matrix)])
            self._free = list(range(2 * have - 1, have - 1, -1))
        return self._free.pop()
