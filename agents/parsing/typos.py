"""Titles written with a mistake: where in a message to look, and which title is meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from agents.parsing.index import CatalogueIndex
from agents.parsing.lexicon import COMMON_WORDS, FUNCTION_WORDS, Phrase
from agents.parsing.tokens import Reading

ALIKE = 86.0  # of 100: the least likeness at which a misspelt title is taken for one
ALIKE_BY_ONE = 80.0  # enough where a single letter is wrong
SURE, SLIPS = 90.0, 2  # below this likeness, more wrong letters than these leave it open which title is meant
LONGEST_SPAN = 8  # tokens
_CUES = frozenset("like love loved liked hate hated watched seen saw enjoyed".split())
_INNER = frozenset("of the a in and to for on at with".split())


@dataclass(frozen=True)
class Near:
    """A title close to what was written. score in (0, 1]."""

    words: Phrase
    score: float


def capitals_tell(reading: Reading) -> bool:
    """Whether capitals mean anything in a message: not where nearly every word has one."""
    words = [token for token in reading.tokens if token.kind == "word" and len(token.text) > 1]
    return not reading.message.isupper() and (
        len(words) < 4 or sum(token.text[0].isupper() for token in words) < 0.9 * len(words)
    )


def begins_sentence(reading: Reading, at: int) -> bool:
    """Whether a capital there may only open a sentence."""
    return at == 0 or reading.word(at - 1) in (".", "!", "?", ":", "\n", '"', "“", "-", "(")


def name_spans(reading: Reading, *, capitals_tell: bool) -> Iterator[tuple[int, int]]:
    """Stretches that may be a name, each followed by its shorter beginnings, in order.

    They begin at a capital inside a sentence or right after "like", "loved" and so on, and contain nothing that is
    understood already. capitals_tell: whether capitals mean anything in this message.
    """
    at = 0
    while at < len(reading):
        start = at
        at += 1
        if not _begins_name(reading, start, capitals_tell=capitals_tell):
            continue
        capital = capitals_tell and reading.tokens[start].text[0].isupper()
        stops = list(_stops(reading, start, capital=capital))
        for stop in reversed(stops):
            if capital or _telling_words(reading, start, stop) >= 2:
                yield start, stop


def _begins_name(reading: Reading, at: int, *, capitals_tell: bool) -> bool:
    token = reading.tokens[at]
    if token.kind != "word" or at in reading.held:
        return False
    if reading.word(at - 1) in _CUES:
        return True
    capital = capitals_tell and token.text[0].isupper() and not begins_sentence(reading, at)
    return capital and token.word not in FUNCTION_WORDS


def _stops(reading: Reading, start: int, *, capital: bool) -> Iterator[int]:
    """Where a name that begins here may end, nearest first: before small words, at marks, at the end."""
    at = start + 1
    while at < min(len(reading), start + LONGEST_SPAN) and at not in reading.held:
        token = reading.tokens[at]
        if token.kind == "mark" and not (token.word in "-'" and token.glued):
            break
        small = token.word in FUNCTION_WORDS and not token.text[0].isupper()
        if small:
            if reading.word(at - 1) not in FUNCTION_WORDS or at - 1 == start:
                yield at
            if token.word not in _INNER:
                return
        elif capital and not token.text[0].isupper() and token.kind == "word":
            break
        at += 1
    yield at


def _telling_words(reading: Reading, start: int, stop: int) -> int:
    return sum(len(word) > 2 and word not in COMMON_WORDS for word in reading.words(start, stop))


def nearest_title(words: Phrase, index: CatalogueIndex) -> Near | None:
    """The one title these words misspell; None when none is near enough or two are equally near."""
    joined = " ".join(words)
    if len(joined) < 5 or all(word in COMMON_WORDS for word in words):
        return None
    choices = [title for n in range(len(words) - 1, len(words) + 2) for title in index.by_length.get(n, ())]
    best = process.extract(joined, choices, scorer=fuzz.ratio, limit=2, score_cutoff=ALIKE_BY_ONE)
    if not best:
        return None
    title, score, _ = best[0]
    if not _is_misspelling(joined, title, score):
        return None
    if len(best) == 2 and score - best[1][1] < 2 and _ids(index, title) != _ids(index, best[1][0]):
        return None
    return Near(tuple(title.split()), round(score / 100, 3))


def _is_misspelling(said: str, title: str, score: float) -> bool:
    distance = OSA.distance(said, title)
    if (score < ALIKE and not (len(said) >= 6 and distance <= 1)) or (score < SURE and distance > SLIPS):
        return False
    said_words, title_words = said.split(), title.split()
    if sorted(w for w in said_words if w.isdigit()) != sorted(w for w in title_words if w.isdigit()):
        return False
    if len(said_words) != len(title_words):
        return bool(fuzz.ratio(said.replace(" ", ""), title.replace(" ", "")) >= 92)
    return all(fuzz.ratio(a, b) >= 60 for a, b in zip(said_words, title_words, strict=True))


def _ids(index: CatalogueIndex, title: str) -> tuple[str, ...]:
    return index.titles[tuple(title.split())].item_ids
