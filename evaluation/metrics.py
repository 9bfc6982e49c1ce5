"""How well a ranking puts what was liked on top, with intervals that say how sure the figures are.

A list is one ranking: scores, higher is better, and labels, 1 for what was liked and 0 for the rest. Among equal scores
what was not liked comes first, so a ranker that cannot decide gains nothing from the order it was given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Scores = Sequence[float]
Labels = Sequence[int]
Metric = Callable[[Scores, Labels], float | None]


@dataclass(frozen=True)
class Estimate:
    """A mean over lists and its 95 % bootstrap interval. lists: how many it rests on."""

    mean: float
    low: float
    high: float
    lists: int


def auc(scores: Scores, labels: Labels) -> float | None:
    """The share of pairs (liked, not liked) in the right order, a tie counting half; None without such a pair."""
    liked = [score for score, label in zip(scores, labels, strict=True) if label]
    rest = [score for score, label in zip(scores, labels, strict=True) if not label]
    if not liked or not rest:
        return None
    right = sum((one > other) + 0.5 * (one == other) for one in liked for other in rest)
    return right / (len(liked) * len(rest))


def hit_rate(scores: Scores, labels: Labels, k: int = 5) -> float | None:
    """1 when something liked is among the first k, else 0; None when nothing was liked."""
    return float(any(_ordered(scores, labels)[:k])) if any(labels) else None


def mrr(scores: Scores, labels: Labels, k: int = 5) -> float | None:
    """1 / the place of the first liked item, 0 beyond place k; None when nothing was liked."""
    if not any(labels):
        return None
    return next((1 / place for place, label in enumerate(_ordered(scores, labels)[:k], 1) if label), 0.0)


def ndcg(scores: Scores, labels: Labels, k: int = 5) -> float | None:
    """Discounted gain at k over that of the best order, in [0, 1]; None when nothing was liked."""
    if not any(labels):
        return None
    best = _gain(sorted(labels, reverse=True)[:k])
    return _gain(_ordered(scores, labels)[:k]) / best


METRICS: Mapping[str, Metric] = {"auc": auc, "hr@5": hit_rate, "mrr@5": mrr, "ndcg@5": ndcg}


def evaluate(lists: Sequence[tuple[Scores, Labels]], *, rounds: int = 1000, seed: int = 0) -> dict[str, Estimate]:
    """Every metric over the lists that have a value for it; metrics no list has a value for are left out.

    rounds: bootstrap samples, whole lists drawn with replacement. The same seed gives the same intervals.
    """
    found = {}
    for name, metric in METRICS.items():
        values = [value for scores, labels in lists if (value := metric(scores, labels)) is not None]
        if values:
            found[name] = estimate(values, rounds=rounds, seed=seed)
    return found


def estimate(values: Sequence[float], *, rounds: int = 1000, seed: int = 0) -> Estimate:
    """The mean of at least one value with its 95 % percentile bootstrap interval."""
    known = np.asarray(values, dtype=np.float64)
    draw, count = np.random.default_rng(seed), len(known)
    means = np.sort([known[draw.integers(count, size=count)].mean() for _ in range(rounds)])
    low, high = means[int(0.025 * rounds)], means[min(rounds - 1, int(0.975 * rounds))]
    return Estimate(sum(values) / count, float(low), float(high), count)


def _ordered(scores: Scores, labels: Labels) -> list[int]:
    """The labels in the order of the ranking."""
    return [label for _, label in sorted(zip(scores, labels, strict=True), key=lambda pair: (-pair[0], pair[1]))]


def _gain(labels: Sequence[int]) -> float:
    return sum(label / math.log2(place + 1) for place, label in enumerate(labels, 1))
