"""What somebody asks for in so many words is not lost on a model that overhears it."""

import pytest

from agents.leftovers import left_over, named_beside
from agents.parsing.spelling import spelled

SHOWN = [
    f"a {style} print of {subject} in {palette}. the mood is {mood}, the subject centred."
    for style in ("woodcut", "line drawing", "pop art")
    for subject in ("a fox", "an owl", "a sailing boat", "a glass")
    for palette in ("deep blue", "black and white", "neon")
    for mood in ("calm", "joyful", "gloomy")
]


@pytest.mark.parametrize(
    ("request_", "wishes", "missed"),
    [
        ("a calm print with a fox", ["calm"], ("fox",)),
        ("a woodcut of an owl in deep blue", ["woodcut", "owl"], ("deep blue",)),
        ("joyful foxes, please", ["joyful"], ("fox",)),
        ("something gloomy in black and white for my hallway", ["gloomy"], ("black and white",)),
        ("glasses in neon", [], ("glass", "neon")),
        ("sailing boats", [], ("sailing boat",)),
        ("two owls", ["owl"], ()),
        ("something nice for my study", [], ()),
        ("the mood of the subject of a print", [], ()),  # which all of them have
        ("", [], ()),
    ],
)
def test_what_pictures_show_and_no_wish_names_is_found_in_its_order(request_, wishes, missed):
    assert left_over(request_, wishes, SHOWN) == missed


@pytest.mark.parametrize("request_", ["no foxes please", "anything but an owl", "calm, but not in neon"])
def test_what_is_turned_away_from_is_not_wished_for(request_):
    assert left_over(request_, ["calm"], SHOWN) == ()


def test_without_summaries_nothing_is_known_to_be_shown():
    assert left_over("a calm print with a fox", [], []) == ()


@pytest.mark.parametrize(
    ("request_", "wishes", "missed"),
    [
        ("birds and gardens", ["gardens"], ("birds",)),
        ("roses or tulips for my aunt", ["roses"], ("tulips",)),
        ("birds and gardens", ["birds and gardens"], ()),
        ("no birds and gardens", ["gardens"], ()),
        ("gardens and something", ["gardens"], ()),
        ("gardens, I have birds", ["gardens"], ()),
    ],
)
def test_what_is_named_in_one_breath_with_a_wish_is_wished_for_too(request_, wishes, missed):
    assert named_beside(request_, wishes) == missed


@pytest.mark.parametrize(
    ("request_", "written"),
    [
        ("a sailign boat", "a sailing boat"),
        ("Woodcutt of an owl", "woodcut of an owl"),
        ("a horse in gloom", "a horse in gloom"),
        ("woodcuts", "woodcuts"),
        ("subjct in woodland", "subject in woodland"),
    ],
)
def test_a_slip_in_what_pictures_show_is_written_as_they_write_it_and_no_other_word_is(request_, written):
    assert spelled(request_, [*SHOWN, "a house in gloomy light."]) == written
