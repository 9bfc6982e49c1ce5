"""Figures of merit: how well probabilities rank, how honest they are, how well sets agree."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def auc(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """The chance that a liked one scores above a disliked one, ties counting half; 0.5 where either kind is missing."""
    ranked = sorted(zip(scores, labels, strict=True), key=lambda pair: pair[0])
    liked, below, wins, place = sum(labels), 0, 0.0, 0
    disliked = len(labels) - liked
    if not liked or not disliked:
        return 0.5
    while place < len(ranked):
        end = place
        while end < len(ranked) and ranked[end][0] == ranked[place][0]:
            end += 1
        good = sum(label for _, label in ranked[place:end])
        bad = end - place - good
        wins += good * (below + bad / 2)
        below, place = below + bad, end
    return wins / (liked * disliked)


def calibration_error(scores: Sequence[float], labels: Sequence[bool], *, bins: int = 10) -> float:
    """The expected calibration error over bins of equal width: 0 is honest, 1 the opposite."""
    error = 0.0
    for number in range(bins):
        inside = [i for i, score in enumerate(scores) if min(int(score * bins), bins - 1) == number]
        if inside:
            said = sum(scores[i] for i in inside) / len(inside)
            was = sum(labels[i] for i in inside) / len(inside)
            error += abs(said - was) * len(inside) / len(scores)
    return error


def f1(found: Collection[Collection[object]], true: Collection[Collection[object]]) -> float:
    """The harmonic mean of precision and recall over all sets together; 1 where nothing was to be found nor was."""
    hits = sum(len(set(one) & set(other)) for one, other in zip(found, true, strict=True))
    sizes = sum(map(len, found)) + sum(map(len, true))
    return 2 * hits / sizes if sizes else 1.0
