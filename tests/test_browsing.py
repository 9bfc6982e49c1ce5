"""Looking through a catalogue: exact filters from its own schema, and words wherever they stand."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.browsing import MANY_VALUES, browse, facets
from catalog.items import AttributeSpec, Catalogue, Item
from catalog.wording import attribute_line

PRICE = AttributeSpec(name="price", kind="number", label="price", unit="EUR")
MADE = AttributeSpec(name="made", kind="date", label="made")
PAPER = AttributeSpec(name="paper", kind="list", label="paper")
MAKER = AttributeSpec(name="maker", kind="text")


def item(number: int, title: str = "", text: str = "", **attributes) -> Item:
    return Item(item_id=f"i{number}", title=title or f"Title {number}", text=text, attributes=attributes)


def ids(items) -> list[str]:
    return [one.item_id for one in items]


def test_facets_are_ranges_and_values_that_tell_items_apart():
    catalogue = Catalogue(
        "c",
        (PRICE, MADE, PAPER, MAKER),
        (
            item(1, price=19.5, made=date(1981, 5, 1), paper=("washi", "hemp"), maker="Ada"),
            item(2, price=80.2, made=date(1999, 1, 1), paper=("washi",), maker="Ada"),
            item(3),
        ),
    )
    price, made, paper = facets(catalogue)
    assert (price.low, price.high, price.label) == (19, 81, "price, EUR")
    assert (made.low, made.high) == (1981, 1999)
    assert paper.words == ("washi", "hemp")
    assert ids(browse(catalogue, "", price.within(20, 81))) == ["i2"]
    assert ids(browse(catalogue, "", price.within(19, 81))) == ["i1", "i2", "i3"], "a bound at the end is none"
    assert ids(browse(catalogue, "", made.within(1981, 1990))) == ["i1"]
    assert ids(browse(catalogue, "", paper.any_of(["hemp", "linen"]))) == ["i1"]
    assert paper.any_of([]) == []


def test_what_has_too_many_values_is_searched_and_not_chosen_from():
    many = Catalogue("c", (MAKER,), (item(n, maker=f"maker {n}") for n in range(MANY_VALUES + 1)))
    assert facets(many) == []
    assert ids(browse(many, "maker 40", ())) == ["i40"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("fox", ["i2", "i1", "i3"]),  # the one that is called so first, then catalogue order
        ("FO", ["i2", "i1", "i3"]),
        ("fox, snow!", ["i1"]),
        ("washi", ["i3"]),
        ("1987", ["i2"]),
        ("ox", []),
        ("   ", ["i1", "i2", "i3"]),
    ],
)
def test_every_word_must_begin_a_word_of_title_text_attributes_or_summary(words, found):
    catalogue = Catalogue(
        "c",
        (),
        (item(1, text="A fox in snow."), item(2, "Fox at last", year=1987.0), item(3, paper=("washi",))),
    )
    assert ids(browse(catalogue, words, (), {"i3": "A linocut of a fox."})) == found


@given(st.lists(st.floats(0, 500), min_size=2, max_size=8), st.integers(0, 500), st.integers(0, 500))
def test_a_range_keeps_exactly_what_lies_in_it(prices, one, other):
    catalogue = Catalogue("c", (PRICE,), (item(n, price=price) for n, price in enumerate(prices)))
    low, high = min(one, other), max(one, other)
    for facet in facets(catalogue):
        kept = ids(browse(catalogue, "", facet.within(max(low, facet.low), min(high, facet.high))))
        assert kept == [
            f"i{n}" for n, price in enumerate(prices) if max(low, facet.low) <= price <= min(high, facet.high)
        ]


def test_attributes_are_told_with_their_units():
    year = AttributeSpec(name="year", kind="number", unit="year")
    catalogue = Catalogue("c", (PRICE, year), ())
    assert attribute_line(catalogue, item(1, price=45.0, year=1987.0)) == "45 EUR · 1987"
