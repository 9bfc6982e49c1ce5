"""What a fit learned of a catalogue: kept as it was then, and joined with the items as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalog.items import Item
from memory.describing import Descriptions, Vocabulary, centred, middle_of
from memory.guessing import guess
from memory.likings import Likings
from memory.signals import ItemVectors
from memory.vectors import Vectors


@dataclass(frozen=True)
class Telling:
    """How what is told of an item becomes numbers. middles: (2, d) of texts and of summaries; see `centred`."""

    vocabulary: Vocabulary
    middles: Vectors

    @classmethod
    def learned(cls, items: Sequence[Item], texts: Vectors, summaries: Vectors) -> Telling:
        """From the items of a catalogue. texts, summaries: (n, d) in the same order, zeros for an item without."""
        return cls(Vocabulary.learned(items), np.stack([middle_of(texts), middle_of(summaries)]))

    def of(self, items: Sequence[Item], texts: Vectors, summaries: Vectors) -> Descriptions:
        """What is told of these items. Raises ValueError where the vectors are of another width."""
        if texts.shape[1] != self.middles.shape[1]:
            raise ValueError(f"vectors of {texts.shape[1]} numbers instead of {self.middles.shape[1]}")
        said, seen = centred(texts, self.middles[0]), centred(summaries, self.middles[1])
        return Descriptions(self.vocabulary.matrix(items), said, seen)


@dataclass(frozen=True)
class Learned:
    """What is kept. weights: those of the guesses, as `guess` takes them."""

    vectors: ItemVectors
    telling: Telling
    weights: Vectors

    @classmethod
    def of(cls, likings: Likings, telling: Telling, descriptions: Descriptions, *, als: bool = True) -> Learned:
        """From likings and what is told of the same items. als: False without `implicit`."""
        vectors, weights = ItemVectors.learned(likings, descriptions, als=als)
        return cls(vectors, telling, weights)

    def joined(self, items: Sequence[Item], texts: Vectors, summaries: Vectors) -> tuple[ItemVectors, Descriptions]:
        """Over these items, in their order; one that was not there then is one that nobody has liked yet.

        Raises ValueError as `Telling.of`.
        """
        told, then = self.telling.of(items, texts, summaries), self.vectors
        rows = then.columns_of([item.item_id for item in items])
        there = rows >= 0

        def moved(values: Any) -> Any:
            found = np.zeros((len(items), *values.shape[1:]), dtype=values.dtype)
            found[there] = values[rows[there]]
            return found

        vectors = ItemVectors(
            item_ids=tuple(item.item_id for item in items),
            company=moved(then.company),
            factors=moved(then.factors),
            places=moved(then.places),
            likes=moved(then.likes),
            guesses=guess(told, self.weights),
        )
        return vectors, told
