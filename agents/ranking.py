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

from agents.blending import BASE, Blend
from agents.state import Candidate

DECLARED: Final = ("model", "semantic", "cooccurrence", "popularity")  # as the weights name them


def blended(
    candidates: Sequence[Candidate],
    weights: Mapping[str, float],
    *,
    blend: Blend | None = None,
    wished: bool = False,
    keep: int | None = None,
) -> list[Candidate]:
    """The candidates with what their signals add up to, best first; ties keep their order.

    weights: the declared ones; by them the model counts by its log odds, the other signals by their standing among the
    candidates, from 0 to 1. blend: the fitted one, where there is one; candidates that it weighed are ordered by log
    odds of a liking. wished: something is asked for now, which no log of likings can weigh: then the declared weights
    rank, and what the fitted blend says of the taste stands for co-occurrence and popularity. keep: only so many of
    the best.
    """
    totals = [sum(added.values()) for added in _added(candidates, weights, blend, wished=wished)]
    best = sorted(range(len(totals)), key=lambda row: -totals[row])[:keep]
    return [replace(candidates[row], blend=totals[row]) for row in best]


def blend_parts(
    candidates: Sequence[Candidate],
    weights: Mapping[str, float],
    *,
    blend: Blend | None = None,
    wished: bool = False,
) -> list[dict[str, float]]:
    """What each signal adds to the blend of each candidate, in order; the parts of one sum to its `blend`.

    Without the model's part where no model judged the candidate. candidates: all that were blended together.
    """
    return list(_added(candidates, weights, blend, wished=wished))


def diverse(candidates: Sequence[Candidate], views: Mapping[str, str], *, balance: float, k: int) -> list[Candidate]:
    """At most k candidates in the order chosen: each suits well and says something the ones before do not.

    What has all that was asked for in words comes before what has not: no difference is worth an answer beside the
    question. balance: 1 weighs only the blend, 0 only the difference in words from what is already chosen.
    Source: maximal marginal relevance, Carbonell and Goldstein 1998 (SIGIR).
    """
    left, chosen = list(candidates), list[Candidate]()
    standing = dict(zip([one.item_id for one in left], _standing([one.blend for one in left]), strict=True))
    words = {one.item_id: _bag(views.get(one.item_id, "")) for one in left}
    nearest = dict.fromkeys(words, 0.0)  # to what is chosen

    def worth(one: Candidate) -> tuple[bool, float]:
        return one.asked >= 1, balance * standing[one.item_id] - (1 - balance) * nearest[one.item_id]

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
    if count <= limit or limit < 1:
        return list(range(max(0, min(count, limit))))
    kept = dict[int, None]()
    for rows in zip(*(_top(signal, limit).tolist() for signal in signals), strict=True):
        kept.update(dict.fromkeys(rows))
        if len(kept) >= limit:
            break
    return list(kept)[:limit]


def _top(signal: npt.NDArray[np.float64], limit: int) -> npt.NDArray[np.int64]:
    """The rows of the highest values, highest first, ties in order: as a stable sort of all.

    Most items have the least value of a signal, nought, and are left out of the work where others are enough.
    """
    least = signal.min()
    rows = np.flatnonzero(signal > least)
    if len(rows) > limit:
        values = signal[rows]
        rows = rows[values >= np.partition(values, len(values) - limit)[len(values) - limit]]
    elif len(rows) < limit:
        rows = np.sort(np.concatenate([rows, np.flatnonzero(signal == least)[: limit - len(rows)]]))
    return rows[np.argsort(-signal[rows], kind="stable")][:limit]


def _added(
    candidates: Sequence[Candidate], weights: Mapping[str, float], blend: Blend | None, *, wished: bool
) -> Iterator[dict[str, float]]:
    """What each signal adds to each candidate's blend."""
    weighed = [one.weighed for one in candidates if one.weighed is not None]
    if blend is not None and len(weighed) == len(candidates):
        parts = _by_wish(candidates, weights, weighed) if wished else _by_fit(candidates, weighed, blend)
    else:
        parts = _by_declaration(candidates, weights)
    for one, told, asked in zip(candidates, parts, _asked_parts(candidates, weights), strict=True):
        yield told | asked | ({"critiques": weights["critiques"] * one.leaning} if one.leaning else {})


def _by_declaration(candidates: Sequence[Candidate], weights: Mapping[str, float]) -> Iterator[dict[str, float]]:
    semantic = _standing([one.semantic for one in candidates])
    together = _standing([one.cooccurrence for one in candidates])
    by_model, by_meaning, by_company, by_all = (weights[name] for name in DECLARED)
    for one, near, kept in zip(candidates, semantic, together, strict=True):
        others = {
            "semantic": by_meaning * near,
            "cooccurrence": by_company * kept,
            "popularity": by_all * one.popularity,
        }
        yield _model_part(one, by_model) | others


def _by_wish(
    candidates: Sequence[Candidate], weights: Mapping[str, float], weighed: Sequence[Mapping[str, float]]
) -> Iterator[dict[str, float]]:
    semantic = _standing([one.semantic for one in candidates])
    taste = _standing([sum(parts.values()) for parts in weighed])
    by_model, by_meaning, by_company, by_all = (weights[name] for name in DECLARED)
    for one, near, suits in zip(candidates, semantic, taste, strict=True):
        yield _model_part(one, by_model) | {"semantic": by_meaning * near, "fitted": (by_company + by_all) * suits}


def _by_fit(
    candidates: Sequence[Candidate], weighed: Sequence[Mapping[str, float]], blend: Blend
) -> Iterator[dict[str, float]]:
    """A model that was not weighed beside the other signals adds nothing: it has not earned its place."""
    for one, parts in zip(candidates, weighed, strict=True):
        judged = blend.weight_of(one.model, one.kind) if one.p_yes is not None else None
        if judged is None:
            yield _model_part(one, 0.0) | dict(parts)
            continue
        scaled = {name: judged.signals * part for name, part in parts.items()}
        scaled[BASE] = scaled.get(BASE, 0.0) + judged.offset
        yield _model_part(one, judged.weight) | scaled


def _asked_parts(candidates: Sequence[Candidate], weights: Mapping[str, float]) -> list[dict[str, float]]:
    """What was asked for in words, by how much of it each is known to have; nothing where none has any of it."""
    if not any(one.asked for one in candidates):
        return [{}] * len(candidates)
    return [{"asked": weights["asked"] * met} for met in _standing([one.asked for one in candidates])]


def _model_part(one: Candidate, weight: float) -> dict[str, float]:
    """By its log odds; nothing where no model judged."""
    return {} if one.p_yes is None else {"model": weight * log_odds(one.p_yes)}


def _standing(values: Sequence[float]) -> list[float]:
    """Each value's place between the smallest (0) and the largest (1); all 0 when they are equal."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    return [(value - low) / (high - low) if high > low else 0.0 for value in values]


def log_odds(p: float) -> float:
    """Of a probability; one of 0 or 1 counts as nearly so."""
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
