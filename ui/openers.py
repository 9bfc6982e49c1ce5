"""Three ways to begin, made of what the catalogue has."""

from __future__ import annotations

from collections import Counter
from statistics import median

from catalog.items import AttributeSpec, Catalogue

_ALWAYS = ("What would you show someone who is new here?", "Surprise me with something bold", "Something calm, please")
_PRINTS = ("Something calm for my study", "An animal, in deep blue if you can", "Surprise me, under 60 euros")
_MANY_WORDS = 8  # in a list attribute, before one of them makes a wish worth having
_MONEY = frozenset(("EUR", "USD", "GBP", "CHF", "€", "$", "£"))


def openers(catalogue: Catalogue) -> tuple[str, str, str]:
    """Three first messages that can be answered from this catalogue: a price or a decade, a common word, a mood."""
    if catalogue.name == "demo":
        return _PRINTS
    made = [told for spec in catalogue.schema if (told := _of(spec, catalogue))]
    first, second, third = [*made[:2], *_ALWAYS[: 3 - len(made[:2])]]
    return first, second, third


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
