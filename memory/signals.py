"""All that a catalogue's log says of a candidate, given what someone liked, as one row of numbers a candidate."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from memory.als import FoldedIn, als_factors
from memory.collaborative import Collaborative
from memory.likings import Columns, Likings
from memory.ppmi import ppmi_vectors
from memory.similar_users import SimilarUsers
from memory.timeline import timeline
from memory.vectors import Vectors

Values = npt.NDArray[np.float64]


class Signal(NamedTuple):
    """One column of the features. part: the name it is told under. rising: more of it never speaks against an item."""

    name: str
    part: str
    rising: bool


SIGNALS = (
    Signal("popularity", "popularity", True),
    Signal("cooccurrence", "cooccurrence", True),
    Signal("als", "als", True),
    Signal("company", "ppmi", True),
    Signal("best_company", "ppmi", True),
    Signal("similar_users", "similar users", True),
    Signal("place", "timeline", False),
    Signal("after_last", "timeline", False),
    Signal("after_all", "timeline", False),
    Signal("text", "text", True),
)
PARTS = tuple(dict.fromkeys(signal.part for signal in SIGNALS))


def offered(features: Values, parts: Set[str]) -> Values:
    """The features with every other part unknown. features: (..., len(SIGNALS))."""
    return np.where([signal.part in parts for signal in SIGNALS], features, np.nan)


@dataclass(frozen=True)
class ItemVectors:
    """What was learned of each item from one state of the log, a row per item of `item_ids`.

    company: `ppmi_vectors`. factors: `als_factors`; no columns where they were not made. places: `timeline`.
    texts: vectors of what is said of the items, less their mean, unit length; no columns where there are none.
    """

    item_ids: tuple[str, ...]
    company: Vectors
    factors: Vectors
    places: Values
    texts: Vectors

    @classmethod
    def learned(cls, likings: Likings, texts: Vectors | None = None, *, als: bool = True) -> ItemVectors:
        """From likings. texts: (items, d), zeros for an item without; als: False where `implicit` is not installed."""
        nothing = np.zeros((len(likings.item_ids), 0), dtype=np.float32)
        return cls(
            item_ids=likings.item_ids,
            company=ppmi_vectors(likings),
            factors=als_factors(likings) if als else nothing,
            places=timeline(likings),
            texts=nothing if texts is None else centred(texts),
        )


def centred(texts: Vectors) -> Vectors:
    """The vectors less the mean of all that are not zeros, unit length: what sets a text apart in this catalogue."""
    said = np.linalg.norm(texts, axis=1) > 0
    moved = texts - texts[said].mean(axis=0) if said.any() else texts
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    kept = said[:, None] & (lengths > 1e-6)
    return np.where(kept, moved / np.where(lengths > 0, lengths, 1), 0).astype(np.float32)


class Signals:
    """The features of candidates, from the log as it stood when this was made and from vectors learned before."""

    def __init__(self, likings: Likings, collaborative: Collaborative, vectors: ItemVectors) -> None:
        """likings: over the items that the vectors have rows for, in their order."""
        if likings.item_ids != vectors.item_ids:
            raise ValueError("the likings and the vectors are about different items; make both from the same item ids")
        self._likings, self._collaborative, self._vectors = likings, collaborative, vectors
        self._similar = SimilarUsers(likings, vectors.company)
        self._folded = FoldedIn(vectors.factors) if vectors.factors.shape[1] else None

    def features(self, history: Sequence[str], item_ids: Sequence[str], *, user_id: str = "") -> Values:
        """(len(item_ids), len(SIGNALS)) a row per candidate, a column per signal; NaN where nothing can be known.

        history: what the person likes, oldest first. user_id: whose own row of the log says nothing about them.
        An item that came after the vectors were learned is NaN in every column; so is, for someone who likes nothing
        known, every column that compares with a history.
        """
        columns = self._likings.columns_of(item_ids)
        known = np.flatnonzero(columns >= 0)
        found = np.full((len(item_ids), len(SIGNALS)), np.nan)
        if known.size:
            inside = [item_ids[row] for row in known.tolist()]
            found[known] = self._of_known(history, inside, columns[known], self._likings.row_of(user_id))
        return found

    def _of_known(self, history: Sequence[str], item_ids: Sequence[str], columns: Columns, own: int | None) -> Values:
        vectors = self._vectors
        liked = self._likings.columns_of(history)
        liked = liked[liked >= 0]
        nothing = np.full(len(item_ids), np.nan)
        by_name = dict.fromkeys((signal.name for signal in SIGNALS), nothing)
        by_name["popularity"] = self._collaborative.popularities(item_ids)
        by_name["place"] = vectors.places[columns]
        if len(liked):
            company = vectors.company[columns] @ vectors.company[liked].T
            places = vectors.places[liked]
            by_name |= {
                "cooccurrence": self._collaborative.score(history, item_ids),
                "company": company.mean(axis=1),
                "best_company": company.max(axis=1),
                "similar_users": self._similar.score(liked, columns, without=own),
                "after_last": vectors.places[columns] - places[-1],
                "after_all": vectors.places[columns] - places.mean(),
            }
            if self._folded is not None:
                by_name["als"] = self._folded.score(liked, columns)
            if vectors.texts.shape[1]:
                by_name["text"] = vectors.texts[columns] @ vectors.texts[liked].mean(axis=0)
        return np.column_stack([by_name[signal.name] for signal in SIGNALS])
