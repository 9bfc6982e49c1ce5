"""What the catalogue says of an item, in the words that answers quote."""

import pytest

from agents.context import attribute_lines, told_attributes
from catalog.items import AttributeSpec, Catalogue, Item


def catalogue_of(spec: AttributeSpec, value: object) -> tuple[Catalogue, Item]:
    item = Item(item_id="a", title="Harbour", attributes={spec.name: value})
    return Catalogue("shop", (spec,), (item,)), item


@pytest.mark.parametrize(
    ("spec", "value", "line"),
    [
        (AttributeSpec(name="year", kind="number", unit="year"), 1987.0, "year: 1987"),
        (AttributeSpec(name="made", kind="number", label="Year", unit="year"), 1987.0, "Year: 1987"),
        (AttributeSpec(name="price", kind="number", label="price", unit="EUR"), 45.5, "price: 45.5 EUR"),
        (AttributeSpec(name="votes", kind="number", label="votes"), 1234567.0, "votes: 1234567"),
        (AttributeSpec(name="genres", kind="list", label="genre"), ("Drama", "Horror"), "genre: Drama, Horror"),
    ],
)
def test_an_attribute_is_quoted_with_every_digit_and_a_unit_only_where_it_says_more(spec, value, line):
    assert attribute_lines(*catalogue_of(spec, value)) == line


def test_an_attribute_an_item_does_not_have_is_not_told():
    catalogue, _ = catalogue_of(AttributeSpec(name="price", kind="number"), 4.0)
    assert told_attributes(catalogue, Item(item_id="b", title="Gate")) == []
