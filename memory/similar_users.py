"""What people of a similar taste like: everyone counts, the nearer the more."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from memory.likings import Columns, Likings
from memory.vectors import Vectors, unit

FADING = 0.9  # what a liking counts in a taste, against the one after it
NEARNESS = 20.0  # someone at cosine 0.9 counts e^-2 as much as someone at 1
FLOOR = 1e-5  # of all users, added to both shares; one person of a hundred thousand is no evidence


class SimilarUsers:
    """The users of a catalogue by their taste, which is the fading sum of the vectors of what they liked."""

    def __init__(self, likings: Likings, vectors: Vectors) -> None:
        """vectors: (items, d) unit length, one row per column of the likings."""
        from scipy.sparse import csr_matrix

        self._likings, self._vectors = likings, vectors
        fading = (FADING**likings.ages).astype(np.float32)
        shape = (len(likings.user_ids), len(likings.item_ids))
        self._tastes: Vectors = unit(csr_matrix((fading, (likings.rows, likings.columns)), shape=shape) @ vectors)
        self._everyone = likings.likes / max(len(likings.user_ids), 1)

    def score(self, history: Columns, candidates: Columns, *, without: int | None = None) -> npt.NDArray[np.float64]:
        """(candidates,) log of how much more often the similar like an item than everyone does; 0 for equally often.

        history: columns of what is liked, oldest first, none of them -1. candidates: columns, none of them -1.
        without: the row of a user who does not count, the person in question.
        Source: user-based neighbourhoods with a soft-max over all users; a kernel estimate, Nadaraya 1964.
        """
        fading = (FADING ** np.arange(len(history) - 1, -1, -1)).astype(np.float32)
        taste = unit((fading @ self._vectors[history]).reshape(1, -1))[0]
        weights = np.exp(NEARNESS * (self._tastes @ taste - 1))
        if without is not None:
            weights[without] = 0
        total = float(weights.sum())
        if not len(history) or total <= 0:
            return np.zeros(len(candidates))
        liking = np.asarray(self._likings.by_item[candidates] @ weights, dtype=np.float64) / total
        shares: npt.NDArray[np.float64] = np.log(liking + FLOOR) - np.log(self._everyone[candidates] + FLOOR)
        return shares
