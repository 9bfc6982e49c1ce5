"""Items pointed at by what they show: "that blue one", "the one with the robots", "the owl is lovely"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agents.parsing.axes import POLES
from agents.parsing.comparisons import COMPARATIVES, comparative_of
from agents.parsing.index import CatalogueIndex
from agents.parsing.lexicon import DIMENSION_WORDS, FUNCTION_WORDS, ITEM_NOUNS, KIND_NAMES
from agents.parsing.names import Named
from agents.parsing.parsed import Mention
from agents.parsing.tokens import Reading, stem, words_of

_POINTING = frozenset("the that this".split())
_ONE = ITEM_NOUNS - {"something", "anything", "stuff", "thing", "recommendation", "suggestion", "choice", "option"}
_WITH = frozenset("with about of in showing from featuring where".split())
_ARTICLES = frozenset("a an the all that has had is are this".split())
_LED = frozenset("like love prefer about liked loved hate dislike is was are take hated than and or not".split())
_FOLLOWED = frozenset("is looks was seems isn't wasn't costs".split())
_OTHER = frozenset(
    """other others next best same whole new rest right wrong kind sort usual only very most least catalogue taste
    mood way idea first second third fourth fifth last former latter""".split()
)
LONGEST = 3  # words of a description


@dataclass(frozen=True)
class Pointed:
    """A stretch that points at something by what it shows. words: what is said of it. plain: without "one" or "print",
    so that it only points where something shown answers to it. one: with "one", which points whatever is shown."""

    start: int
    stop: int
    words: tuple[str, ...]
    plain: bool
    one: bool = False


def read_described(
    reading: Reading, index: CatalogueIndex, shown: Sequence[str], told: Mapping[str, str]
) -> list[Named]:
    """The items shown that are pointed at by what they show, in order; their tokens are held.

    told: item id → all that is known of an item, its title among it. Where several answer to the words, or only some of
    the words fit, the one meant is not sure: `among` holds them, and nothing is mentioned; all, where none answers.
    """
    if not told:
        return []
    named = [*(one.names for one in index.measures), *(one.names for one in index.listed)]
    names = {word for each in named for name in each for word in name}
    found = []
    at = 0
    while at < len(reading):
        pointed = next((one for one in _pointed_at(reading, at) if _tells(one, index, names)), None)
        if pointed and any(word.endswith("est") for word in pointed.words) and not spoken_of(reading, at, pointed.stop):
            pointed = None  # "the darkest print" asks for an order, "I like the darkest print" points
        meant = _meant(pointed, shown, told) if pointed else ()
        if pointed is not None and not meant and pointed.one:
            meant = tuple(shown)  # one of them is meant, and nothing tells which
        if pointed is None or not meant or not reading.free(pointed.start, pointed.stop):
            at += 1
            continue
        said = reading.hold(pointed.start, pointed.stop)
        sure = (Mention(meant[0], said, 1.0, "place"),) if len(meant) == 1 else ()
        found.append(Named(pointed.start, pointed.stop, sure, () if sure else meant, pointed=True))
        at = pointed.stop
    return found


def _pointed_at(reading: Reading, at: int) -> Iterator[Pointed]:
    """What may be pointing from here on, the fullest reading first."""
    if reading.word(at) not in _POINTING:
        return
    if stem(reading.word(at + 1)) in _ONE and reading.word(at + 2) in _WITH:
        here = at + 3
        while reading.word(here) in _ARTICLES:
            here += 1
        stop = _run(reading, here)
        if stop > here:
            yield Pointed(at, stop, reading.words(here, stop), plain=False, one=reading.word(at + 1) == "one")
    stop = _run(reading, at + 1)
    if stop == at + 1:
        return
    if reading.word(stop) in _ONE:
        yield Pointed(at, stop + 1, reading.words(at + 1, stop), plain=False, one=reading.word(stop) == "one")
    elif reading.word(at - 1) in _LED or reading.word(stop) in _FOLLOWED:
        yield Pointed(at, stop, reading.words(at + 1, stop), plain=True)


def _run(reading: Reading, at: int) -> int:
    """Where the words of a description that begin here end."""
    stop = at
    while stop < len(reading) and stop - at < LONGEST:
        token, word = reading.tokens[stop], reading.word(stop)
        compared = word in COMPARATIVES or _positive(word) in POLES
        if token.kind != "word" or not reading.free(stop, stop + 1) or (word in FUNCTION_WORDS and not compared):
            break
        if stem(word) in _ONE:
            break
        stop += 1
    return stop


def spoken_of(reading: Reading, start: int, stop: int) -> bool:
    """Whether what stands there is judged, asked about or compared with, and so is something that was shown."""
    return reading.word(start - 1) in _LED or reading.word(stop) in _FOLLOWED


def _tells(pointed: Pointed, index: CatalogueIndex, names: set[str]) -> bool:
    """Whether the words say what is shown, and not a place in the list, an attribute or a comparison of numbers.

    Without "one" or "print", a kind of item is spoken of at large: "the horror is great".
    """
    values = (value for word in pointed.words for value in index.values.get((stem(word),), ()))
    if pointed.plain and any(value.listed.kind for value in values):
        return False
    measures = {word for words in DIMENSION_WORDS.values() for word in words}
    about = names if pointed.plain or len(pointed.words) == 1 else frozenset()
    refused = _OTHER | KIND_NAMES | about | measures
    return not any(word in refused or stem(word) in refused for word in pointed.words)


def _meant(pointed: Pointed, shown: Sequence[str], told: Mapping[str, str]) -> tuple[str, ...]:
    """The items shown that the words fit: all words, else most of several; none where they tell nothing apart."""
    ids = [item_id for item_id in shown if item_id in told]
    stems = [[stem(word) for word in words_of(told[item_id])] for item_id in ids]
    shows = [_showing(word, stems) for word in pointed.words]
    fits = [sum(at in one for one in shows) for at in range(len(ids))]
    most = max(fits, default=0)
    best = [item_id for item_id, count in zip(ids, fits, strict=True) if count == most]
    if not most or (pointed.plain and (most < len(pointed.words) or len(best) == len(ids) > 1)):
        return ()
    if most < len(pointed.words) and len(best) == 1:  # only some of it fits
        best = [ids[at] for at in sorted(range(len(ids)), key=lambda at: -fits[at])[:2]]
    return tuple(best)


def _showing(word: str, stems: Sequence[Sequence[str]]) -> set[int]:
    """Which of the items show a word: those that name it, else those furthest towards the quality it stands for."""
    naming = {at for at, own in enumerate(stems) if stem(word) in own}
    pole = POLES.get(COMPARATIVES.get(word, _positive(word)))
    if naming or pole is None:
        return naming
    lean = [
        sum(_names(phrase, own) for phrase in pole.towards) - sum(_names(phrase, own) for phrase in pole.away)
        for own in stems
    ]
    return {at for at, value in enumerate(lean) if value == max(lean) > 0}


def _names(phrase: str, stems: Sequence[str]) -> bool:
    own = [stem(word) for word in words_of(phrase)]
    return any(list(stems[at : at + len(own)]) == own for at in range(len(stems) - len(own) + 1))


def _positive(word: str) -> str:
    """`darkest` → `dark`; any other word as it is."""
    return COMPARATIVES.get(comparative_of(word), word)
