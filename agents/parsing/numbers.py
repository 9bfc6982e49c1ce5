"""Amounts with units, their comparisons and ranges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agents.parsing.index import CatalogueIndex, Measure
from agents.parsing.lexicon import DIMENSION_WORDS, FUNCTION_WORDS, ITEM_NOUNS, NAME_WORDS, UNITS, Phrase, phrases
from agents.parsing.negation import refusal_before
from agents.parsing.tokens import Reading, stem
from catalog.filters import Filter, FilterOp

_BEFORE: dict[FilterOp, frozenset[Phrase]] = {
    "below": phrases(
        "under", "below", "less than", "lower than", "cheaper than", "smaller than", "fewer than", "shorter than",
        "narrower than", "lighter than", "beneath", "<",
    ),
    "at_most": phrases(
        "at most", "up to", "max", "max .", "maximum", "a maximum of", "maximum of", "max of", "a max of",
        "no more than", "not more than", "not over", "not above", "no larger than", "no bigger than",
        "no wider than", "no longer than", "no higher than", "not larger than", "not bigger than", "not wider than",
        "not longer than", "within", "until", "no dearer than", "<=", "≤", "not exceeding", "budget of",
        "budget is", "budget", "spend", "to spend", "pay", "afford", "limited to", "capped at", "for up to",
        "for at most", "for no more than",
    ),
    "above": phrases(
        "over", "above", "more than", "greater than", "larger than", "bigger than", "wider than", "longer than",
        "higher than", "taller than", "heavier than", "dearer than", "pricier than", "more expensive than",
        "exceeding", ">",
    ),
    "at_least": phrases(
        "at least", "minimum", "min", "min .", "a minimum of", "minimum of", "no less than", "not less than",
        "not under", "not below", "no smaller than", "not smaller than", "no shorter than", "no fewer than",
        "starting at", "starting from", "upwards of", ">=", "≥",
    ),
}  # fmt: skip
_AFTER: dict[FilterOp, frozenset[Phrase]] = {
    "at_most": phrases(
        "or less", "or under", "or below", "or cheaper", "or smaller", "or fewer", "or lower", "or shorter",
        "or narrower", "max", "maximum", "at most", "tops", "at the most", "and under", "and below", "and less",
        "or so at most", "budget", "limit",
    ),
    "at_least": phrases(
        "or more", "or above", "or over", "or bigger", "or larger", "or wider", "or longer", "or higher",
        "or taller", "and up", "and above", "and over", "and more", "plus", "+", "min", "minimum", "at least",
        "upwards", "or up",
    ),
}  # fmt: skip
_FLIPPED: dict[FilterOp, FilterOp] = {"above": "at_most", "below": "at_least", "at_least": "below", "at_most": "above"}
_ROUGHLY = frozenset("around about roughly approximately circa ca almost nearly ~ like".split())
_BARE_CAP = frozenset({"under", "below", "max", "maximum", "than", "to", "most", "<", "≤", "<=", "within"})
_TENS = {
    word: float(10 * tens)
    for tens, word in enumerate("ten twenty thirty forty fifty sixty seventy eighty ninety hundred".split(), start=1)
}


@dataclass(frozen=True)
class Amount:
    """A number with what it counts, and the tokens that say so. dimension: empty where no unit is said."""

    value: float
    dimension: str
    factor: float
    start: int
    stop: int


def read_numbers(reading: Reading, index: CatalogueIndex) -> list[Filter]:
    """The conditions on amounts in the message; what is read is taken. An amount of nothing known is left alone."""
    found: list[Filter] = []
    at = 0
    while at < len(reading):
        amount = _amount_at(reading, at, index)
        if amount is None or not reading.free(amount.start, amount.stop):
            at += 1
            continue
        filters, stop = _condition(reading, index, amount)
        found.extend(filters)
        at = max(stop, amount.stop)
    return found


def _amount_at(reading: Reading, at: int, index: CatalogueIndex) -> Amount | None:
    start, here = at, at
    leading = UNITS.get(reading.word(at))
    if leading and leading[0] == "money" and (reading.is_number(at + 1) or reading.word(at + 1) in _TENS):
        here = at + 1
    else:
        leading = None
    if reading.is_number(here):
        value = reading.tokens[here].number
    elif reading.word(here) in _TENS:
        value = _TENS[reading.word(here)]
    else:
        return None
    here += 1
    if reading.word(here) == "k" and reading.tokens[here].glued:
        value, here = value * 1000, here + 1
    if here < len(reading) and reading.tokens[here].glued and reading.word(here) in ("st", "nd", "rd", "th", "s"):
        return None
    if leading:
        return Amount(value, *leading, start, here)
    dash = 1 if reading.word(here) == "-" and reading.word(here + 1).isalpha() else 0  # "30-minute"
    dimension, factor = _unit(reading, here + dash, index)
    return Amount(value, dimension, factor, start, here + dash + 1 if dimension else here)


def _unit(reading: Reading, at: int, index: CatalogueIndex) -> tuple[str, float]:
    """What the token there counts in, as far as the catalogue measures it; empty for no unit."""
    word = reading.word(at)
    known = {measure.dimension for measure in index.measures}
    if word in UNITS and UNITS[word][0] in known:
        return UNITS[word]
    if word and stem(word) not in ITEM_NOUNS and f"unit:{stem(word)}" in known:  # "2 prints" are two items
        return f"unit:{stem(word)}", 1.0
    return "", 1.0


def _condition(reading: Reading, index: CatalogueIndex, first: Amount) -> tuple[list[Filter], int]:
    last = _range_end(reading, index, first)
    op, start, stop = _comparison(reading, first, last or first)
    measure, start, stop = _measure(reading, index, first, last, start, stop)
    if measure is None:
        return [], stop
    if last is not None:
        lead = reading.word(start - 1) in ("between", "from", "of", "for")
        begin = start - 1 if lead else start
        if reading.word(begin - 1) in ("anywhere", "somewhere"):
            begin -= 1
        return list(_between(reading, measure, first, last, begin, stop)), stop
    if op is None:
        op, start = _plain(reading, measure, first, start, stop)
    if op is None:
        return [], stop
    if reading.word(start - 1) in ("for", "of", "with") and (op != "is"):
        start -= 1
    refused = refusal_before(reading, start, through_nouns=True)
    if refused is None and reading.word(start - 1) in ("that", "costing", "anything", "priced", "costs"):
        refused = refusal_before(reading, start - 1, through_nouns=True)
    said = reading.take(start if refused is None else refused, stop)
    if refused is not None:
        op = "is_not" if op == "is" else _FLIPPED[op]
    return [Filter(attribute=measure.spec.name, op=op, value=_in_unit(first, measure), said=said)], stop


def _range_end(reading: Reading, index: CatalogueIndex, first: Amount) -> Amount | None:
    joint = reading.word(first.stop)
    spoken = reading.word(first.start - 1) == "between"
    if joint not in ("-", "–", "—", "to", "and", "till", "until") or (joint == "and" and not spoken):
        return None
    last = _amount_at(reading, first.stop + 1, index)
    if last is None or (first.dimension and last.dimension and first.dimension != last.dimension):
        return None
    return last


def _comparison(reading: Reading, first: Amount, last: Amount) -> tuple[FilterOp | None, int, int]:
    best: FilterOp | None = None
    length = 0
    for op, said in _BEFORE.items():
        if (found := reading.phrase_before(first.start, said)) > length:
            best, length = op, found
    if best is not None:
        return best, first.start - length, last.stop
    for op, said in _AFTER.items():
        if found := reading.phrase_at(last.stop, said):
            return op, first.start, last.stop + found
    return None, first.start, last.stop


def _measure(
    reading: Reading, index: CatalogueIndex, first: Amount, last: Amount | None, start: int, stop: int
) -> tuple[Measure | None, int, int]:
    """Which measure the amount is of, and the tokens with its name added where that stands right beside."""
    dimension = first.dimension or (last.dimension if last else "")
    measures = [m for m in index.measures if m.dimension == dimension] if dimension else list(index.measures)
    measures = [m for m in measures if m.dimension != "year" or first.value >= 1000]  # "12 year olds" are no date
    clause = reading.clause_start(start)
    for measure in measures:
        after = _name_at(reading, stop, measure)
        before = _name_before(reading, max(clause, start - 4), start, measure)
        if before is not None or after:
            return measure, start if before is None else before, stop + after
    if dimension:
        return _unnamed(measures), start, stop
    return _implied(reading, measures, clause, start, stop), start, stop


def _name_at(reading: Reading, at: int, measure: Measure) -> int:
    """The length of the measure's name right after: "30 cm wide", "40 in price"."""
    lead = 1 if reading.word(at) in ("in", "of") else 0
    for name in measure.names:
        stems, _ = reading.run_at(at + lead, len(name))
        if tuple(NAME_WORDS.get(word, word) for word in stems) == name:
            return lead + len(name)
    return 0


