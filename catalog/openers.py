"""Three ways to begin a conversation, drawn from what the catalogue has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from statistics import median

from catalog.items import AttributeSpec, Catalogue

_ALWAYS = ("What would you show someone who is new here?", "Surprise me with something bold", "Something calm, please")
_MANY_WORDS = 8  # in a list attribute, before one of them makes a wish worth having
_MONEY = frozenset(("EUR", "USD", "GBP", "CHF", "€", "$", "£"))
_THING = re.compile(r"(?:A|An|Two|Three) [^\W\d_][\w '’-]{5,70}")
_THING_WORDS = 10


def openers(catalogue: Catalogue, summaries: Mapping[str, str] | None = None) -> tuple[str, str, str]:
    """Three first messages that can be answered from this catalogue, all different.

    At best a price or a decade, what one of its pictures shows, and a word that many items share. summaries: item id →
    what a model wrote of it; without any, nothing is said of pictures.
    """
    attributes = [told for spec in catalogue.schema if (told := _of(spec, catalogue))]
    made = [*attributes[:1], *_shown(catalogue, summaries or {}), *attributes[1:], *_ALWAYS]
    first, second, third = list(dict.fromkeys(made))[:3]
    return first, second, third


def _shown(catalogue: Catalogue, summaries: Mapping[str, str]) -> Iterator[str]:
    """A wish for what the summary of an item begins with, of the item nearest to the middle that has a fitting one."""
    item_ids = catalogue.item_ids
    for place in sorted(range(len(item_ids)), key=lambda place: abs(place - len(item_ids) // 2)):
        begun = _THING.match(summaries.get(item_ids[place], ""))
        if begun is not None and 3 <= len(begun[0].split()) <= _THING_WORDS:
            yield f"I am in the mood for {begun[0][0].lower()}{begun[0][1:].rstrip()}"
            return


def _of(spec: AttributeSpec, catalogue: Catalogue) -> str:
    values = [item.attributes[spec.name] for item in catalogue if spec.name in item.attributes]
    numbers = [value for value in values if isinstance(value, float)]
    if spec.unit in _MONEY and numbers:
        return f"Something I will not tire of, under {_round(median(numbers))} {spec.unit}"
    if spec.unit == "year" and numbers:
        return f"Something from the {int(median(numbers)) // 10 * 10}s"
    if spec.kind == "list":
        words = Counter(word for value in values if isinstance(value, tuple) for word in value)
        return f"I am in the mood for {words.most_common(1)[0][0].lower()}" if len(words) >= _MANY_WORDS else ""
    return ""


def _round(number: float) -> int:
    """Up to the next ten, or to the next one where ten is too much."""
    step = 10 if number >= 10 else 1
    return int(-(-number // step) * step)
