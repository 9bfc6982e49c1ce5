"""Pointing at what was shown by what it shows: "that blue one", "the one with the owl"."""

import pytest

from agents.parsing import parse
from tests.said import FILMS, PRINTS, SHOWN_PRINTS
from tests.world import ITEMS, open_session, polite, talk

TOLD = {
    "p1": "Quiet Harbour. A woodcut of a sailing boat in deep blue. The mood is calm. price: 15 EUR",
    "p2": "After the Rain. A line drawing of an owl in black and white. The mood is gloomy, at night. price: 40 EUR",
    "p3": "Small Hours. A pop art print of a fox in deep blue. The mood is joyful. price: 85 EUR",
}


def read(message):
    return parse(message, PRINTS, shown=SHOWN_PRINTS, told=TOLD)


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("I like the one with the owl", "p2"),
        ("that fox one is lovely", "p3"),
        ("the dark one is nice", "p2"),
        ("the darker one, please", "p2"),
        ("I like the darkest print", "p2"),
        ("the calm one", "p1"),
        ("more like the owl", "p2"),
        ("the owl is great", "p2"),
        ("tell me about the sailing boat", "p1"),
        ("that joyful one, what does it cost?", "p3"),
        ("the one in black and white", "p2"),
        ("the cheapest one is nice", "p1"),
        ("I like the smallest one", "p1"),
        ("the newer print", "p3"),
    ],
)
def test_words_of_one_item_shown_point_at_it(message, wanted):
    parsed = read(message)
    assert [mention.item_id for mention in parsed.mentioned] == [wanted]
    assert parsed.unsure == ()


@pytest.mark.parametrize("message", ["that blue one", "I like the blue one", "the deep blue print is great"])
def test_words_of_several_leave_it_open_between_these(message):
    parsed = read(message)
    assert parsed.mentioned == ()
    [unsure] = parsed.unsure
    assert (unsure.why, unsure.item_ids) == ("shown", ("p1", "p3"))
    assert unsure.before + unsure.said + unsure.after == message


def test_words_that_fit_only_in_part_leave_it_open():
    [unsure] = read("the gloomy fox one").unsure
    assert set(unsure.item_ids) == {"p2", "p3"}


@pytest.mark.parametrize(
    "message",
    [
        "the other one", "the cheaper the better", "the best one", "the second one", "the price is fine", "a blue one",
        "do you have the whale?", "the moon is lovely", "I like the mood", "the print I bought", "the paper one",
        "the darkest print", "the cheapest, please",
    ],
)  # fmt: skip
def test_what_names_nothing_that_is_shown_points_at_nothing_by_it(message):
    parsed = read(message)
    assert parsed.unsure == ()
    assert all(mention.said == "the second one" for mention in parsed.mentioned)


@pytest.mark.parametrize("message", ["the one with the robots", "I like that space one"])
def test_one_that_none_of_them_answers_to_leaves_it_open_between_all(message):
    [unsure] = read(message).unsure
    assert (unsure.why, unsure.item_ids) == ("shown", SHOWN_PRINTS)


async def test_one_that_cannot_be_told_is_asked_for_instead_of_noted(session):
    first, _ = await talk(session, "ann", "show me something")
    asked, _ = await talk(session, "ann", "the one with the robots", thread_id=first.thread_id)
    assert asked.reply.startswith("I cannot tell which of these is “the one with the robots”. Do you mean ")
    assert len(asked.quick_replies) == len(first.slate) + 1
    assert session.services.log.of_user("ann", "prints") == []


def test_nothing_is_pointed_at_where_nothing_was_shown():
    assert parse("I like the one with the owl", PRINTS, told=TOLD).mentioned == ()


def test_what_is_pointed_at_is_judged_likened_and_compared_with():
    assert read("I like the one with the owl").likes == ("p2",)
    assert read("the fox is too dark").dislikes == ("p3",)
    assert [one.alike for one in read("more like the owl one").comparisons] == [("p2",)]
    assert [one.than for one in read("cheaper than the fox one").comparisons] == [("p3",)]


def test_that_a_film_is_a_kind_is_no_pointing_without_one():
    told = {"1": "Alien. Horror in space.", "4": "The Matrix. A virtual reality."}
    assert parse("the horror is great", FILMS, shown=("1", "4"), told=told).mentioned == ()


@pytest.fixture
async def session(tmp_path):
    session = open_session(
        tmp_path, answer=lambda prompt: "none" if "List what they wish for" in prompt else polite(prompt)
    )
    yield session
    await session.aclose()


async def test_where_two_answer_to_it_one_question_follows_whose_answers_are_the_message_with_a_title(session):
    first, _ = await talk(session, "ann", "show me something")
    subjects = [session.catalogue[card.item_id].text.removeprefix("It shows a ").rstrip(".") for card in first.slate]
    twice = [subject for subject in subjects if 1 < subjects.count(subject) < len(subjects)]
    assert twice, f"no subject tells some of these apart: {subjects}"
    asked, _ = await talk(session, "ann", f"I like the {twice[0]} one", thread_id=first.thread_id)
    assert asked.reply.startswith(f"Which one do you mean by “the {twice[0]} one”? ")
    wanted = [card.title for card, subject in zip(first.slate, subjects, strict=True) if subject == twice[0]]
    assert set(asked.quick_replies) == {f"I like “{title}”" for title in wanted}
    await talk(session, "ann", asked.quick_replies[1], thread_id=first.thread_id)
    liked = [one.item_id for one in session.services.log.of_user("ann", "prints") if one.kind == "like"]
    meant = [item.item_id for item in ITEMS if f"“{item.title}”" in asked.quick_replies[1]]
    assert liked == meant


@pytest.mark.parametrize(
    ("message", "wanted"),
    [("more like that one, cheaper", "p3"), ("something like that but less blue", "p3"), ("cheaper than it", "p3")],
)
def test_that_one_is_what_was_spoken_of_just_before(message, wanted):
    parsed = parse(message, PRINTS, shown=SHOWN_PRINTS, meant="p3")
    assert [mention.item_id for mention in parsed.mentioned] == [wanted]
    assert any(wanted in (*one.alike, *one.than) for one in parsed.comparisons)
    assert parse(message, PRINTS, shown=SHOWN_PRINTS).mentioned == ()


@pytest.mark.parametrize("message", ["I like it", "that is nice", "something like that film with owls", "is it calm?"])
def test_it_alone_is_not_pointing(message):
    assert parse(message, PRINTS, shown=SHOWN_PRINTS, meant="p3").mentioned == ()


async def test_what_a_message_was_about_is_meant_by_that_one_in_the_next_and_not_after(session):
    first, _ = await talk(session, "ann", "show me something")
    second = first.slate[1]
    await talk(session, "ann", "the second is lovely", thread_id=first.thread_id)
    result, _ = await talk(session, "ann", "more like that one", thread_id=first.thread_id)
    assert [list(one.about) for one in result.critiques] == [[second.item_id]]
    await talk(session, "ann", "something under 100 EUR", thread_id=first.thread_id)
    later, _ = await talk(session, "ann", "more like that one", thread_id=first.thread_id)
    assert [list(one.about) for one in later.critiques if one.likeness] == [
        [second.item_id]
    ]  # the critique of before, and no other
