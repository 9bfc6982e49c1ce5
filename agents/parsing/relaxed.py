"""Filters that the person lifts: "any year is fine", "the price doesn't matter", "start over"."""

from __future__ import annotations

from agents.parsing.index import CatalogueIndex
from agents.parsing.lexicon import DIMENSION_WORDS, Phrase, phrases
from agents.parsing.tokens import Reading, stem

_ANY = phrases("any", "whatever", "whichever", "regardless of", "no matter", "ignore", "forget", "forget about", "drop")
_HOW = phrases("no matter how", "doesn't matter how", "does not matter how", "don't care how", "do not care how")
_NEVER_MIND = phrases(
    "don't care about", "do not care about", "don't mind", "do not mind", "regardless of", "no limit on",
    "no limits on", "lift", "remove", "no filter on",
)  # fmt: skip
_UNIMPORTANT = phrases(
    "doesn't matter", "does not matter", "isn't important", "is not important", "is unimportant", "is irrelevant",
    "doesn't count", "is no object", "no object", "is not an issue", "isn't an issue", "can be anything", "is open",
)  # fmt: skip
_EVERYTHING = phrases(
    "start over", "start again", "forget the filters", "forget all filters", "no restrictions", "anything goes",
    "remove all filters", "clear the filters", "clear all filters", "reset",
)  # fmt: skip
_WELCOME = phrases(
    "is fine", "are fine", "is ok", "are ok", "is okay", "are okay", "is allowed", "are allowed", "is fine again",
    "are fine again", "is ok again", "is okay again", "are okay again", "is welcome", "are welcome",
)  # fmt: skip


def read_relaxed(reading: Reading, index: CatalogueIndex) -> list[str]:
    """The attributes whose filters the person lifts; the words are taken."""
    found: list[str] = []
    for at in range(len(reading)):
        if length := reading.phrase_at(at, _EVERYTHING):
            if at == 0 or reading.word(at - 1) in (".", ",", "!", "and", "please", "let's"):
                reading.take(at, at + length)
                found.extend([m.spec.name for m in index.measures] + [one.spec.name for one in index.listed])
            continue
        for name, stop in _lifted_at(reading, index, at):
            reading.take(at, stop)
            found.append(name)
    return list(dict.fromkeys(found))


def _lifted_at(reading: Reading, index: CatalogueIndex, at: int) -> list[tuple[str, int]]:
    if not reading.free(at, at + 1):
        return []
    if length := reading.phrase_at(at, _HOW):
        return _by_dimension(reading.word(at + length), index, at + length + 1)
    if length := max(reading.phrase_at(at, _ANY), reading.phrase_at(at, _NEVER_MIND)):
        here = at + length
        while reading.word(here) in ("the", "about", "other"):
            here += 1
        name, stop = _attribute_at(reading, index, here)
        if name and (stop >= len(reading) or _closes(reading, stop)):
            stop += reading.phrase_at(
                stop, phrases("is fine", "will do", "is ok", "is okay", "filter", "limit", "works")
            )
            return [(name, stop)]
        return []
    name, stop = _attribute_at(reading, index, at)
    if name and (length := reading.phrase_at(stop, _UNIMPORTANT)):
        return [(name, stop + length)]
    return _welcomed(reading, index, at)


def _welcomed(reading: Reading, index: CatalogueIndex, at: int) -> list[tuple[str, int]]:
    """ "horror is fine again": the attribute of a value that is let in again."""
    for length in (3, 2, 1):
        stems, stop = reading.run_at(at, length)
        values = [value for value in index.values.get(stems, ()) if not value.listed.open]
        if len(stems) == length and values and (said := reading.phrase_at(stop, _WELCOME)):
            return [(values[0].listed.spec.name, stop + said)]
    return []


def _closes(reading: Reading, at: int) -> bool:
    word = reading.word(at)
    return not word[0].isalnum() or word in (
        "is", "will", "works", "filter", "limit", "and", "but", "please", "or", "at", "now", "i", "for", "with", "from",
        "in",
    )  # fmt: skip


def _attribute_at(reading: Reading, index: CatalogueIndex, at: int) -> tuple[str, int]:
    """The attribute named here, by its names or by what stands for them, and where the name ends."""
    every: list[tuple[str, frozenset[Phrase]]] = [(m.spec.name, m.names) for m in index.measures]
    every += [(one.spec.name, one.names) for one in index.listed]
    for name, names in every:
        for said in names:
            stems, stop = reading.run_at(at, len(said))
            if stems == said:
                return name, stop
    word = stem(reading.word(at))
    for dimension, nouns in (
        ("money", ("price", "cost", "money", "budget")),
        ("year", ("year", "era", "decade", "age")),
    ):
        for measure in index.measures:
            if measure.dimension == dimension and word in nouns:
                return measure.spec.name, at + 1
    return "", at


def _by_dimension(word: str, index: CatalogueIndex, stop: int) -> list[tuple[str, int]]:
    more = {"much": "money", "many": ""}
    for measure in index.measures:
        if word in DIMENSION_WORDS.get(measure.dimension, ()) or more.get(word) == measure.dimension:
            return [(measure.spec.name, stop)]
    return []
