"""Which parts of the blend earn their place: those whose loss makes held-back lists less likely."""

from __future__ import annotations

import numpy as np

from agents.blending import Blend, Curves
from evaluation.curves import Labels, fit_curves
from memory.guessing import Values
from memory.likings import Columns
from memory.signals import PARTS, offered

FOLDS = 3
SURE = 1.64  # standard errors above nothing, which chance alone reaches one time in twenty
LISTS = 1500  # looked at; the gain of a part that matters is plain on fewer


def earning_parts(features: Values, labels: Labels, lists: Columns) -> dict[str, float]:
    """Part → what it is worth, for the parts to keep; none where guessing is as good.

    Every list is judged by curves fitted on the other folds. The part whose worth is least certain is dropped while
    that may be chance, and the rest are looked at again: two that say the same are each worth nothing beside the other.
    features: (n, len(SIGNALS)), all of one kind of candidate. labels: (n,). lists: (n,) the number of each row's list.
    Worth: how much likelier the part makes a list, as a mean difference of log-likelihoods.
    """
    looked_at = lists < LISTS
    features, labels, lists = features[looked_at], labels[looked_at], lists[looked_at]
    kept = [part for part in PARTS if not np.isnan(offered(features, {part})).all()]
    while kept:
        whole = _likelihoods(offered(features, set(kept)), labels, lists)
        gains = {part: whole - _likelihoods(offered(features, {*kept} - {part}), labels, lists) for part in kept}
        certain = {part: certainty(gain) for part, gain in gains.items()}
        least = min(certain, key=lambda part: certain[part])
        if certain[least] > SURE:
            return {part: float(gain.mean()) for part, gain in gains.items()}
        kept.remove(least)
    return {}


def certainty(gains: Values) -> float:
    """The mean over its standard error; 0 where there is nothing to tell by."""
    spread = float(gains.std(ddof=1)) if len(gains) > 1 else 0.0
    return float(gains.mean()) / spread * len(gains) ** 0.5 if spread > 0 else 0.0


def log_likelihoods(odds: Values, labels: Labels) -> Values:
    """Of every row. odds, labels: of the same shape, log odds and 1 or 0."""
    return np.asarray(labels * odds - np.logaddexp(0, odds))


def _likelihoods(features: Values, labels: Labels, lists: Columns) -> Values:
    """Of every list by curves that were not fitted on it."""
    total = np.zeros(int(lists.max(initial=-1)) + 1)
    for fold in range(FOLDS):
        inside = lists % FOLDS == fold
        if inside.any():
            odds = _odds(fit_curves(features[~inside], labels[~inside]), features[inside])
            np.add.at(total, lists[inside], log_likelihoods(odds, labels[inside]))
    return total[np.unique(lists)]


def _odds(curves: Curves, features: Values) -> Values:
    return Blend(seen=curves, told=curves).log_odds(features)