def _name_before(reading: Reading, low: int, at: int, measure: Measure) -> int | None:
    """Where the measure's name begins within the few tokens before: "price under", "edition of at most"."""
    for here in range(at - 1, low - 1, -1):
        for name in measure.names:
            stems, stop = reading.run_at(here, len(name))
            if tuple(NAME_WORDS.get(word, word) for word in stems) != name or not reading.free(here, stop):
                continue
            between = reading.words(stop, at)
            if stop <= at and all(
                word in ("is", "of", "a", "an", ":", "=", "to", "the", "at", "be", "between", "from")
                for word in between
            ):
                return here
            if stop > at:  # the comparison itself names it: "wider than"
                return at
    for here in range(at, min(at + 2, len(reading))):
        if (NAME_WORDS.get(reading.word(here), ""),) in measure.names:
            return at
    return None


def _unnamed(measures: list[Measure]) -> Measure | None:
    """The only measure of its dimension, else the one called size; None where it could be either."""
    if len(measures) > 1:
        measures = [measure for measure in measures if ("size",) in measure.names]
    return measures[0] if len(measures) == 1 else None


def _implied(reading: Reading, measures: list[Measure], clause: int, start: int, stop: int) -> Measure | None:
    """A measure for a number without unit or name: by words such as "costs", else money for "under 40" and the like."""
    said = set(reading.words(max(clause, start - 4), stop + 2))
    for dimension in ("money", "length", "time", "weight"):
        if said & DIMENSION_WORDS[dimension]:
            return _unnamed([measure for measure in measures if measure.dimension == dimension])
    money = _unnamed([measure for measure in measures if measure.dimension == "money"])
    capped = reading.word(start) in _BARE_CAP | {"less", "at", "up", "no", "not"} or reading.word(stop - 1) in (
        "max", "maximum", "less", "tops",
    )  # fmt: skip
    following = reading.word(stop)
    ends = not following or not following[0].isalnum() or following in FUNCTION_WORDS
    figures = (
        reading.tokens[at].number if reading.is_number(at) else _TENS.get(reading.word(at)) for at in range(start, stop)
    )
    figure = next((one for one in figures if one is not None), None)
    if money is None or not capped or not ends or figure is None:
        return None
    return money if figure >= money.low else None


