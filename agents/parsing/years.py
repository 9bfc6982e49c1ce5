"""Years, decades and centuries, and what is said of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agents.parsing.index import CatalogueIndex, Measure
from agents.parsing.lexicon import ITEM_NOUNS, POSSESSIVES, UNITS, Phrase, phrases
from agents.parsing.negation import refusal_before
from agents.parsing.tokens import Reading, stem
from catalog.filters import Filter, FilterOp

_DECADES = {
    "twenties": 20,
    "thirties": 30,
    "forties": 40,
    "fifties": 50,
    "sixties": 60,
    "seventies": 70,
    "eighties": 80,
    "nineties": 90,
    "noughties": 0,
}
_COUNTED = (
    {"couple": 2, "few": 3}
    | {word: number for number, word in enumerate("two three four five six seven eight nine ten".split(), start=2)}
    | {"fifteen": 15, "twenty": 20, "thirty": 30, "fifty": 50}
)
_PARTS = {"early": (0, 3), "mid": (3, 6), "late": (6, 9)}  # years of a decade, both ends included
_BEFORE: dict[FilterOp, frozenset[Phrase]] = {
    "below": phrases(
        "before", "pre", "pre -", "prior to", "earlier than", "older than", "from before", "predating", "made before"
    ),
    "at_most": phrases(
        "until",
        "till",
        "up to",
        "no later than",
        "not later than",
        "not after",
        "no newer than",
        "not newer than",
        "not younger than",
        "by",
        "at the latest",
        "at most",
    ),
    "above": phrases("after", "later than", "newer than", "younger than", "post", "post -", "more recent than"),
    "at_least": phrases(
        "since",
        "no earlier than",
        "not earlier than",
        "not before",
        "no older than",
        "not older than",
        "starting",
        "starting from",
        "starting in",
        "at least from",
        "at least",
        "from at least",
    ),
}
_AFTER: dict[FilterOp, frozenset[Phrase]] = {
    "at_least": phrases(
        "or later",
        "or newer",
        "or after",
        "and later",
        "and newer",
        "and after",
        "onward",
        "onwards",
        "on",
        "and on",
        "and up",
        "and onwards",
        "or more recent",
        "or younger",
        "+",
    ),
    "at_most": phrases(
        "or earlier", "or older", "or before", "and earlier", "and older", "and before", "at the latest"
    ),
}
_FLIPPED: dict[FilterOp, FilterOp] = {
    "above": "at_most",
    "below": "at_least",
    "at_least": "below",
    "at_most": "above",
}
_AFTER_ON = frozenset("and or but please if with under below over for only no not thanks thank by".split())
_FROM = frozenset("from in of during within".split())
_SETTING = frozenset(
    "set takes place story stories feel feels feeling like about born inspired happening happens".split()
)
_MOOD = frozenset(
    "vibe vibes style styled feel feeling look looks music nostalgia inspired aesthetic flair retro fashion".split()
)
_JOINTS = frozenset(("-", "–", "—", "to", "through", "thru", "until", "till", "and", "or", ",", "/"))
_AGES = POSSESSIVES | {"aged", "someone", "people"}


@dataclass(frozen=True)
class Period:
    """Some years on end, both included, and the tokens that say so. bare: a plain number that may not be a year."""

    low: int
    high: int
    start: int
    stop: int
    bare: bool = False


def read_years(reading: Reading, index: CatalogueIndex, this_year: int | None = None) -> list[Filter]:
    """The conditions on years in the message; what is read is taken. None without a measure in years.

    this_year: what "the last ten years" end with; without one they are not read.
    """
    if not index.years:
        return []
    found = _latest(reading, index.years[0], this_year) if this_year else []
    at = 0
    while at < len(reading):
        period = _period_at(reading, at, index)
        if period is None or not reading.free(period.start, period.stop):
            at += 1
            continue
        filters, at = _condition(reading, index, period)
        found.extend(filters)
    return found


def _latest(reading: Reading, measure: Measure, this_year: int) -> list[Filter]:
    """ "from the last ten years", "of the past decade", "this century"."""
    found = []
    for at in range(len(reading)):
        length, years = 0, 0.0
        if reading.word(at) in ("last", "past") and reading.word(at + 2) in ("years", "decades"):
            number = (
                reading.tokens[at + 1].number if reading.is_number(at + 1) else _COUNTED.get(reading.word(at + 1), 0)
            )
            length, years = 3, number * (10 if reading.word(at + 2) == "decades" else 1)
        elif (
            reading.word(at) in ("last", "past") and reading.word(at + 1) in ("year", "decade") and _leads(reading, at)
        ):
            length, years = 2, 10 if reading.word(at + 1) == "decade" else 1
        if not years or not reading.free(at, at + length):
            continue
        start = at - 1 if reading.word(at - 1) == "the" else at
        while reading.word(start - 1) in _FROM:
            start -= 1
        said = reading.take(start, at + length)
        found.append(Filter(attribute=measure.spec.name, op="at_least", value=float(this_year - years), said=said))
    return found


def _leads(reading: Reading, at: int) -> bool:
    """Whether "last year" is when something is from, and not when it was seen."""
    return reading.word(at - 1) in _FROM or (reading.word(at - 1) == "the" and reading.word(at - 2) in _FROM)


def _period_at(reading: Reading, at: int, index: CatalogueIndex) -> Period | None:
    here = at
    part = _PARTS.get(reading.word(here))
    if part:
        here += 1
        while reading.word(here) in ("-", "the", "to"):
            here += 1
    if reading.word(here) in ("'", "’"):
        here += 1
    period = _decade_word(reading, at, here) or _year_number(reading, at, here, index)
    if period is None or (part and period.high - period.low != 9):
        return None
    if part:
        return Period(period.low + part[0], period.low + part[1], at, period.stop)
    return period


def _decade_word(reading: Reading, start: int, here: int) -> Period | None:
    decade = _DECADES.get(reading.word(here))
    if decade is None:
        return None
    low = (2000 if decade == 0 else 1900) + decade
    return Period(low, low + 9, start, here + 1)


def _year_number(reading: Reading, start: int, here: int, index: CatalogueIndex) -> Period | None:
    if not reading.is_number(here) or not re.fullmatch(r"\d{1,4}", reading.tokens[here].text):
        return None
    number, length = int(reading.tokens[here].text), len(reading.tokens[here].text)
    glued = here + 1 < len(reading) and reading.tokens[here + 1].glued
    after = reading.word(here + 1)
    if glued and after in ("st", "nd", "rd", "th") and reading.word(here + 2) == "century":
        return Period(100 * number - 100, 100 * number - 1, start, here + 3)
    plural = after == "s" if glued else False
    if not plural and reading.word(here + 1) == "'" and reading.word(here + 2) == "s":
        plural, here = True, here + 1
    if plural and length == 4 and number % 100 == 0 and number < 2000:
        return Period(number, number + 99, start, here + 2)
    if plural and number % 10 == 0 and length in (2, 4) and (length == 2 or 1000 <= number <= 2100):
        low = number if length == 4 else _century(number, index) + number
        return Period(low, low + 9, start, here + 2)
    if length == 4 and 1000 <= number <= 2100 and not (glued and after.isalpha()) and after not in UNITS:
        return Period(number, number, start, here + 1, bare=True)
    return None


def _century(decade: int, index: CatalogueIndex) -> int:
    """1900 or 2000, whichever the catalogue has; for both, 2000 up to the tens and 1900 from the twenties on."""
    measure = index.years[0]
    if 2000 + decade > measure.high:
        return 1900
    return 2000 if decade <= 10 or 1909 + decade < measure.low else 1900


def _condition(reading: Reading, index: CatalogueIndex, first: Period) -> tuple[list[Filter], int]:
    """The filters this period and those joined to it make, and where to read on."""
    periods, joint = _joined(reading, first, index)
    last = periods[-1]
    measure = _measure(reading, index, first.start)
    op, start, stop = _comparison(reading, first, last)
    if reading.word(start - 1) in ("$", "€", "£") or reading.word(last.stop) in UNITS:
        return [], last.stop
    if op is None and not _is_asked(reading, index, first, last):
        return [], last.stop
    if reading.word(start - 1) == "the":
        start -= 1
    if op is None and reading.word(start - 1) in _FROM | {"between", "year"}:
        start -= 1
        if reading.word(start - 1) in ("made", "released", "painted", "printed", "published", "year", "came"):
            start -= 1
    refused = refusal_before(reading, start, through_nouns=True)
    if refused is None and reading.word(start - 1) == "anything":
        refused = refusal_before(reading, start - 1)
    low, high = min(p.low for p in periods), max(p.high for p in periods)
    begin = start if refused is None else refused
    said = reading.take(begin, stop)
    spans = [(low, high)] if refused is None or joint != "list" else [(p.low, p.high) for p in periods]
    if op is None:
        filters = [f for span in spans for f in _within(measure, span, said, negated=refused is not None)]
    else:
        filters = [_against(measure, op, low, high, said, negated=refused is not None)]
    return filters, stop


def _joined(reading: Reading, first: Period, index: CatalogueIndex) -> tuple[list[Period], str]:
    """The periods said in one breath: "the 70s or 80s", "1970 to 1980". The joint is `range`, `list` or empty."""
    periods, joint = [first], ""
    while reading.word(periods[-1].stop) in _JOINTS:
        here = periods[-1].stop + 1
        while reading.word(here) in ("the", "in", "from", "or", "and", "of"):
            here += 1
        following = _period_at(reading, here, index)
        if following is None or not reading.free(following.start, following.stop):
            break
        listed = (
            reading.word(periods[-1].stop) in ("and", "or", ",", "/") and reading.word(first.start - 1) != "between"
        )
        joint = "list" if listed else joint or "range"
        periods.append(following)
    return periods, joint


def _comparison(reading: Reading, first: Period, last: Period) -> tuple[FilterOp | None, int, int]:
    """The comparing operator around the periods, if any, and the tokens it all spans."""
    start = first.start
    here = start - 1 if reading.word(start - 1) == "the" else start
    if reading.word(here - 1) in ("year", "in") and reading.word(here - 2) != "in":
        here = here - 1 if any(reading.phrase_before(here - 1, p) for p in _BEFORE.values()) else here
    best: FilterOp | None = None
    length = 0
    for op, said in _BEFORE.items():
        if (found := reading.phrase_before(here, said)) > length:
            best, length = op, found
    if best is not None:
        return best, here - length, last.stop
    for op, said in _AFTER.items():
        found = reading.phrase_at(last.stop, said)
        if found and not _leads_on(reading, last.stop + found):
            lead = reading.word(start - 1) in ("from", "in")
            return op, start - 1 if lead else start, last.stop + found
    return None, start, last.stop


def _leads_on(reading: Reading, at: int) -> bool:
    """Whether an "on" before this leads to what comes: "the 2000s and on linen", not "the 2000s on, please"."""
    follows = at < len(reading) and reading.tokens[at].kind == "word"
    return reading.word(at - 1) == "on" and follows and reading.word(at) not in _AFTER_ON


def _is_asked(reading: Reading, index: CatalogueIndex, first: Period, last: Period) -> bool:
    """Whether a period without a comparison asks for items of that time, and not for a setting, an age or a figure."""
    here = first.start - 1 if reading.word(first.start - 1) == "the" else first.start
    before, after = reading.word(here - 1), reading.word(last.stop)
    if before in _AGES or after in _MOOD or (after == "-" and reading.word(last.stop + 1) in _MOOD):
        return False
    if before in _SETTING or (before in ("in", "during", "around") and reading.word(here - 2) in _SETTING | {"i"}):
        return False
    if before in ("around", "about", "circa", "roughly", "not") and first.bare and before != "not":
        return False
    if not first.bare or last is not first:
        return True
    if before in _FROM | {"year", "year:", "between"} or (before in ("not", "no") and here == first.start):
        return True
    stems, _ = reading.run_at(last.stop, 1)
    alone = len(reading.said(first.start, last.stop)) == len(reading.message.strip(" .!?"))
    return alone or bool(stems and (stems[0] in ITEM_NOUNS or index.is_value(stems)))


def _measure(reading: Reading, index: CatalogueIndex, at: int) -> Measure:
    """The measure in years that the words before name, else the first."""
    said = {stem(word) for word in reading.words(at - 4, at)}
    named = (m for m in index.years if any(set(name) <= said for name in m.names))
    return next(named, index.years[0])


def _within(measure: Measure, span: tuple[int, int], said: str, *, negated: bool) -> Iterator[Filter]:
    low, high = span
    name, exact = measure.spec.name, measure.spec.kind == "number"
    if negated:
        if low == high and exact:
            yield Filter(attribute=name, op="is_not", value=float(low), said=said)
        else:
            yield Filter(attribute=name, op="outside", value=(float(low), float(high)), said=said)
    elif low == high and exact:
        yield Filter(attribute=name, op="is", value=float(low), said=said)
    else:
        yield Filter(attribute=name, op="at_least", value=float(low), said=said)
        yield Filter(attribute=name, op="at_most", value=float(high), said=said)


def _against(measure: Measure, op: FilterOp, low: int, high: int, said: str, *, negated: bool) -> Filter:
    edge = {"below": low, "above": high, "at_least": low, "at_most": high}[op]
    if negated:
        op = _FLIPPED[op]
    return Filter(attribute=measure.spec.name, op=op, value=float(edge), said=said)


def merged(filters: Iterable[Filter]) -> list[Filter]:
    """The filters without repetition, in order."""
    return list({(f.attribute, f.op, f.value): f for f in filters}.values())
