"""How strong a fact is: by what was liked of the items that show a value, against how often it is shown at all.

A value that is on every second item gathers likes without being liked for itself. So its share of what was liked is
compared with its share of the rest, and only what is left after the doubt about both counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from agents.evidence import mentions
from memory.preferences import Counts, Fact

CLEAR = 0.4  # from this strength on a fact is more than slight
ASKED_FOR = 0.6  # the least strength of what was asked for, when it was
GONE = 0.1  # a fact that is weakened below it is retracted
AGEING = 0.99  # what is left of an event's weight after each later one
USUAL_SHARE = 0.05  # of a catalogue, taken to show a value that nobody looked up
_PASSED = 0.3  # how much having looked on without a word weighs, against a dislike
_ASKED = 4.0  # likes, or dislikes, that a wish weighs
_LIKED_BEFORE, _OTHERS_BEFORE = 8.0, 12.0  # events like the catalogue as a whole, before the first one is known
_DOUBT = 0.7  # standard errors that evidence must exceed
_SLOPE, _SHIFT = 1.74, -1.24  # from log odds to strength: one like alone is slight, some four more than chance strong


def strength_of(value: Counts, everything: Counts, shown: float, *, liked: bool) -> float:
    """How sure it is that the value is liked, or disliked; in (0, 1).

    shown: the share of the catalogue that shows the value, in (0, 1]. The log odds ratio of the value among what was
    liked against all else, both smoothed by the catalogue, less some of its standard error.
    """
    now = max(value.at, everything.at)
    own, whole = aged(value, now), aged(everything, now)
    for_it = own.liked + _LIKED_BEFORE * shown
    against = own.disliked + _PASSED * own.passed + _OTHERS_BEFORE * shown
    all_for = whole.liked + _LIKED_BEFORE
    all_against = whole.disliked + _PASSED * whole.passed + _OTHERS_BEFORE
    odds = math.log(for_it / max(all_for, for_it)) - math.log(against / max(all_against, against))
    evidence = (odds if liked else -odds) - _DOUBT * math.sqrt(1 / for_it + 1 / against)
    return round(1 / (1 + math.exp(-_SLOPE * evidence - _SHIFT)), 4)


def aged(counts: Counts, at: int) -> Counts:
    """The counts as they weigh when there have been so many events."""
    left = AGEING ** max(0, at - counts.at)
    return _rounded(counts.liked * left, counts.disliked * left, counts.passed * left, max(at, counts.at))


def counted(counts: Counts, lines: Iterable[str], at: int) -> Counts:
    """The counts with events about items, written as prompts show them, after which there have been `at`."""
    before, likings = aged(counts, at), [liking_of(line) for line in lines if not is_wish(line)]
    return _rounded(
        before.liked + likings.count(1), before.disliked + likings.count(-1), before.passed + likings.count(0), at
    )


def asked_for(at: int, *, liked: bool) -> Counts:
    """What a wish leaves of the counts: it outweighs all that was done before."""
    return Counts(liked=_ASKED if liked else 0, disliked=0 if liked else _ASKED, at=at)


def with_events(counts: Counts, number: int, at: int, *, liked: bool) -> Counts:
    """The counts with that many likes, or dislikes; fewer where the number is negative, and never below none."""
    now = aged(counts, at)
    more = {"liked": now.liked + number} if liked else {"disliked": now.disliked + number}
    return now.model_copy(update={key: max(0.0, value) for key, value in more.items()})


def counts_of(fact: Fact, at: int) -> Counts:
    """The counts of a fact; of one that nobody counted, its evidence, or as if it had been asked for."""
    liked = fact.polarity in ("like", "must")
    if fact.counts is not None:
        return fact.counts
    if not fact.evidence:
        return asked_for(at, liked=liked)
    return with_events(Counts(at=at), len(fact.evidence), at, liked=liked)


def lines_naming(value: str, block: Mapping[int, str]) -> list[str]:
    """The events of a block, by id, whose line names the value."""
    return [line for line in block.values() if mentions(line, value)]


def is_wish(line: str) -> bool:
    """Whether an event's line is a wish."""
    return line.startswith("wish:")


def liking_of(line: str) -> int:
    """What an event about an item says of it, as `memory.interactions.Interaction.liking`: 1, 0 or -1."""
    if line.startswith(("liked ", "bought ")):
        return 1
    if line.startswith("rated "):
        rating = float(line.split()[1])
        return 1 if rating >= 4 else -1 if rating <= 2 else 0
    return -1 if line.startswith("disliked ") else 0


def _rounded(liked: float, disliked: float, passed: float, at: int) -> Counts:
    return Counts(liked=round(liked, 3), disliked=round(disliked, 3), passed=round(passed, 3), at=at)
