"""The lift of a question: by how much its answer raises the share of what is shown that somebody likes."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection, Mapping, Sequence

PEOPLE, LIKINGS = 400, 16  # who are looked at, and how many likings of each
FEWEST_PEOPLE, FEWEST_LIKINGS = 40, 6  # below which a log says nothing
SHRUNK = 3.0  # likings that stand for everybody's, beside someone's own
CERTAIN = 1.64  # standard errors taken off, so that chance alone makes no question worth asking


def lift(likings: Sequence[Sequence[str]], meant: Mapping[str, Collection[str]], *, seed: int = 0) -> float | None:
    """By what share an answer is sure to raise how much of what is shown is liked; 0 for none, None without evidence.

    likings: the ids of what each of some people likes. meant: option → the ids it stands for. Half of someone's likings
    answer the question, with the option that they favour most beside everybody; the other half tells how much more
    often what it stands for is liked by them than by everybody. The mean of that over people, less what chance may do.
    """
    rng = random.Random(seed)
    people = [rng.sample(list(own), min(len(own), LIKINGS)) for own in likings if len(own) >= FEWEST_LIKINGS]
    if len(people) < FEWEST_PEOPLE:
        return None
    total = sum(len(own) for own in people)
    usual = {option: sum(one in ids for own in people for one in own) / total for option, ids in meant.items()}
    asked = [option for option, share in usual.items() if share > 0]
    if len(asked) < 2:
        return 0.0
    raised = []
    for own in people:
        answer, rest = own[::2], own[1::2]
        favour = {
            option: (sum(one in meant[option] for one in answer) / usual[option] + SHRUNK) / (len(answer) + SHRUNK)
            for option in asked
        }
        best = max(favour, key=lambda option: favour[option])
        shown = sum(one in meant[best] for one in rest) / len(rest) / usual[best]
        raised.append(shown - 1 if favour[best] > 1 else 0.0)
    mean = sum(raised) / len(raised)
    error = math.sqrt(sum((one - mean) ** 2 for one in raised) / (len(raised) - 1) / len(raised))
    return max(0.0, mean - CERTAIN * error)


class Lifts:
    """The lifts of the questions of one catalogue; each is found out once, from the same people, and kept."""

    def __init__(self) -> None:
        self._found: dict[str, float | None] = {}

    def of(self, question: str, find: Callable[[], float | None]) -> float | None:
        """As `lift` gives it for a question in these words. find: finds it out."""
        if question not in self._found:
            self._found[question] = find()
        return self._found[question]
