"""Ordering candidates and choosing a slate: pure functions of what the signals said."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from agents.state import Candidate

SIGNALS: Final = ("model", "semantic", "cooccurrence", "popularity")  # as the weights name them


def blended(
    candidates: Sequence[Candidate], weights: Mapping[str, float], *, keep: int | None = None
) -> list[Candidate]:
    """The candidates with their weighted sum, best first; ties keep their order. keep: only so many of the best.

    The model counts by its log odds, the other signals by their standing among the candidates, from 0 to 1.
    """
    totals = [sum(added) for added in _added(candidates, weights)]
    best = sorted(range(len(totals)), key=lambda row: -totals[row])[:keep]
    return [replace(candidates[row], blend=totals[row]) for row in best]


def blend_parts(candidates: Sequence[Candidate], weights: Mapping[str, float]) -> list[dict[str, float]]:
    """What each signal adds to the blend of each candidate, in order; the parts of one sum to its `blend`.

    Without the model's part where no model judged the candidate. candidates: all that were blended together.
    """
    return [
        {name: part for name, part in zip(SIGNALS, added, strict=True) if name != "model" or one.p_yes is not None}
        for one, added in zip(candidates, _added(candidates, weights), strict=True)
    ]


def diverse(candidates: Sequence[Candidate], views: Mapping[str, str], *, balance: float, k: int) -> list[Candidate]:
    """At most k candidates in the order chosen: each suits well and says something the ones before do not.

    balance: 1 weighs only the blend, 0 only the difference in words from what is already chosen.
    Source: maximal marginal relevance, Carbonell and Goldstein 1998 (SIGIR).
    """
    left, chosen = list(candidates), list[Candidate]()
    standing = dict(zip([one.item_id for one in left], _standing([one.blend for one in left]), strict=True))
    words = {one.item_id: _bag(views.get(one.item_id, "")) for one in left}
    nearest = dict.fromkeys(words, 0.0)  # to what is chosen

    def worth(one: Candidate) -> float:
        return balance * standing[one.item_id] - (1 - balance) * nearest[one.item_id]

    while left and len(chosen) < k:
        best = max(left, key=worth)
        chosen.append(best)
        left.remove(best)
        for one in left:
            nearest[one.item_id] = max(nearest[one.item_id], _overlap(words[one.item_id], words[best.item_id]))
    return chosen


def best_of_each(signals: Sequence[npt.NDArray[np.float64]], limit: int) -> list[int]:
    """The rows of at most `limit` items, taken in turn from the top of each signal, so that none drowns another.

    signals: one value per item each, higher is better. All rows in order where there are no more than `limit`.
    """
    count = len(signals[0])
    if count <= limit:
        return list(range(count))
    kept = dict[int, None]()
    for rows in zip(*(np.argsort(-signal, kind="stable")[:limit].tolist() for signal in signals), strict=True):
        kept.update(dict.fromkeys(rows))
        if len(kept) >= limit:
            break
    return list(kept)[:limit]


def _added(
    candidates: Sequence[Candidate], weights: Mapping[str, float]
) -> Iterator[tuple[float, float, float, float]]:
    """What each of the SIGNALS adds to each candidate's blend."""
    semantic = _standing([one.semantic for one in candidates])
    together = _standing([one.cooccurrence for one in candidates])
    by_model, by_meaning, by_company, by_all = (weights[name] for name in SIGNALS)
    for row, one in enumerate(candidates):
        model = _log_odds(one.p_yes) if one.p_yes is not None else 0.0
        yield by_model * model, by_meaning * semantic[row], by_company * together[row], by_all * one.popularity


def _standing(values: Sequence[float]) -> list[float]:
    """Each value's place between the smallest (0) and the largest (1); all 0 when they are equal."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    return [(value - low) / (high - low) if high > low else 0.0 for value in values]


def _log_odds(p: float) -> float:
    bounded = min(max(p, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))


@lru_cache(maxsize=20_000)
def _bag(text: str) -> Mapping[str, float]:
    """The words of a text and how often each comes, as a vector of length 1; empty for no words."""
    counts = Counter(text.casefold().split())
    length = math.sqrt(sum(n * n for n in counts.values()))
    return {word: n / length for word, n in counts.items()}


def _overlap(left: Mapping[str, float], right: Mapping[str, float]) -> float:
    """Cosine of two bags of words."""
    return sum(weight * right[word] for word, weight in left.items() if word in right)
