"""What a person says of items they named: liked, disliked, or only meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agents.parsing.lexicon import BAD, GOOD, phrases
from agents.parsing.names import Named
from agents.parsing.negation import is_taste_verb
from agents.parsing.tokens import Reading

_POSITIVE_VERBS = frozenset("like liked likes love loved loves enjoy enjoyed adore adored prefer preferred".split())
_NEGATIVE_VERBS = frozenset("hate hated hates dislike disliked despise despised detest detested loathe loathed".split())
_POSITIVE = phrases(
    "fan of", "yes to", "thumbs up for", "thumbs up to", "👍", "into", "i'll take", "i will take", "keep"
)
_NEGATIVE = phrases(
    "no to", "thumbs down for", "thumbs down to", "👎", "can't stand", "cannot stand", "couldn't stand", "tired of",
    "sick of", "bored by", "bored of", "can't bear", "get rid of",
)  # fmt: skip
_SEEN = frozenset("seen watched saw own read".split())
_NOT = frozenset("not never don't dont didn't didnt do not doesn't wasn't isn't wouldn't".split()) - {"do"}
_BREAKS = frozenset((".", "!", "?", ";", "\n"))
_BETWEEN = frozenset(
    "really so quite very just my a too bit also all that much the film movie print one absolutely".split()
)


@dataclass(frozen=True)
class Judged:
    """Ids of items, in the order judged; the last word on an item counts."""

    likes: tuple[str, ...]
    dislikes: tuple[str, ...]


def read_judgement(reading: Reading, named: Sequence[Named]) -> Judged:
    """Which of the named items are liked or disliked in so many words.

    An item only compared with ("more like the second") or asked for is neither; nor is a title that several share.
    """
    verdicts: dict[str, int] = {}
    mood, last_stop = 0, 0
    after = _verdicts_after(reading, named)
    for one, told in zip(named, after, strict=True):
        mood = _mood(reading, last_stop, one.start, mood)
        own = _said_after(reading, one.stop) or mood or told
        if reading.word(one.start) in ("none", "neither") and own:
            own = -abs(own)
        last_stop = one.stop
        exact = [mention for mention in one.mentions if mention.how == "place" or len(one.mentions) == 1]
        for mention in exact:
            if own:
                verdicts[mention.item_id] = own
    return Judged(
        tuple(item_id for item_id, verdict in verdicts.items() if verdict > 0),
        tuple(item_id for item_id, verdict in verdicts.items() if verdict < 0),
    )


def read_seen(reading: Reading, named: Sequence[Named]) -> tuple[str, ...]:
    """The items that people say they know already: "we have seen Frozen and Moana"; not "have you seen Frozen?"."""
    found: list[str] = []
    knows = False
    for one, before in zip(named, [0, *(one.stop for one in named)], strict=False):
        words = reading.words(before, one.start)
        if any(word in _SEEN for word in words):
            knows = not {"you", "not", "never", "haven't", "like", "n't"} & set(words)
        elif not all(word in ("and", ",", "or", "&", "the") for word in words):
            knows = False
        found += [mention.item_id for mention in one.mentions if knows]
    return tuple(found)


def _verdicts_after(reading: Reading, named: Sequence[Named]) -> list[int]:
    """What is said after each of the named, also where it is said once for several: "1, 2 and 3 are great"."""
    after = [_said_after(reading, one.stop) for one in named]
    for at in range(len(named) - 2, -1, -1):
        between = reading.words(named[at].stop, named[at + 1].start)
        if between and all(word in ("and", ",", "or", "&") for word in between):
            after[at] = after[at] or after[at + 1]
    return after


def _mood(reading: Reading, start: int, stop: int, mood: int) -> int:
    """The judgement in force after these words: +1, -1 or 0 for none."""
    judged = mood
    turned = False
    at = start
    while at < stop:
        word = reading.word(at)
        if word in _BREAKS:
            judged, turned = 0, False
        elif length := reading.phrase_at(at, _NEGATIVE):
            judged, turned, at = -1, False, at + length - 1
        elif (length := reading.phrase_at(at, _POSITIVE)) and at + length <= stop:
            judged, turned, at = (-1 if turned else 1), False, at + length - 1
        elif is_taste_verb(reading, at) and (word in _POSITIVE_VERBS or word in _NEGATIVE_VERBS):
            refused = turned or any(back in _NOT for back in reading.words(at - 3, at))
            judged, turned = (-1 if (word in _NEGATIVE_VERBS) != refused else 1), False
            if reading.word(at - 1) == "you" or reading.word(at - 2) == "you":
                judged = 0
        elif word in _POSITIVE_VERBS and _opens(reading, at):
            judged, turned = 1, False
        elif word in _NOT:
            turned = True
        elif word in ("like", "than", "about", "to") or word in ("want", "show", "find", "give", "something", "more"):
            judged, turned = 0, False
        elif word == "but" and judged and not turned:
            pass
        at += 1
    if turned:  # "…, not the third"
        return -1 if judged > 0 else 1 if judged < 0 and start > 0 else -1 if _points(reading, stop) else 0
    return judged


def _opens(reading: Reading, at: int) -> bool:
    """Whether "like" or "love" opens its clause: "Love Alien", "also liked 2"."""
    before = reading.word(at - 1)
    return not before or before in {".", "!", "?", ",", ";", "and", "but", "really", "also", "absolutely"}


def _points(reading: Reading, at: int) -> bool:
    return at in reading.held and reading.word(at) in ("the", "number", "#", "that", "this")


def _said_after(reading: Reading, at: int) -> int:
    """A judgement that follows: "is great", "was too dark", "wasn't good"."""
    word = reading.word(at)
    if word not in (
        "is",
        "was",
        "are",
        "were",
        "looks",
        "look",
        "seems",
        "isn't",
        "wasn't",
        "aren't",
        "weren't",
        "bored",
    ):
        return 0
    if word == "bored":
        return -1
    refused = word.endswith("n't")
    too = False
    for here in range(at + 1, at + 6):
        word = reading.word(here)
        if word == "not":
            refused = True
        elif word in GOOD or word in BAD:
            return -1 if (word in BAD) != refused else 1
        elif word == "too":
            too = True
        elif too and word.isalpha() and word not in _BETWEEN:
            return 0 if refused else -1
        elif word not in _BETWEEN:
            return 0
    return 0
