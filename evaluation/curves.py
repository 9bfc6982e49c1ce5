"""Fitting the blend's curves: a logistic regression whose lines may bend, but not turn where a signal only rises."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from agents.blending import Curve, Curves
from memory.guessing import Values
from memory.signals import SIGNALS

SEGMENTS = 8  # of a curve
STIFFNESS = 10.0  # what a bend costs, against one list row; about straight where there are few lists
SHRINKAGE = 1e-6  # of every slope, so that signals that say the same share it

Labels = npt.NDArray[np.float64]


def fit_curves(features: Values, labels: Labels) -> Curves:
    """The offset and a curve for each signal that varies, by maximum likelihood.

    features: (n, len(SIGNALS)); NaN adds nothing. labels: (n,) 1 for what was liked, 0 for the rest.
    A curve adds 0 on average over the rows. The same rows give the same curves.
    Source: generalized additive models, Hastie and Tibshirani 1986; slopes bounded below, by L-BFGS-B.
    """
    knots = [_knots(features[:, column], labels) for column in range(len(SIGNALS))]
    chosen = [column for column, found in enumerate(knots) if len(found) > 1]
    bases = [_basis(features[:, column], knots[column]) for column in chosen]
    spreads = [max(float(np.nanstd(features[:, column])), 1e-12) for column in chosen]
    scaled = [(basis - basis.mean(axis=0)) / spread for basis, spread in zip(bases, spreads, strict=True)]
    sizes = [basis.shape[1] for basis in bases]
    if not chosen:
        return Curves(offset=_log_odds_of(labels))
    least = [0.0 if SIGNALS[column].rising else -np.inf for column in chosen]
    offset, slopes = _likeliest(np.concatenate(scaled, axis=1), labels, sizes, least)
    curves = []
    for column, basis, spread, own in zip(chosen, bases, spreads, np.split(slopes, np.cumsum(sizes)[:-1]), strict=True):
        steps = own / spread * np.diff(knots[column])
        adds = np.concatenate([[0.0], np.cumsum(steps)]) - float(basis.mean(axis=0) @ (own / spread))
        curves.append(Curve(signal=SIGNALS[column].name, knots=tuple(knots[column]), adds=tuple(adds)))
    return Curves(offset=offset, curves=tuple(curves))


def fit_model_weight(signals: Values, judged: Values, labels: Labels) -> tuple[float, float, float]:
    """Offset, weight of the signals' log odds and weight of a model's, as `ModelWeight` has them; no weight below 0.

    signals, judged: (n,) log odds by each. labels: (n,) as in `fit_curves`.
    """
    from scipy.optimize import minimize

    rows = np.column_stack([np.ones(len(labels)), signals, judged])

    def loss(weights: Values) -> tuple[float, Values]:
        return _cross_entropy(rows, weights, labels)

    bounds = [(None, None), (0, None), (0, None)]
    found = minimize(loss, np.array([0.0, 1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds).x
    return float(found[0]), float(found[1]), float(found[2])


def _knots(values: Values, labels: Labels) -> list[float]:
    """Where a curve may bend: quantiles of all rows and of the likings; one or none where all rows are equal."""
    known = ~np.isnan(values)
    if not known.any():
        return []
    shares = np.linspace(0, 1, SEGMENTS + 1)
    liked = values[known & (labels > 0)]
    places = np.quantile(values[known], shares)
    places = np.unique(np.concatenate([places, np.quantile(liked, shares)]) if liked.size else places)
    places = places if len(places) <= SEGMENTS + 1 else np.unique(np.quantile(places, shares))
    apart = np.concatenate([[True], np.diff(places) > 1e-9 * max(places[-1] - places[0], 1e-300)])
    return [float(place) for place in places[apart]]


def _basis(values: Values, knots: Sequence[float]) -> npt.NDArray[np.float64]:
    """(n, len(knots) - 1) how far each value reaches into each segment; the mean where it is NaN."""
    edges = np.asarray(knots)
    reach = np.clip(values[:, None] - edges[:-1], 0, np.diff(edges))
    filled: npt.NDArray[np.float64] = np.where(np.isnan(reach), np.nanmean(reach, axis=0), reach)
    return filled


def _likeliest(
    rows: npt.NDArray[np.float64], labels: Labels, sizes: Sequence[int], least: Sequence[float]
) -> tuple[float, Values]:
    """The offset and the slopes, curve after curve. sizes: slopes of each curve; least: the lowest they may be."""
    from scipy.optimize import minimize

    starts = np.cumsum([1, *sizes])
    full = np.column_stack([np.ones(len(labels)), rows])

    def loss(weights: Values) -> tuple[float, Values]:
        value, gradient = _cross_entropy(full, weights, labels)
        for first, end in pairwise(starts):
            bends = np.diff(weights[first:end])
            value += STIFFNESS * float(bends @ bends)
            gradient[first : end - 1] -= 2 * STIFFNESS * bends
            gradient[first + 1 : end] += 2 * STIFFNESS * bends
        slopes = weights[1:]
        gradient[1:] += 2 * SHRINKAGE * len(labels) * slopes
        return (value + SHRINKAGE * len(labels) * float(slopes @ slopes)) / len(labels), gradient / len(labels)

    bounds = [(None, None), *((one, None) for one, size in zip(least, sizes, strict=True) for _ in range(size))]
    start = np.concatenate([[_log_odds_of(labels)], np.full(sum(sizes), 0.1)])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500}).x
    return float(found[0]), found[1:]


def _log_odds_of(labels: Labels) -> float:
    """Of the share of likings; finite also where there are none."""
    share = float(np.clip(labels.mean(), 1e-6, 1 - 1e-6)) if len(labels) else 0.5
    return float(np.log(share / (1 - share)))


def _cross_entropy(rows: npt.NDArray[np.float64], weights: Values, labels: Labels) -> tuple[float, Values]:
    """The sum over rows, and its gradient."""
    from scipy.special import expit

    sums = rows @ weights
    value = float(np.logaddexp(0, sums).sum() - labels @ sums)
    return value, np.asarray(rows.T @ (expit(sums) - labels))
