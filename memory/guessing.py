"""Where an item would stand among the liked ones, guessed from what is told of it: for items that nobody has met."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from memory.describing import Descriptions
from memory.likings import Columns
from memory.vectors import Vectors

RIDGE = 10.0  # what a weight costs; against items that count up to 1 each
SURE = 20  # likes from which an item counts fully: few make its vector a matter of chance
LEARNED_FROM = 20_000  # items at most, the most liked; more change little
_CHUNK = 4096

Values = npt.NDArray[np.float64]


class Guesses(NamedTuple):
    """weights: (width, t) from a row of `Descriptions` to what is guessed. values: (n, t) each by the others."""

    weights: Vectors
    values: Vectors


def learn_guesses(descriptions: Descriptions, targets: Vectors, likes: Columns) -> Guesses:
    """Learn what can be said of each item without its own likes. targets: (n, t). likes: (n,) how many like each.

    No item helps to guess itself. Zeros where nobody likes anything.
    Source: ridge regression, Hoerl and Kennard 1970, with the closed form of leaving one row out.
    """
    nothing = Guesses(
        np.zeros((descriptions.width, targets.shape[1]), dtype=np.float32), np.zeros_like(targets, dtype=np.float32)
    )
    chosen = np.flatnonzero(likes > 0)
    if not len(chosen):
        return nothing
    chosen = np.sort(chosen[np.argsort(-likes[chosen], kind="stable")[:LEARNED_FROM]])
    counted = np.minimum(likes[chosen], SURE) / SURE
    rows = descriptions.rows(chosen)
    cost = np.diag(np.append(np.full(descriptions.width - 1, RIDGE), 1e-6))  # the mean costs nothing
    inverse = np.linalg.inv(rows.T @ (rows * counted[:, None]) + cost)
    weights = inverse @ (rows.T @ (targets[chosen] * counted[:, None]))
    values = guess(descriptions, weights.astype(np.float32))
    own = np.minimum(counted * np.einsum("ij,ij->i", rows @ inverse, rows), 0.999)[:, None]
    values[chosen] = (rows @ weights - own * targets[chosen]) / (1 - own)
    return Guesses(weights.astype(np.float32), values)


def guess(descriptions: Descriptions, weights: Vectors) -> Vectors:
    """(n, t) of every item by what is told of it."""
    count = descriptions.words.shape[0]
    parts = [descriptions.rows(slice(start, start + _CHUNK)) @ weights for start in range(0, count, _CHUNK)]
    return np.concatenate(parts).astype(np.float32) if parts else np.zeros((0, weights.shape[1]), dtype=np.float32)
