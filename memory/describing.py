"""What a catalogue says of its items, as numbers: attribute values as words, and the vectors of texts and summaries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.items import Item
from memory.vectors import Vectors

COMMON = 5  # items that share a word, before it says anything of others that have it
MOST = 2000  # words
BINS = 8  # of a number, so many items in each
TEXT_SCALE = 5.0  # of a text against a word, in `Descriptions.rows`; both then vary about as much


@dataclass(frozen=True)
class Vocabulary:
    """The attribute values that items share; a number and a date become the word of the bin they lie in.

    words: `attribute: value`, a column each. edges: of each number, where its bins part.
    """

    words: tuple[str, ...] = ()
    edges: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @classmethod
    def learned(cls, items: Sequence[Item]) -> Vocabulary:
        """The words that at least `COMMON` items share, most shared first, no more than `MOST`."""
        numbers: dict[str, list[float]] = {}
        for item in items:
            for name, value in item.attributes.items():
                if isinstance(value, float | int | date):
                    numbers.setdefault(name, []).append(_number(value))
        shares = np.linspace(0, 1, BINS + 1)[1:-1]
        edges = {
            name: tuple(float(edge) for edge in np.unique(np.quantile(values, shares)))
            for name, values in numbers.items()
        }
        counts = Counter(word for item in items for word in _words(item, edges))
        shared = sorted((-count, word) for word, count in counts.items() if count >= COMMON)
        return cls(tuple(word for _, word in shared[:MOST]), edges)

    def matrix(self, items: Sequence[Item]) -> Any:
        """Items x words, 1 where an item has the word; a scipy CSR matrix of float32."""
        from scipy.sparse import csr_matrix

        columns = {word: column for column, word in enumerate(self.words)}
        found = [sorted({columns[word] for word in _words(item, self.edges) if word in columns}) for item in items]
        starts = np.cumsum([0, *map(len, found)])
        flat = np.array([column for own in found for column in own], dtype=np.int64)
        return csr_matrix((np.ones(len(flat), dtype=np.float32), flat, starts), shape=(len(items), len(columns)))


@dataclass(frozen=True)
class Descriptions:
    """All that is told of some items. words: as `Vocabulary.matrix`. texts, summaries: (n, d) `centred`; d may be 0."""

    words: Any
    texts: Vectors
    summaries: Vectors

    @cached_property
    def lengths(self) -> Vectors:
        """(n,) the length of each item's row of words, at least 1."""
        counts = np.asarray(self.words.sum(axis=1), dtype=np.float32).ravel()
        return np.sqrt(np.maximum(counts, 1))

    @property
    def width(self) -> int:
        """The columns of `rows`."""
        columns: int = self.words.shape[1] + self.texts.shape[1] + self.summaries.shape[1]
        return columns + 1

    def rows(self, places: slice | npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """(k, width) these items as one row of numbers each, the last always 1."""
        words = self.words[places].toarray()
        said = [TEXT_SCALE * self.texts[places], TEXT_SCALE * self.summaries[places]]
        return np.concatenate([words, *said, np.ones((len(words), 1))], axis=1).astype(np.float64)


def centred(texts: Vectors, middle: Vectors | None = None) -> Vectors:
    """The vectors less `middle`, unit length, zeros kept: what sets a text apart in this catalogue.

    middle: (d,) what all have in common; None takes `middle_of` these.
    """
    said = np.linalg.norm(texts, axis=1) > 0
    moved = texts - (middle_of(texts) if middle is None else middle)
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    kept = said[:, None] & (lengths > 1e-6)
    return np.where(kept, moved / np.where(lengths > 0, lengths, 1), 0).astype(np.float32)


def middle_of(texts: Vectors) -> Vectors:
    """(d,) the mean of all that are not zeros."""
    said = np.linalg.norm(texts, axis=1) > 0
    found = texts[said].mean(axis=0) if said.any() else np.zeros(texts.shape[1])
    return np.asarray(found, dtype=np.float32)


def _words(item: Item, edges: Mapping[str, Sequence[float]]) -> Iterable[str]:
    for name, value in item.attributes.items():
        if isinstance(value, str | tuple):
            yield from (f"{name}: {one.casefold()}" for one in ((value,) if isinstance(value, str) else value))
        elif name in edges:
            yield f"{name}: bin {int(np.searchsorted(edges[name], _number(value), side='right'))}"


def _number(value: float | date) -> float:
    return float(value.toordinal() if isinstance(value, date) else value)
