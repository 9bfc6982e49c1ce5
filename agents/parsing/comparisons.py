"""Comparisons with what was shown: "cheaper than this", "a bit darker", "less busy", "more like the second"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agents.parsing.axes import POLES, pole_of
from agents.parsing.index import CatalogueIndex, Measure
from agents.parsing.lexicon import FUNCTION_WORDS, IDIOMS, ITEM_NOUNS, SPEAKER_IS, phrases
from agents.parsing.names import Named
from agents.parsing.parsed import Comparison, Direction
from agents.parsing.tokens import Reading, stem

_BY_DIMENSION: dict[str, tuple[frozenset[str], frozenset[str]]] = {  # words for less of it, and for more
    "money": (frozenset(("cheaper", "cheap")), frozenset(("dearer", "pricier", "dear", "pricey"))),
    "year": (frozenset(("older", "earlier", "old")), frozenset(("newer", "later", "new", "recent"))),
    "length": (
        frozenset(("smaller", "narrower", "small", "narrow", "tiny")),
        frozenset(("bigger", "larger", "wider", "taller", "big", "large", "wide", "tall", "huge")),
    ),
    "time": (frozenset(("shorter", "short")), frozenset(("longer", "long"))),
    "weight": (frozenset(("lighter", "light")), frozenset(("heavier", "heavy"))),
}
_DEAR, _CHEAP = frozenset("expensive costly dear pricey".split()), frozenset("affordable cheap".split())
_LESS, _MORE = frozenset("smaller lower fewer shorter less".split()), frozenset("bigger larger higher more".split())
_SAID = {"less": "less {}", "more": "more {}"}
_OPPOSED: dict[Direction, Direction] = {"less": "more", "more": "less"}
_LEADS = frozenset(("more", "less", "too"))
_REFUSED = frozenset("no once one some never without many how few not don't dont the".split())
_DENIED = frozenset("don't dont never didn't doesn't not no".split())
_REFUSALS = frozenset("no without not drop skip lose leave forget minus".split())
_NOT_SO = phrases("not so", "not as", "not that", "not quite so", "not quite as", "not too")
_NOT_WANTED = ITEM_NOUNS | frozenset(
    """option suggestion recommendation info information detail of like please idea way time often than or other
    likely interesting specific precise bit lot kind late much many bad trouble hassle""".split()
)
_POINTS = frozenset("this that these those it them any all one ones you here shown me what which are is".split())
_ALIKE = re.compile(
    r"(?:more|something|anything|ones?|others?|another|some|movies?|films?|prints?|books?) "
    r"(?:\w+ )?(?:like|close to|similar to)$"
)
_ALIKE_A_KIND = re.compile(  # "a thriller like", not "a film I like" or "a lot like"
    r"\b(?:an?|any|some|another|good|great) (?:[\w-]+ ){0,2}"
    r"(?!(?:i|you|we|they|he|she|who|that|people|kids|really|would|also|not|don't|do|just|much|lot|bit|feel|look|would)\b)"
    r"[\w-]{4,} (?:like|similar to)$"
)
_SIMILAR = re.compile(r"(?:^|\W)(?:similar to|resembling|in the (?:style|spirit|vein) of)$")
_LIKE_THOSE = phrases(
    "like it", "like that", "like this", "like those", "like these", "like them", "similar to it", "similar to that",
    "similar to those", "similar to these", "similar to them", "like that one", "like this one", "similar",
)  # fmt: skip
_NOUNS_OF_MORE = frozenset("anything something more ones one others movies films movie film prints print else".split())
LONGEST_QUALITY, MOST_REFUSED = 3, 2  # words


def read_comparisons(
    reading: Reading, index: CatalogueIndex, named: Sequence[Named], *, shown: bool
) -> list[Comparison]:
    """The comparisons of a message, in order; what is read is taken.

    shown: whether something was shown that it may compare with. Without it, and with no item named, only qualities
    that have an opposite and listed values are read.
    """
    found = list(_likenesses(reading, named))
    at = 0
    while at < len(reading):
        read = _at(reading, index, at) if reading.free(at, at + 1) else None
        than, after = _than(reading, named, read[1]) if read else ((), at)
        if read is None or not (shown or than or _stands_alone(read[0], index)):
            at += 1
            continue
        comparison, _ = read
        start = at
        while reading.word(start - 1) in ("a", "bit", "little", "much", "even", "something", "it", "make", "them"):
            start -= 1
        reading.take(start, after)
        found.append(replace(comparison, than=than or _only_one(named, start)))
        at = after
    return found


def _only_one(named: Sequence[Named], at: int) -> tuple[str, ...]:
    """The item spoken of before, where it is one alone: "the second is nice, anything bigger?"."""
    spoken = [mention.item_id for one in named if one.stop <= at for mention in one.mentions]
    return tuple(spoken) if len(spoken) == 1 else ()


def _likenesses(reading: Reading, named: Sequence[Named]) -> list[Comparison]:
    """ "more like the second", "something similar to Alien"; not "I like the second"."""
    found = []
    for one in named:
        exact = len(one.mentions) == 1 or all(mention.how == "place" for mention in one.mentions)
        if exact and is_likened(reading, one.start):
            ids = tuple(mention.item_id for mention in one.mentions)
            found.append(Comparison(f"more like {reading.said(one.start, one.stop)}", alike=ids))
            reading.take(_start_of_likeness(reading, one.start), one.stop)
    for at in range(len(reading)):
        earlier = [one for one in named if one.stop <= at and len(one.mentions) == 1]
        length = reading.phrase_at(at, _LIKE_THOSE)
        if length and earlier and reading.word(at - 1) in _NOUNS_OF_MORE:
            only = earlier[-1:] if reading.word(at + length - 1) in ("it", "that", "this") else earlier
            start = _start_of_likeness(reading, at)
            said = reading.take(start, at + length)
            found.append(Comparison(said.casefold(), alike=tuple(one.mentions[0].item_id for one in only)))
    return found


def _stands_alone(comparison: Comparison, index: CatalogueIndex) -> bool:
    """Whether it says something with nothing to compare with: a quality with an opposite, or a listed value."""
    words = comparison.pole.towards[:1]
    return bool(comparison.pole.name) or any(index.is_value(tuple(stem(one) for one in word.split())) for word in words)


def is_likened(reading: Reading, at: int) -> bool:
    """Whether more like what is named here is asked for."""
    before = " ".join(reading.words(max(0, at - 5), at))
    return any(pattern.search(before) is not None for pattern in (_ALIKE, _ALIKE_A_KIND, _SIMILAR))


def _start_of_likeness(reading: Reading, at: int) -> int:
    words = frozenset("more something anything one ones other others another some like close similar to".split())
    while reading.word(at - 1) in words:
        at -= 1
    return at


def _at(reading: Reading, index: CatalogueIndex, at: int) -> tuple[Comparison, int] | None:
    """The comparison that begins here and where it ends, or None."""
    word = reading.word(at)
    if length := reading.phrase_at(at, _NOT_SO):
        if reading.word(at - 1) in SPEAKER_IS:
            return None  # "I'm not that keen on foxes" tells of the speaker
        return _of_quality(reading, index, at + length, "less")
    clause = max(reading.clause_start(at), at - 5)
    if any(reading.word(here) in _DENIED for here in range(clause, at) if here not in reading.taken):
        return None  # "I don't tend to watch newer films"
    if word in _REFUSALS and (refused := _refused_thing(reading, index, at)) is not None:
        return refused
    if word in _LEADS:
        if reading.word(at - 1) in _REFUSED:
            return None
        if word == "too" and at - 2 in reading.held:
            return None  # "the second is too dark" judges that one
        if word != "too" and (named := of_named_measure(reading, index, at, word)) is not None:
            return named
        return _of_quality(reading, index, at + 1, "more" if word == "more" else "less")
    if reading.word(at - 1) in ("no", "not", "any", "never", "which", "the"):
        return None
    if (named := of_named_measure(reading, index, at, word)) is not None:
        return named
    if word in COMPARATIVES or (word.endswith("er") and measure_of(index, word)):
        return of_word(index, word, "more", word), at + 1
    return None


def _refused_thing(reading: Reading, index: CatalogueIndex, at: int) -> tuple[Comparison, int] | None:
    """ "no princesses", "not the woodcut", "drop the birds": less of it, where that is all that a clause says.

    Of what the catalogue lists, a filter was made before.
    """
    start = at + 1 + (reading.words(at, at + 2) == ("leave", "out"))
    if reading.word(start) == "the" and reading.word(at) != "no":
        start += 1
    elif reading.word(at) not in ("no", "without"):
        return None  # "not foxes but owls", "drop me a line"
    stop = start
    while stop < len(reading) and stop - start < MOST_REFUSED and _is_quality(reading, stop):
        stop += 1
    words = reading.words(start, stop)
    ends = reading.word(stop) in ("", "please", "and", "but", "or") or reading.tokens[stop].kind == "mark"
    opens = (
        reading.word(at - 1) in ("", "and", "but", "with", "please", "something", "now", "just", "then", "ok", "so")
        or reading.tokens[at - 1].kind == "mark"
    )
    odd = IDIOMS | {"more", "less", "repeat", "repeats", "way"}
    if (
        not words
        or not ends
        or not opens
        or any(word in odd or word in POLES or word in COMPARATIVES for word in words)
    ):
        return None
    lead = reading.word(at) if start == at + 1 else "without"
    return of_word(index, " ".join(words), "less", f"{lead} {' '.join(words)}"), stop


def of_named_measure(reading: Reading, index: CatalogueIndex, at: int, word: str) -> tuple[Comparison, int] | None:
    """ "a smaller edition", "a lower price", "fewer prints": the measure is named behind the word that stands there."""
    if word not in _LESS | _MORE:
        return None
    for measure in index.measures:
        for name in measure.names | {(stem(measure.spec.unit.casefold()),)}:
            stems, stop = reading.run_at(at + 1, len(name))
            if stems == name and stem(name[0]) not in ITEM_NOUNS:
                direction: Direction = "less" if word in _LESS else "more"
                return Comparison(reading.said(at, stop).casefold(), measure.spec.name, direction), stop
    return None


def _of_quality(
    reading: Reading, index: CatalogueIndex, at: int, direction: Direction
) -> tuple[Comparison, int] | None:
    """What more or less is wanted of, up to three words that are free."""
    while reading.word(at) in ("of", "the", "that", "so", "very", "much", "many"):
        at += 1
    stop = at
    while stop < len(reading) and stop - at < LONGEST_QUALITY and _is_quality(reading, stop):
        stop += 1
        if reading.word(stop - 1) in POLES or measure_of(index, reading.word(stop - 1)):
            break  # "more calm owls": what is calm is said by the rest
    if stop == at:
        return None
    words = " ".join(reading.words(at, stop))
    return of_word(index, words, direction, _SAID[direction].format(words)), stop


def _is_quality(reading: Reading, at: int) -> bool:
    word, token = reading.word(at), reading.tokens[at]
    free = token.kind == "word" and reading.free(at, at + 1)
    return free and word not in FUNCTION_WORDS and stem(word) not in _NOT_WANTED


def of_word(index: CatalogueIndex, word: str, direction: Direction, said: str) -> Comparison:
    """More or less of what a word stands for: a number of the catalogue where it has one, else a quality."""
    if measure := measure_of(index, word):
        name, its_direction = measure
        direction = its_direction if direction == "more" else _OPPOSED[its_direction]
        return Comparison(said, name, direction)
    pole = pole_of(COMPARATIVES.get(word, word))
    return Comparison(said, pole=pole if direction == "more" else pole.turned())


def measure_of(index: CatalogueIndex, word: str) -> tuple[str, Direction] | None:
    """The attribute that a word like "cheaper" compares, and whether it asks for less or more; None for no number."""
    for measure in index.measures:
        less, more = _BY_DIMENSION.get(measure.dimension, (frozenset[str](), frozenset[str]()))
        if measure.dimension == "money":
            less, more = less | _CHEAP, more | _DEAR
        if word in less and _is_the_one(index, measure):
            return measure.spec.name, "less"
        if word in more and _is_the_one(index, measure):
            return measure.spec.name, "more"
    return None


def _is_the_one(index: CatalogueIndex, measure: Measure) -> bool:
    """Whether it is the only measure of its dimension, or the one called size."""
    rivals = [one for one in index.measures if one.dimension == measure.dimension]
    return len(rivals) == 1 or ("size",) in measure.names or measure is rivals[0]


def _than(reading: Reading, named: Sequence[Named], at: int) -> tuple[tuple[str, ...], int]:
    """The items compared with, and where the comparison ends."""
    here = at + 1 if stem(reading.word(at)) in ITEM_NOUNS else at
    if reading.word(here) not in ("than", "as"):
        return (), at
    for one in named:
        if one.start == here + 1:
            return tuple(mention.item_id for mention in one.mentions), one.stop
    here += 1
    while reading.word(here) in _POINTS or stem(reading.word(here)) in ITEM_NOUNS:
        here += 1
    return (), here


def comparative_of(superlative: str) -> str:
    """`cheapest` → `cheaper`, `busiest` → `busier`; empty for a word that is no superlative by its end."""
    return f"{superlative[:-3]}er" if superlative.endswith("est") else ""


def _comparative(word: str) -> str:
    """The regular comparative: `dark` → `darker`, `busy` → `busier`, `sad` → `sadder`."""
    if word.endswith("y"):
        return f"{word[:-1]}ier"
    if word.endswith("e"):
        return f"{word}r"
    doubled = re.fullmatch(r"[^aeiou]*[aeiou][bdgmnpt]", word)
    return f"{word}{word[-1]}er" if doubled else f"{word}er"


COMPARATIVES = {_comparative(word): word for word in POLES if " " not in word and len(word) <= 8}
