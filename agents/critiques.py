"""Critiques: what a comparison with the items shown comes to, what it changes, and how it is taken back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from statistics import median

from agents.evidence import mentions
from agents.parsing.parsed import Comparison
from agents.state import Citation, Critique, Standing, TurnState
from agents.wording import MAX_WORDS, one_line
from catalog.filters import Filter, passes
from catalog.items import AttributeSpec, Catalogue

KEPT = 8  # critiques in force, and changes that can be taken back
FULL = 2  # words of a summary that go as far along a critique as it can
_PLAIN_WORDS = frozenset("than more less not the bit one that like eur cm usd".split())


def resolved(
    comparisons: Sequence[Comparison],
    state: TurnState,
    catalogue: Catalogue,
    views: Mapping[str, str],
    *,
    slate: int,
) -> tuple[Critique, ...]:
    """What the comparisons of a message come to, given what was shown; one that compares with nothing is left out.

    A number is compared with the item named, else with all that were shown: beyond every one of them where that leaves
    `slate` items, else beyond the middle one, else beyond the last. views: item id → what is known of items named.
    """
    found = list[Critique]()
    for one in comparisons:
        about = tuple(item_id for item_id in one.than or state.last_slate if item_id in catalogue)
        if one.first:
            found.append(Critique(f"{one.said} first", order=one.measure, rising=one.direction == "less"))
        elif one.alike:
            found += [_likeness(item_id, catalogue, views) for item_id in one.alike if item_id in catalogue]
        elif one.measure:
            if bound := _bound(one, about, (*state.conditions, *_conditions(found)), state.shown, catalogue, slate):
                found.append(bound)
        elif one.pole.towards or one.pole.away:
            pole = one.pole
            quality = pole.name or " ".join((*pole.towards, *pole.away)[:1])
            found.append(Critique(one.said, one.than, None, quality, pole.towards, pole.away))
    return tuple({one.said: one for one in found}.values())


def added(held: Sequence[Critique], new: Sequence[Critique]) -> tuple[Critique, ...]:
    """The critiques in force with new ones; a likeness or order gives way to the next, a word said again to itself."""
    said = {one.said for one in new}
    alike, ordered = any(one.likeness for one in new), any(one.order for one in new)  # of one message all stand
    given_way = [one for one in held if (alike and one.likeness) or (ordered and one.order)]
    kept = [one for one in held if one.said not in said and one not in given_way]
    return (*kept, *new)[-KEPT:]


def standing(state: TurnState) -> Standing:
    """What is asked for now, to go back to."""
    before_slate = tuple(item_id for item_id in state.shown if item_id not in state.last_slate)
    return Standing(state.filters, state.wishes, state.critiques, state.upload_summary, before_slate)


def called(critiques: Sequence[Critique], words: str) -> Critique | None:
    """The latest critique in force that these words name: `cheaper` names `cheaper than 40 EUR`; None for none."""
    if exact := next((one for one in critiques if one.said.casefold() == words.casefold()), None):
        return exact
    wanted = set(re.findall(r"\w{3,}", words.casefold())) - _PLAIN_WORDS
    for one in reversed(critiques):
        own = set(re.findall(r"\w{3,}", one.said.casefold()))
        if one.condition is not None:
            own.add(one.condition.attribute.split("_")[0])
        if wanted and wanted <= own:
            return one
    return None


def leaning(view: str, critiques: Sequence[Critique]) -> float:
    """How far a summary goes along the qualities asked for, in [-1, 1]: the mean over them; of a kind the latest."""
    qualities = {one.quality: one for one in critiques if one.quality}
    if not qualities:
        return 0.0
    return sum(_along(view, one) for one in qualities.values()) / len(qualities)


def leads(critiques: Sequence[Critique]) -> str:
    """What to search with for the qualities in force; empty for none."""
    qualities = {one.quality: one for one in critiques if one.quality}
    return ", ".join(word for one in qualities.values() for word in one.towards[:6])


def cited(view: str, critiques: Sequence[Critique]) -> tuple[Citation, ...]:
    """The words of a summary that speak for an item by a critique of a quality."""
    found = []
    for one in {one.quality: one for one in critiques if one.quality}.values():
        named = [word for word in one.towards if mentions(view, word)]
        named = [word for word in named if not any(word != other and word in other for other in named)]
        if named and _along(view, one) > 0:
            found.append(Citation("critique", one.said, f"{one.said}: {', '.join(named[:2])}"))
    return tuple(found)


def effect_of_bounds(state: TurnState, catalogue: Catalogue, *, left: int) -> tuple[str, ...]:
    """What the bounds of this turn, or one that was taken back, left of what was possible without them; its order."""
    ordered = tuple(
        f"{one.said.capitalize()}." for one in state.critiques if one.order and one.said in state.new_critiques
    )
    told = [one for one in state.critiques if one.condition is not None and one.said in state.new_critiques]
    new = [one.condition for one in told]
    without = [condition for condition in state.conditions if condition not in new]
    possible = sum(passes(item, without) for item in catalogue) if told else 0
    names = " and ".join(one.said for one in told)
    return (*((f"{names[:1].upper()}{names[1:]}: {left:,} of {possible:,} left.",) if told else ()), *ordered)


def effect_of_qualities(state: TurnState, leanings: Sequence[float]) -> tuple[str, ...]:
    """How many of the candidates go along what this turn asked more or less of."""
    new = [one for one in state.critiques if one.quality and one.said in state.new_critiques]
    told = [one.said for one in new]
    if not told:
        return ()
    along, names = sum(value > 0 for value in leanings), " and ".join(told)
    start = f"{names[:1].upper()}{names[1:]}"
    if against := sum(value < 0 for value in leanings) if not along else 0:
        return (f"{start}: {against:,} of {len(leanings):,} do not fit, and they come last.",)
    if not any(one.towards for one in new):
        return (f"{start}: nothing here is known to show that.",)
    if not along:
        return (f"{start}: nothing here is known to be, so the order is as it was.",)
    return (f"{start}: {along:,} of {len(leanings):,} lean that way, and they come first.",)


def offered(catalogue: Catalogue) -> tuple[str, ...]:
    """Critiques that make sense of any item of a catalogue, in words that can be sent as they are."""
    dear = any(spec.name == "price" or spec.unit in ("EUR", "USD", "GBP") for spec in catalogue.schema)
    sized = any(spec.unit in ("cm", "mm", "m", "in") for spec in catalogue.schema)
    dated = any(spec.unit == "year" for spec in catalogue.schema)
    words = [("cheaper", dear), ("bigger", sized), ("newer", dated and not dear), ("darker", True), ("calmer", True)]
    return (*(word for word, fits in words if fits), "less busy")


def _likeness(item_id: str, catalogue: Catalogue, views: Mapping[str, str]) -> Critique:
    title = one_line(catalogue[item_id].title, words=MAX_WORDS["title"])
    known = one_line(views.get(item_id, ""), words=MAX_WORDS["summary"])
    return Critique(f"more like “{title}”", (item_id,), likeness=known or title)


def _bound(
    one: Comparison,
    about: Sequence[str],
    conditions: Sequence[Filter],
    shown: Sequence[str],
    catalogue: Catalogue,
    slate: int,
) -> Critique | None:
    figures = sorted(
        figure for item_id in about if (figure := figure_of(catalogue[item_id].attributes.get(one.measure))) is not None
    )
    if not figures:
        return None
    spec = next(spec for spec in catalogue.schema if spec.name == one.measure)
    ordered = figures if one.direction == "less" else figures[::-1]
    limits = dict.fromkeys((ordered[0], float(median(figures)), ordered[-1]))
    bounds = [(limit, _filter(one, limit)) for limit in limits]
    free = [item for item in catalogue if item.item_id not in set(shown) and passes(item, conditions)]
    counts = [sum(bound.matches(item) for item in free) for _, bound in bounds]
    best = next((at for least in (slate, 1) for at, count in enumerate(counts) if count >= least), 0)
    limit, chosen = bounds[best]
    said = f"{one.said} than {limit:g}{_unit(spec)}"
    return Critique(said, tuple(about), chosen.model_copy(update={"said": said}))


def _filter(one: Comparison, limit: float) -> Filter:
    return Filter(attribute=one.measure, op="below" if one.direction == "less" else "above", value=limit)


def _unit(spec: AttributeSpec) -> str:
    return "" if spec.unit in ("", "year") or spec.unit.casefold() == spec.name.casefold() else f" {spec.unit}"


def figure_of(value: object) -> float | None:
    """The number that a value of an attribute is; the year of a date, None for words and for nothing."""
    if isinstance(value, int | float):
        return float(value)
    year = getattr(value, "year", None)
    return float(year) if year is not None else None


def _conditions(critiques: Sequence[Critique]) -> tuple[Filter, ...]:
    return tuple(one.condition for one in critiques if one.condition is not None)


def _along(view: str, one: Critique) -> float:
    """From -1, where the summary names only words against it, to 1; the longest phrase of a place counts alone."""
    weight = 0
    rest = view
    for word in sorted({*one.towards, *one.away}, key=len, reverse=True):
        if mentions(rest, word):
            weight += 1 if word in one.towards else -1
            rest = re.sub(rf"\b{re.escape(word)}(?:s|es)?\b", " ", rest, flags=re.IGNORECASE)
    return max(-1.0, min(1.0, weight / FULL))


def without_attributes(critiques: Sequence[Critique], names: Sequence[str]) -> tuple[Critique, ...]:
    """The critiques left when every condition on these attributes is lifted."""
    return tuple(one for one in critiques if one.condition is None or one.condition.attribute not in names)


def without(critiques: Sequence[Critique], gone: Critique) -> tuple[Critique, ...]:
    """The critiques but one."""
    return tuple(one for one in critiques if one.said != gone.said)


def without_qualities(critiques: Sequence[Critique]) -> tuple[Critique, ...]:
    """The bounds alone: what stays when something else altogether is asked for."""
    return tuple(one for one in critiques if one.condition is not None)
