"""Names that no item has: where a message rests on one, and which titles come near it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA, JaroWinkler

from agents.parsing.comparisons import is_likened
from agents.parsing.index import CatalogueIndex
from agents.parsing.lexicon import COMMON_WORDS, FUNCTION_WORDS, ITEM_NOUNS
from agents.parsing.names import Named
from agents.parsing.tokens import Reading, stem
from agents.parsing.typos import capitals_tell

_ASKED = re.compile(r"(?:heard of|do you have|have you got|got|called|titled|named|looking for|find|find me|show me)$")
_MET = re.compile(r"(?:loved|liked|enjoyed|adored|hated|disliked|watched|saw|seen|rewatched)$")
_INNER = frozenset("of the a an in and to for on at with".split())
_SMALL = frozenset("please maybe perhaps the film movie print one".split())
NEAR, ALIKE_BEGUN = 65.0, 0.9  # the least likeness of a title worth asking about, of 100, and weighed by its beginning
SLIPS, FEWEST_LETTERS = 2, 7  # of a name in small letters: wrong letters at most, and how long it has to be
MOST_NEAR = 3


@dataclass(frozen=True)
class Stranger:
    """A name that no item has, its tokens, and the items whose titles come near it, nearest first."""

    said: str
    start: int
    stop: int
    near: tuple[str, ...]


def read_strangers(reading: Reading, index: CatalogueIndex, named: Sequence[Named]) -> list[Stranger]:
    """The names a message rests on that are no item's, in order; what is read of them is taken.

    A name stands in capitals or quotes, or with a year, after what asks for its like, for it, or tells of having met
    it; in small letters it is only read where it is a title but for a slip or two.
    """
    found = [_of_another_year(reading, one) for one in named if not one.mentions and one.among and not one.pointed]
    strangers = [one for one in found if one is not None]
    at = 0
    while at < len(reading):
        one = _stranger_at(reading, index, at)
        if one is None:
            at += 1
            continue
        strangers.append(one)
        at = one.stop
    for one in strangers:
        if not _MET.search(" ".join(reading.words(one.start - 1, one.start))):  # what was met may be no item at all
            reading.take(one.start, one.stop)
    return sorted(strangers, key=lambda one: one.start)


def _of_another_year(reading: Reading, named: Named) -> Stranger | None:
    """A title with a year that no item of the title is from: "Blade Runner 2049", "Alien (1997)"."""
    at = named.stop + 1 if reading.word(named.stop) == "(" else named.stop
    if not reading.is_number(at) or len(reading.tokens[at].text) != 4:
        return None
    stop = at + 2 if reading.word(at + 1) == ")" else at + 1
    return Stranger(reading.said(named.start, stop), named.start, stop, named.among[:MOST_NEAR])


def _stranger_at(reading: Reading, index: CatalogueIndex, at: int) -> Stranger | None:
    before = " ".join(reading.words(max(0, at - 5), at))
    asked = is_likened(reading, at) or _ASKED.search(before) is not None
    alone = at == 0 and _is_alone(reading)
    if not (asked or alone or _MET.search(before)) or not reading.free(at, at + 1):
        return None
    stop, certain = _name(reading, at, tell=capitals_tell(reading), alone=alone)
    if stop > at and reading.free(at, stop) and _may_be_a_name(reading, index, at, stop):
        near = _near(reading, index, at, stop, strictly=not certain)
        if near or certain:
            said = reading.said(at, stop).strip("\"“”„«»'")
            return Stranger(said, at, stop, near)
    if not (asked or alone):
        return None
    for stop in _small(reading, at):
        if near := _near(reading, index, at, stop, strictly=True):
            return Stranger(reading.said(at, stop), at, stop, near)
    return None


def _is_alone(reading: Reading) -> bool:
    words = [token for token in reading.tokens if token.kind == "word"]
    return 0 < len(words) <= 6 and all(token.kind != "mark" or token.word in "-':.!?" for token in reading.tokens)


def _name(reading: Reading, at: int, *, tell: bool, alone: bool) -> tuple[int, bool]:
    """Where a name that begins here ends, and whether it is one beyond doubt; `at` itself for none.

    tell: whether capitals mean anything in this message. alone: whether there is nothing but the name.
    """
    if reading.tokens[at].text in ("“", '"', "„", "«"):
        close = next((here for here in range(at + 1, len(reading)) if reading.tokens[here].text in '”"“»'), at)
        return (close + 1, True) if close > at + 1 else (at, False)
    stop, capitals = _capitals(reading, at) if tell or alone else (at, 0)
    if stop > at and _is_year_in_brackets(reading, stop):
        return stop + 3, True
    certain = tell and capitals > alone  # what is alone begins with a capital anyway
    return (stop, certain) if capitals else (_to_year(reading, at), True)


def _capitals(reading: Reading, at: int) -> tuple[int, int]:
    """Where a run of words in capitals ends, and how many there are; small words only count between two of them."""
    stop, capitals, here = at, 0, at
    while here < len(reading):
        token = reading.tokens[here]
        if token.kind == "number" and here > at:
            stop = here + 1
        elif token.kind == "word" and (token.text[0].isupper() or (token.glued and reading.word(here - 1) in "-'")):
            stop, capitals = here + 1, capitals + (token.word not in FUNCTION_WORDS)
        elif token.word not in _INNER | {":", "-", "'", "&"} or (here == at and token.word not in ("the", "a", "an")):
            break
        here += 1
    return stop, capitals


def _to_year(reading: Reading, at: int) -> int:
    """The end of a name in small letters that a year in brackets closes, else `at`."""
    for here in range(at + 1, min(at + 8, len(reading) - 2)):
        if reading.tokens[here].kind == "mark" and reading.word(here) not in "-':(":
            return at
        if _is_year_in_brackets(reading, here):
            return here + 3
    return at


def _is_year_in_brackets(reading: Reading, at: int) -> bool:
    return re.fullmatch(r"\((?:19|20)\d\d\)", "".join(reading.words(at, at + 3))) is not None


def _small(reading: Reading, at: int) -> Iterator[int]:
    """Where a name in small letters that begins here may end, the longest first: before a mark or a small word."""
    stop = at
    while (
        stop < len(reading) and stop - at < 6 and reading.tokens[stop].kind != "mark" and reading.free(stop, stop + 1)
    ):
        stop += 1
    yield from (end for end in range(stop, at, -1) if end == stop or reading.word(end) in FUNCTION_WORDS | _SMALL)


def _may_be_a_name(reading: Reading, index: CatalogueIndex, start: int, stop: int) -> bool:
    """Whether the words are more than small ones or a value, and no one whose works are spoken of."""
    words = [word for word in reading.words(start, stop) if word[0].isalnum()]
    if all(word in COMMON_WORDS or word.isdigit() for word in words):
        return len(words) > 1 and sum(reading.tokens[at].text[0].isupper() for at in range(start, stop)) > 1
    if index.is_value(tuple(stem(word) for word in words)):
        return False
    return stem(reading.word(stop)) not in ITEM_NOUNS and reading.word(stop) != "'"


def _near(reading: Reading, index: CatalogueIndex, start: int, stop: int, *, strictly: bool) -> tuple[str, ...]:
    """The items whose titles come near these words, nearest first.

    strictly: only titles that differ by a slip or two, for words that may be no name at all.
    """
    words = tuple(word.replace("'", "") for word in reading.words(start, stop) if word[0].isalnum())
    said = " ".join(words)
    telling = [word for word in words if word not in FUNCTION_WORDS]
    if strictly and (len(" ".join(telling)) < FEWEST_LETTERS or index.is_value(tuple(stem(word) for word in words))):
        return ()
    choices = [title for n in range(len(words) - 1, len(words) + 2) for title in index.by_length.get(n, ())]
    found = process.extract(said, choices, scorer=fuzz.ratio, limit=12, score_cutoff=NEAR)
    titles = [
        title
        for title, _, _ in sorted(found, key=lambda one: -JaroWinkler.similarity(said, one[0]))
        if (OSA.distance(said, title) <= SLIPS if strictly else JaroWinkler.similarity(said, title) >= ALIKE_BEGUN)
    ]
    if not strictly:
        titles += [
            " ".join(words[:length]) for length in range(len(words) - 1, 0, -1) if _begins(words[:length], index)
        ]
    ids = (item_id for title in titles for item_id in index.titles[tuple(title.split())].item_ids)
    return tuple(dict.fromkeys(ids))[:MOST_NEAR]


def _begins(words: tuple[str, ...], index: CatalogueIndex) -> bool:
    """Whether a longer name begins with a title: "Dune: Part Two"."""
    return words in index.titles and any(word not in COMMON_WORDS for word in words)
