"""Items in words, as a card shows them."""

from __future__ import annotations

from datetime import date

from catalog.items import AttributeValue, Catalogue, Item

ATTRIBUTES_SHOWN = 4
_WORDS_SHOWN = 3  # of a list


def attribute_line(catalogue: Catalogue, item: Item) -> str:
    """The first attributes of an item with their units: `45 EUR · 30 cm · 1987`."""
    told: list[str] = []
    for spec in catalogue.schema:
        value = item.attributes.get(spec.name)
        if value is not None and value != () and len(told) < ATTRIBUTES_SHOWN:
            told.append(f"{_words(value)} {'' if spec.unit == 'year' else spec.unit}".strip())
    return " · ".join(told)


def _words(value: AttributeValue) -> str:
    match value:
        case tuple():
            return ", ".join(value[:_WORDS_SHOWN])
        case float():
            return f"{value:g}"
        case date():
            return value.isoformat()
    return value
