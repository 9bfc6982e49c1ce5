"""Whether probabilities mean what they say: of all that were given 30 %, three in ten should have been liked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

EDGES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)  # closer where most candidates are: one in 21 is liked


@dataclass(frozen=True)
class Bin:
    """Candidates whose probability lies in [low, high). said: the mean of it; were: the share that was liked."""

    low: float
    high: float
    candidates: int
    said: float
    were: float


def reliability(probabilities: Sequence[float], labels: Sequence[int], edges: Sequence[float] = EDGES) -> list[Bin]:
    """The table, lowest first; bins without a candidate are left out. The last bin holds 1 too."""
    said, liked = np.asarray(probabilities, dtype=float), np.asarray(labels, dtype=float)
    place = np.clip(np.searchsorted(edges, said, side="right") - 1, 0, len(edges) - 2)
    table = []
    for number in range(len(edges) - 1):
        inside = place == number
        if inside.any():
            means = float(said[inside].mean()), float(liked[inside].mean())
            table.append(Bin(edges[number], edges[number + 1], int(inside.sum()), *means))
    return table


def calibration_error(table: Sequence[Bin]) -> float:
    """The mean gap between said and were over all candidates, in [0, 1]; 0 for an empty table.

    Source: expected calibration error, Naeini et al. 2015 (AAAI).
    """
    total = sum(one.candidates for one in table)
    return sum(one.candidates * abs(one.said - one.were) for one in table) / total if total else 0.0
