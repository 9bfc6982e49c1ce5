"""What someone new may say first: three wishes that this catalogue can meet."""

from __future__ import annotations

import pytest

from catalog.items import AttributeSpec, Catalogue, Item
from catalog.openers import openers

PRICE = AttributeSpec(name="price", kind="number", label="price", unit="EUR")
YEAR = AttributeSpec(name="year", kind="number", unit="year")
GENRES = AttributeSpec(name="genres", kind="list")


def catalogue(*schema: AttributeSpec, count: int = 9) -> Catalogue:
    genres = [f"Genre {n}" for n in range(count)]
    items = (
        Item(item_id=f"i{n}", title=f"T{n}", attributes={"price": 30.0 + n, "year": 1980.0 + n, "genres": (genres[n],)})
        for n in range(count)
    )
    return Catalogue("c", schema, items)


def test_a_price_what_a_picture_shows_and_a_decade_come_before_anything_general():
    shows = {"i4": "A linocut of two herons, in ochre.", "i0": "A fox in snow."}
    assert openers(catalogue(PRICE, YEAR, GENRES), shows) == (
        "Something I will not tire of, under 40 EUR",
        "I am in the mood for a linocut of two herons",
        "Something from the 1980s",
    )


@pytest.mark.parametrize(
    "summary",
    [
        "",
        "This poster shows a fox.",
        "A",
        "A <script>alert(1)</script>",
        "A 1990 film of war",
        "a fox in the snow",
        "A fox",
    ],
)
def test_a_summary_that_makes_no_wish_is_passed_over(summary):
    told = openers(catalogue(PRICE, YEAR, GENRES), {"i4": summary})
    assert told[1:] == ("Something from the 1980s", "I am in the mood for genre 0")


def test_there_are_always_three_and_never_the_same_twice():
    for made in (Catalogue("empty", (), ()), catalogue(PRICE), catalogue(PRICE, PRICE), catalogue()):
        assert len(set(openers(made))) == 3
