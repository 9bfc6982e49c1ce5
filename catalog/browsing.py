"""Looking through a catalogue without any model: what may be filtered by, and what a search finds."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import compress

from catalog.filters import Filter
from catalog.items import AttributeSpec, AttributeValue, Catalogue, Item

MANY_VALUES = 40  # a text attribute with more is searched, not chosen from


@dataclass(frozen=True)
class Facet:
    """An attribute that a catalogue can be filtered by.

    low, high: of a number, or the years of a date, whole numbers with all values between them; None for words.
    words: the values to choose from, the most frequent first; empty for a range.
    """

    spec: AttributeSpec
    low: int | None = None
    high: int | None = None
    words: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What people call it, with its unit: `price, EUR`."""
        name = self.spec.label or self.spec.name
        return f"{name}, {self.spec.unit}" if self.spec.unit and self.spec.unit != name else name

    def within(self, low: float, high: float) -> list[Filter]:
        """The filters for a range. A bound at the end of the facet's own is none, so items without a value stay."""
        told = []
        if self.low is not None and low > self.low:
            told.append(Filter(attribute=self.spec.name, op="at_least", value=float(low)))
        if self.high is not None and high < self.high:
            told.append(Filter(attribute=self.spec.name, op="at_most", value=float(high)))
        return told

    def any_of(self, words: Sequence[str]) -> list[Filter]:
        """The filter for one of several values; none for no value."""
        return [Filter(attribute=self.spec.name, op="any_of", value=tuple(words))] if words else []


def facets(catalogue: Catalogue) -> list[Facet]:
    """What the catalogue can be filtered by, in the order of its schema; nothing that all items share."""
    found = []
    for spec in catalogue.schema:
        values = [item.attributes[spec.name] for item in catalogue if spec.name in item.attributes]
        if spec.kind in ("number", "date"):
            numbers = [float(value.year) if isinstance(value, date) else value for value in values]
            known = [number for number in numbers if isinstance(number, float) and math.isfinite(number)]
            if known and min(known) < max(known):
                found.append(Facet(spec, math.floor(min(known)), math.ceil(max(known))))
            continue
        counts = Counter(word for value in values for word in (value if isinstance(value, tuple) else (str(value),)))
        if 1 < len(counts) <= MANY_VALUES:
            found.append(Facet(spec, words=tuple(sorted(counts, key=lambda word: (-counts[word], word)))))
    return found


def browse(
    catalogue: Catalogue, words: str, filters: Iterable[Filter], summaries: Mapping[str, str] | None = None
) -> list[Item]:
    """The items that meet every filter and in which every word begins some word, those with it in the title first.

    Searched are title, text, attributes and summary. summaries: item id → what a model wrote of it.
    """
    import numpy as np

    met = np.ones(len(catalogue), dtype=np.bool_)
    for condition in filters:
        met &= catalogue.meeting(condition)
    items, wanted = list(compress(catalogue, met.tolist())), _words(words)
    if not wanted:
        return items
    ranked = []
    for item in items:
        title = _words(item.title)
        told = [*title, *_words(item.text), *_attribute_words(item), *_words((summaries or {}).get(item.item_id, ""))]
        if all(any(word.startswith(begun) for word in told) for begun in wanted):
            in_title = all(any(word.startswith(begun) for word in title) for begun in wanted)
            ranked.append((not in_title, item))
    return [item for _, item in sorted(ranked, key=lambda one: one[0])]


def _attribute_words(item: Item) -> list[str]:
    return [word for value in item.attributes.values() for word in _words(_as_text(value))]


def _as_text(value: AttributeValue) -> str:
    match value:
        case tuple():
            return " ".join(value)
        case float():
            return f"{value:.15g}"
        case date():
            return value.isoformat()
    return value


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
