"""Items as factors that explain who liked what, by the library `implicit`; people are folded in from their history."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from memory.likings import Columns, Likings
from memory.vectors import Vectors

FACTORS = 16
CONFIDENCE = 10.0  # how much more a liking counts than its absence
REGULARISATION = 1.0
ITERATIONS = 8


def als_factors(likings: Likings, *, factors: int = FACTORS) -> Vectors:
    """(items, factors) the items' factors; the same for the same likings. Raises ImportError without `implicit`.

    Source: alternating least squares on implicit feedback, Hu, Koren and Volinsky 2008 (ICDM).
    """
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    if not len(likings.columns):
        return np.zeros((len(likings.item_ids), factors), dtype=np.float32)
    with threadpool_limits(1, "blas"):  # the library's own loops are what runs in parallel, as it asks
        model = AlternatingLeastSquares(
            factors=factors,
            regularization=REGULARISATION,
            alpha=CONFIDENCE,
            iterations=ITERATIONS,
            num_threads=1,  # so that sums are taken in the same order each time
            random_state=0,
        )
        model.fit(likings.matrix, show_progress=False)
    return np.asarray(model.item_factors, dtype=np.float32)


class FoldedIn:
    """Scores for anyone, known or not: their own factors are solved for from what they liked."""

    def __init__(self, factors: Vectors) -> None:
        """factors: (items, d), one row per column of the likings."""
        self._factors = factors
        self._gram = factors.T @ factors + REGULARISATION * np.eye(factors.shape[1], dtype=np.float32)

    def score(self, history: Columns, candidates: Columns) -> npt.NDArray[np.float64]:
        """(candidates,) the preference the factors explain, about 0 for indifferent and 1 for liked.

        history, candidates: columns, none of them -1. Zeros for an empty history.
        """
        liked = self._factors[history]
        person = np.linalg.solve(self._gram + (CONFIDENCE - 1) * liked.T @ liked, CONFIDENCE * liked.sum(axis=0))
        return np.asarray(self._factors[candidates] @ person, dtype=np.float64)
