"""How a store is made for the tests of the contract, and what the tests share."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import pytest
from langgraph.store.base import BaseStore, IndexConfig, TTLConfig

DIMS = 256


class Maker:
    """What a store says of itself.

    differences: test → why this store fails it, a name as pytest shows it or that of all cases of a test. Each is then
    an expected failure, and one that passes is an error, so the list stays true. vectors: why there is no search by
    meaning, empty where there is.
    """

    differences: ClassVar[dict[str, str]] = {}
    vectors: ClassVar[str] = ""

    def make(self, *, index: IndexConfig | None = None, ttl: TTLConfig | None = None) -> AbstractContextManager[Any]:
        """An empty store, set up and ready, for the length of a block."""
        raise NotImplementedError

    @pytest.fixture
    def store(self) -> Iterator[BaseStore]:
        with self.make() as made:
            yield made

    @pytest.fixture
    def searchable(self) -> Iterator[BaseStore]:
        """A store that finds its entries by the meaning of their field `text`."""
        if self.vectors:
            pytest.skip(self.vectors)
        with self.make(index=IndexConfig(dims=DIMS, embed=embed, fields=["text"])) as made:
            yield made


def embed(texts: Sequence[str]) -> list[list[float]]:
    """Each word is a direction; a text is the sum of its words at unit length, so cosines can be worked out by hand."""
    rows = []
    for text in texts:
        row = [0.0] * DIMS
        for word in text.split():
            row[zlib.crc32(word.encode()) % DIMS] += 1.0
        length = sum(value * value for value in row) ** 0.5 or 1.0
        rows.append([value / length for value in row])
    return rows


def keys(hits: Sequence[Any]) -> list[str]:
    return [hit.key for hit in hits]
