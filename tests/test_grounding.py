"""Names meet the catalogue: one that several items answer to is asked about, and the answer leads to its like."""

import pytest

from agents.parsing import parse
from agents.wishes import wish_text
from catalog.items import Item
from tests.said import FILMS
from tests.test_critiques import no_wishes, said
from tests.world import ITEMS, open_session, talk

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


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("something like Moonlit Garden Batman", "Moonlit Garden Batman"),
        ("films like Everything Everywhere All at Once", "Everything Everywhere All at Once"),
        ('something like "The Lighthouse"', "The Lighthouse"),
        ("Have you heard of Parasite?", "Parasite"),
        ("something like parasite (2019), please", "parasite (2019)"),
        ("something like Alien 2049", "Alien 2049"),
        ("a film called Zardoz", "Zardoz"),
    ],
)
def test_a_name_that_no_item_has_is_known_for_one_and_is_no_wish(message, said):
    parsed = parse(message, FILMS)
    assert parsed.unknown == (said,)
    assert parsed.mentioned == ()
    assert wish_text(parsed.residual) == ""


@pytest.mark.parametrize(
    "message",
    [
        "something like a rainy evening", "something like dreams", "I love Tarantino movies", "films from France",
        "something like Horror", "I want Christmas movies", "Show me something Good", "something for Anna", "I like it",
        "SOMETHING LIKE A DREAM", "do you have any horror?", "looking for a comedy",
    ],
)  # fmt: skip
def test_what_is_no_name_is_not_taken_for_an_unknown_one(message):
    parsed = parse(message, FILMS)
    assert (parsed.unknown, parsed.unsure) == ((), ())


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("something like Alein Tre", ()),
        ("unforgivin", ("17",)),
        ("do you have unforgivin", ("17",)),
        ("something like Savin Private Brian", ("16",)),
        ("something like Alien (1997)", ("1",)),
        ("something like Toy Story: The Return", ("3",)),
    ],
)
def test_a_name_that_is_only_near_a_title_is_asked_about_and_not_taken(message, wanted):
    parsed = parse(message, FILMS)
    assert parsed.mentioned == ()
    near = [one for one in parsed.unsure if one.why == "near"]
    assert tuple(item_id for one in near for item_id in one.item_ids) == wanted


async def test_a_near_miss_is_confirmed_and_the_answer_leads_to_it(session):
    [asked] = await said(session, "something like Quiet Houses 4")
    assert asked.slate == ()
    assert asked.reply.startswith("“Quiet Houses 4” is not in the catalogue. Did you mean")
    assert "something like “Quiet Hour 4”" in asked.quick_replies
    answered, _ = await talk(session, "ann", "something like “Quiet Hour 4”", thread_id=asked.thread_id)
    assert [one.about for one in answered.critiques] == [("i04",)]


async def test_an_unknown_name_alone_is_said_to_be_unknown_instead_of_wished_for(session):
    asked, then = await said(session, "something like Zardoz", "Zardoz, as I said")
    assert asked.slate == ()
    assert asked.reply.startswith("“Zardoz” is not in the catalogue.")
    assert then.reply.count("?") == 0  # never a second question in a row


async def test_what_else_is_asked_for_beside_an_unknown_name_is_met(session):
    [result] = await said(session, "something like Zardoz, under 60 EUR")
    assert result.reply.startswith("“Zardoz” is not in the catalogue. ")
    assert result.slate
    assert all(session.catalogue[card.item_id].attributes["price"] < 60 for card in result.slate)
    assert session.services.log.of_user("ann", "prints") == []  # nor is it remembered as a wish
    [later] = (await said(session, "hello"))[-1:]
    assert "Zardoz" not in later.reply


async def test_a_title_alone_is_told_about_and_offered_to_lead_on(session):
    [result] = await said(session, "Quiet Hour 4")
    assert result.slate == ()
    assert result.quick_replies == ("Something like “Quiet Hour 4”", "I like “Quiet Hour 4”")


@pytest.mark.parametrize(("pick", "wanted"), [("the first", "9"), ("the original one", "9"), ("the last", "8")])
def test_one_of_a_series_is_picked_by_its_year(pick, wanted):
    parsed = parse(f"Batman, {pick}", FILMS, shown=("1", "4"))
    assert [mention.item_id for mention in parsed.mentioned] == [wanted]


async def test_what_people_say_they_know_is_not_shown_again_and_others_are(session):
    first = (await said(session, "show me something"))[0]
    known = [item.title for item in ITEMS if item.item_id not in [card.item_id for card in first.slate]][:2]
    others, _ = await talk(session, "ann", f"I have seen {known[0]} and {known[1]}", thread_id=first.thread_id)
    assert others.slate
    more, _ = await talk(session, "ann", "show me more", thread_id=first.thread_id)
    shown = [card.title for result in (others, more) for card in result.slate]
    assert not set(shown) & {*known, *(card.title for card in first.slate)}
