"""What is to come first, and how many are wanted: "the cheapest two owls", "your newest print", "show me three"."""

from __future__ import annotations

from dataclasses import replace

from agents.parsing.comparisons import comparative_of, of_named_measure, of_word
from agents.parsing.index import CatalogueIndex
from agents.parsing.lexicon import ITEM_NOUNS, SPEAKER_IS
from agents.parsing.parsed import Comparison
from agents.parsing.tokens import Reading, stem

MOST_WANTED = 10  # items of a slate
_NUMBERS = "one two three four five six seven eight nine ten".split()
_SPECIAL = {"latest": "newer", "most recent": "newer", "least recent": "older"}
_NOT_SO = frozenset("not no isn't isnt at than never".split())  # "not the cheapest", "at the latest"
_ASKS = frozenset("show give find get suggest recommend pick bring see need want take".split())
_BETWEEN = frozenset(
    "me us just only the your another at most exactly any other further more best top to and please".split()
)
_MORE = ITEM_NOUNS | frozenset("more other others another further idea alternative".split())


def read_superlatives(reading: Reading, index: CatalogueIndex) -> list[Comparison]:
    """What is wanted the most or the least of, in order; what is read is taken.

    A number of the catalogue comes as a `first` comparison, a quality as more of it.
    """
    found, at = list[Comparison](), 0
    while at < len(reading):
        read = _at(reading, index, at) if reading.free(at, at + 1) else None
        if read is None or _is_denied(reading, at):
            at += 1
            continue
        comparison, stop = read
        start = at - 1 if reading.word(at - 1) in ("the", "your") else at
        stop += reading.word(stop) in ("first", "foremost")
        reading.take(start, stop)
        found.append(comparison)
        at = stop
    return found


def read_count(reading: Reading) -> int:
    """How many items are asked for, at most `MOST_WANTED`; 0 where nothing says so. What is read is taken.

    A number that belongs to what is wished for ("a print with two foxes") or to what is told ("I saw three films") is
    none: it stands behind a verb of asking, beside a superlative, or before a word for items where a clause begins.
    """
    for at in range(len(reading)):
        count = _count(reading.word(at)) if reading.free(at, at + 1) else 0
        if count and (_is_asked(reading, at) or _is_beside_superlative(reading, at)):
            reading.take(at, at + 1)
            return min(count, MOST_WANTED)
    return 0


def _at(reading: Reading, index: CatalogueIndex, at: int) -> tuple[Comparison, int] | None:
    word = reading.word(at)
    if word in ("most", "least"):
        said = f"{word} {reading.word(at + 1)}"
        compared = _SPECIAL.get(said)
        read = of_word(index, compared, "more", said) if compared else None
        if read is None and _says_much(reading.word(at + 1), index):
            read = of_word(index, reading.word(at + 1), "more" if word == "most" else "less", said)
        return (_first(read, said), at + 2) if read is not None and _known(read) else None
    comparative = _SPECIAL.get(word) or comparative_of(word)
    if not comparative:
        return None
    if (named := of_named_measure(reading, index, at, comparative)) is not None:
        return _first(named[0], reading.said(at, named[1]).casefold()), named[1]
    read = of_word(index, comparative, "more", word)
    return (_first(read, word), at + 1) if _known(read) else None


def _first(comparison: Comparison, said: str) -> Comparison:
    return replace(comparison, said=said, first=bool(comparison.measure))


def _known(comparison: Comparison) -> bool:
    return bool(comparison.measure or comparison.pole.name)


def _says_much(word: str, index: CatalogueIndex) -> bool:
    return len(word) > 2 and _known(of_word(index, word, "more", word))


def _is_denied(reading: Reading, at: int) -> bool:
    """Whether it is not asked for: "not the cheapest", or said of the speaker, "I'm happiest with owls"."""
    before = reading.words(max(0, at - 2), at)
    return any(word in _NOT_SO for word in before) or reading.word(at - 1) in SPEAKER_IS


def _count(word: str) -> int:
    if word in _NUMBERS:
        return _NUMBERS.index(word) + 1
    return int(word) if word.isascii() and word.isdigit() and len(word) < 3 else 0


def _is_asked(reading: Reading, at: int) -> bool:
    """Whether a verb of asking leads to the number, or nothing does and items are counted."""
    here, after = at - 1, reading.word(at + 1)
    while reading.word(here) in _BETWEEN or _is_superlative(reading, here):
        here -= 1
    counts_items = stem(after) in _MORE
    if reading.word(at) == "one" and after and not counts_items:
        return False  # "show me one like that"
    return reading.word(here) in _ASKS or (counts_items and reading.word(here) in ("", ".", "!", ",", ";"))


def _is_beside_superlative(reading: Reading, at: int) -> bool:
    """ "the two cheapest", "the cheapest two", "the three most expensive"; not "your largest one"."""
    after = _is_superlative(reading, at - 1) or reading.word(at - 2) in ("most", "least")
    counts = reading.word(at) != "one" and (_is_superlative(reading, at + 1) or after)
    return counts or reading.word(at + 1) in ("most", "least")


def _is_superlative(reading: Reading, at: int) -> bool:
    word = reading.word(at)
    return len(word) > 4 and word.endswith("est")
