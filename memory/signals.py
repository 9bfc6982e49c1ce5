"""All that can be said of a candidate, given what someone liked, as one row of numbers a candidate; no model is asked.

Two kinds of candidates are told apart. Of one that people liked, their likings speak, and what is told of it beside
them. Of one that nobody has liked yet only what is told of it speaks: how like it is to what was liked, and where it
would stand among the liked (`memory.guessing`).
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from memory.als import FoldedIn, als_factors
from memory.collaborative import WORTH_ALIGNING, Collaborative
from memory.describing import Descriptions
from memory.guessing import Guesses, Values, learn_guesses
from memory.likings import Columns, Likings
from memory.ppmi import ppmi_vectors
from memory.timeline import timeline
from memory.vectors import Vectors


class Signal(NamedTuple):
    """One column of the features.

    part: the name it is told under. rising: more of it never speaks against an item. seen, told: whether it speaks of
    items that people liked, and of those that nobody has liked yet.
    """

    name: str
    part: str
    rising: bool
    seen: bool
    told: bool


SIGNALS: Final = (
    Signal("popularity", "popularity", rising=True, seen=True, told=False),
    Signal("cooccurrence", "cooccurrence", rising=True, seen=True, told=False),
    Signal("als", "als", rising=True, seen=True, told=False),
    Signal("company", "ppmi", rising=True, seen=True, told=False),
    Signal("best_company", "ppmi", rising=True, seen=True, told=False),
    Signal("place", "timeline", rising=False, seen=True, told=False),
    Signal("after_last", "timeline", rising=False, seen=True, told=False),
    Signal("after_all", "timeline", rising=False, seen=True, told=False),
    Signal("text", "text", rising=True, seen=True, told=True),
    Signal("best_text", "text", rising=True, seen=True, told=True),
    Signal("summary", "summary", rising=True, seen=True, told=True),
    Signal("best_summary", "summary", rising=True, seen=True, told=True),
    Signal("attributes", "attributes", rising=True, seen=True, told=True),
    Signal("best_attributes", "attributes", rising=True, seen=True, told=True),
    Signal("guessed_company", "guessed", rising=True, seen=False, told=True),
    Signal("guessed_popularity", "guessed", rising=True, seen=False, told=True),
)
PARTS: Final = tuple(dict.fromkeys(signal.part for signal in SIGNALS))
SEEN: Final = np.array([signal.seen for signal in SIGNALS])
TOLD: Final = np.array([signal.told for signal in SIGNALS])


def offered(features: Values, parts: Set[str]) -> Values:
    """The features with every other part unknown. features: (..., len(SIGNALS))."""
    return np.where([signal.part in parts for signal in SIGNALS], features, np.nan)


@dataclass(frozen=True)
class ItemVectors:
    """What one state of the log says of each item, a row per item of `item_ids`.

    company: `ppmi_vectors`. factors: `als_factors`; no columns where they were not made. places: `timeline`.
    likes: how many people like the item. guesses: (n, d + 1) the company and the popularity that an item would have by
    what is told of it; no columns where nothing is told.
    """

    item_ids: tuple[str, ...]
    company: Vectors
    factors: Vectors
    places: Values
    likes: Columns
    guesses: Vectors

    @classmethod
    def learned(
        cls, likings: Likings, descriptions: Descriptions | None = None, *, als: bool = True
    ) -> tuple[ItemVectors, Vectors]:
        """From likings, and the weights of the guesses, as `guess` takes them. als: False without `implicit`."""
        count, company, likes = len(likings.item_ids), ppmi_vectors(likings), likings.likes
        guesses = Guesses(np.zeros((0, 0), dtype=np.float32), np.zeros((count, 0), dtype=np.float32))
        if descriptions is not None:
            targets = np.column_stack([company, np.log1p(likes) / np.log1p(max(likes.max(initial=1), 1))])
            guesses = learn_guesses(descriptions, targets.astype(np.float32), likes)
        factors = als_factors(likings) if als else np.zeros((count, 0), dtype=np.float32)
        vectors = cls(likings.item_ids, company, factors, timeline(likings), likes, guesses.values)
        return vectors, guesses.weights

    @cached_property
    def columns(self) -> dict[str, int]:
        """Item id → its row."""
        return {item_id: row for row, item_id in enumerate(self.item_ids)}

    @cached_property
    def folded(self) -> FoldedIn | None:
        """Factors for anyone; None where there are none."""
        return FoldedIn(self.factors) if self.factors.shape[1] else None

    @cached_property
    def standing(self) -> Vectors:
        """(n, d) the company of each item, guessed where nobody has liked it."""
        if not self.guesses.shape[1]:
            return self.company
        return np.where((self.likes > 0)[:, None], self.company, self.guesses[:, :-1]).astype(np.float32)

    def columns_of(self, item_ids: Sequence[str]) -> Columns:
        """The row of each item, in order; -1 for one that has none."""
        found = self._aligned.get(id(item_ids))
        if found is not None and found[0] is item_ids:
            return found[1]
        columns = np.array([self.columns.get(item_id, -1) for item_id in item_ids], dtype=np.int64)
        if isinstance(item_ids, tuple) and len(item_ids) >= WORTH_ALIGNING:
            self._aligned.clear()
            self._aligned[id(item_ids)] = (item_ids, columns)
        return columns

    @cached_property
    def _aligned(self) -> dict[int, tuple[Sequence[str], Columns]]:
        """Those of a whole catalogue, looked up once."""
        return {}


@dataclass(frozen=True)
class Signals:
    """The features of candidates, from what was learned of items, what is told of them, and the likings as of now.

    descriptions: of the same items as the vectors, in their order; None where nothing is told.
    """

    vectors: ItemVectors
    collaborative: Collaborative
    descriptions: Descriptions | None = None

    def know(self, history: Sequence[str]) -> bool:
        """Whether any of these items is one that something is known of."""
        return any(item_id in self.vectors.columns for item_id in history)

    def nearness(self, history: Sequence[str], item_ids: Sequence[str]) -> Values:
        """(len(item_ids),) the cosine of the company of each item, or of its guess, to that of what is liked.

        0 where either is unknown.
        """
        liked = self.vectors.columns_of(history)
        taste = self.vectors.standing[liked[liked >= 0]].sum(axis=0)
        columns = self.vectors.columns_of(item_ids)
        near = self.vectors.standing @ (taste / max(float(np.linalg.norm(taste)), 1e-9))
        return np.append(near, 0.0)[columns].astype(np.float64)  # the last stands for an item of which nothing is known

    def features(self, history: Sequence[str], item_ids: Sequence[str]) -> Values:
        """(len(item_ids), len(SIGNALS)) a row per candidate, a column per signal; NaN where nothing can be known.

        history: what the person likes, oldest first. A candidate that nobody liked when the vectors were learned has
        NaN in the columns that speak of liked ones alone, and one that has no row there in all.
        """
        columns = self.vectors.columns_of(item_ids)
        known = np.flatnonzero(columns >= 0)
        found = np.full((len(item_ids), len(SIGNALS)), np.nan)
        if known.size:
            inside = [item_ids[row] for row in known.tolist()]
            found[known] = self._of_known(history, inside, columns[known])
        return found

    def _of_known(self, history: Sequence[str], item_ids: Sequence[str], columns: Columns) -> Values:
        liked = self.vectors.columns_of(history)
        liked = liked[liked >= 0]
        by_name: dict[str, Values] = {"popularity": self.collaborative.popularities(item_ids)}
        by_name["place"] = self.vectors.places[columns]
        if len(liked):
            by_name |= self._by_company(liked, columns) | self._by_telling(liked, columns)
            by_name["cooccurrence"] = self.collaborative.score(history, item_ids)
        nothing = np.full(len(item_ids), np.nan)
        found = np.column_stack([by_name.get(signal.name, nothing) for signal in SIGNALS])
        return np.where((self.vectors.likes[columns] > 0)[:, None] | TOLD, found, np.nan)

    def _by_company(self, liked: Columns, columns: Columns) -> dict[str, Values]:
        vectors = self.vectors
        met = liked[vectors.likes[liked] > 0]
        if not len(met):
            return {}
        company, places = vectors.company[columns] @ vectors.company[met].T, vectors.places[met]
        found: dict[str, Values] = {
            "company": company.mean(axis=1),
            "best_company": company.max(axis=1),
            "after_last": vectors.places[columns] - places[-1],
            "after_all": vectors.places[columns] - places.mean(),
        }
        if vectors.folded is not None:
            found["als"] = vectors.folded.score(met, columns)
        if vectors.guesses.shape[1]:
            guesses = vectors.guesses[columns]
            found["guessed_company"] = guesses[:, :-1] @ vectors.company[met].mean(axis=0)
            found["guessed_popularity"] = guesses[:, -1].astype(np.float64)
        return found

    def _by_telling(self, liked: Columns, columns: Columns) -> dict[str, Values]:
        told = self.descriptions
        if told is None:
            return {}
        found: dict[str, Values] = {}
        for name, said in (("text", told.texts), ("summary", told.summaries)):
            if said.shape[1]:
                near = said[columns] @ said[liked].T
                found |= {name: near.mean(axis=1), f"best_{name}": near.max(axis=1)}
        if told.words.shape[1]:
            shared = (told.words[columns] @ told.words[liked].T).toarray()
            near = shared / told.lengths[columns][:, None] / told.lengths[liked]
            found |= {"attributes": near.mean(axis=1), "best_attributes": near.max(axis=1)}
        return found
