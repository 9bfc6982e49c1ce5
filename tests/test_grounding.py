"""Names meet the catalogue: one that several items answer to is asked about, and the answer leads to its like."""

import pytest

from agents.parsing import parse
from catalog.items import Item
from tests.test_critiques import no_wishes, said
from tests.test_parsing import FILMS
from tests.world import ITEMS, open_session

SERIES = tuple(
    Item(item_id=f"s{n}", title=f"Star Wars: Part {n}", text="Space.", attributes={"year": 1977.0 + n, "price": 10.0})
    for n in range(5)
)
TWICE = tuple(
    Item(item_id=f"b{year}", title="Batman", text="A bat.", attributes={"year": float(year), "price": 10.0})
    for year in (1966, 1989)
)


@pytest.fixture
async def session(tmp_path):
    session = open_session(tmp_path, items=(*ITEMS, *SERIES, *TWICE), answer=no_wishes)
    yield session
    await session.aclose()


@pytest.mark.parametrize("message", ["something like star wars", "anything similar to Star Wars?", "Star Wars"])
async def test_a_name_of_several_is_asked_about_with_the_items_to_choose_from(session, message):
    [result] = await said(session, message)
    assert result.slate == ()
    assert result.reply.startswith("Which “")
    assert len(result.quick_replies) == 4
    assert all("Star Wars: Part" in one for one in result.quick_replies)


async def test_the_answer_leads_to_items_like_the_one_that_was_meant(session):
    asked, answered = await said(session, "something like batman", "Something like Batman (1989)")
    assert asked.quick_replies == ("Something like Batman (1966)", "Something like Batman (1989)")
    assert [one.about for one in answered.critiques] == [("b1989",)]
    assert answered.slate
    assert "b1989" not in [card.item_id for card in answered.slate]


async def test_a_name_that_is_still_unclear_is_not_asked_about_twice(session):
    results = await said(session, "something like star wars", "star wars!")
    assert results[1].quick_replies == ()
    assert not results[1].reply.startswith("Which “")


async def test_a_name_of_one_item_is_not_asked_about(session):
    [result] = await said(session, "something like Quiet Hour 4")
    assert result.slate
    assert result.quick_replies == ()


def test_a_name_said_in_passing_is_not_asked_about():
    assert parse("I saw Batman last night and want a comedy", FILMS).unsure == ()
    assert parse("Batman (1989)", FILMS).unsure == ()
    assert parse("Batman", FILMS).unsure[0].item_ids == ("8", "9")


async def test_who_made_it_is_said_to_be_unknown_where_the_catalogue_is_silent(session):
    first, who = await said(session, "show me something", "who directed the first one?")
    assert who.reply == f"{first.slate[0].title}: the catalogue does not give the director."