def _plain(reading: Reading, measure: Measure, amount: Amount, start: int, stop: int) -> tuple[FilterOp | None, int]:
    """What an amount without a comparison asks: money is a limit ("for 40 euros"), a measure is meant exactly."""
    before = reading.word(amount.start - 1)
    if before in _ROUGHLY:
        return None, start
    if measure.dimension == "money":
        if before in ("for", "have", "got"):
            return "at_most", amount.start - 1 if before == "for" else start
        named = start < amount.start
        return ("at_most" if named else None), start
    named = start < amount.start or stop > amount.stop
    if measure.dimension.startswith("unit:") or not measure.dimension:
        return ("is" if named else None), start
    noun = stem(reading.word(stop)) in ITEM_NOUNS  # "a 30 cm print", not "a wall of 120 cm"
    return ("is" if named or noun else None), start


def _between(
    reading: Reading, measure: Measure, first: Amount, last: Amount, begin: int, stop: int
) -> Iterator[Filter]:
    unit = first if first.dimension else last
    low = _in_unit(Amount(first.value, unit.dimension, unit.factor, 0, 0), measure)
    high = _in_unit(last if last.dimension else Amount(last.value, unit.dimension, unit.factor, 0, 0), measure)
    low, high = min(low, high), max(low, high)
    refused = refusal_before(reading, begin, through_nouns=True)
    said = reading.take(begin if refused is None else refused, stop)
    name = measure.spec.name
    if refused is not None:
        yield Filter(attribute=name, op="outside", value=(low, high), said=said)
        return
    yield Filter(attribute=name, op="at_least", value=low, said=said)
    yield Filter(attribute=name, op="at_most", value=high, said=said)


def _in_unit(amount: Amount, measure: Measure) -> float:
    """The amount in the measure's own unit."""
    if not amount.dimension or amount.dimension != measure.dimension:
        return amount.value
    return round(amount.value * amount.factor / measure.factor, 6)
