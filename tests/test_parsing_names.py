"""Items named and pointed at in a message, and what is said of them."""

from __future__ import annotations

import pytest

from agents.parsing import parse
from tests.said import FILMS, PRINTS, SHOWN_FILMS, SHOWN_PRINTS

NAMES = [
    ("something like Alien", "1"),
    ("more like toy story please", "3"),
    ("Do you have The Matirx?", "4"),
    ("I loved the silence of the lambs", "7"),
    ("The Matrix was great", "4"),
    ("matrix", "4"),
    ("like 'Up'", "5"),
    ("like Up", "5"),
    ("show me what's up", ""),
    ("I liked it", ""),
    ("is it good?", ""),
    ('"It" scared me', "6"),
    ("have you seen It?", "6"),
    ("something like Alien 3", "21"),
    ("I love aliens", ""),
    ("I love Aliens", "2"),
    ("silense of the lambs was good", ""),
    ("I loved silense of the lambs", "7"),
    ("something like The Matirx", "4"),
    ('"Silense of the Lams"', "7"),
    ("Batman (1966)", "9"),
    ("Batman from 1989", "8"),
    ("like Batman", "8 9"),
    ("like Batman (1966), but darker", "9"),
    ("Singin' in the rain", "10"),
    ("Se7en", "12"),
    ("Seven", "12"),
    ("I loved Seven", "12"),
    ("seven friends are coming", ""),
    ("The Umbrellas of Cherbourg", "13"),
    ("Parapluies de Cherbourg", "13"),
    ("les parapluies de cherbourg", "13"),
    ("Leon: the professional", "15"),
    ("the others please", ""),
    ("I loved The Others", "20"),
    ("Toy Story and The Matrix", "3 4"),
    ("Toy Story, The Matrix and Alien are my favourites", "3 4 1"),
    ("a love story", ""),
    ('I liked "Love Story"', "19"),
    ("something from 1984", ""),
    ('like "1984"', "14"),
    ("something up to date", ""),
    ("SOMETHING LIKE TOY STORY", "3"),
    ("What Is The Matrix About", "4"),
    ("an alien film", ""),
    ("old and silent", ""),
    ("Old Silent", "22"),
    ("I watched Saving Private Ryan yesterday", "16"),
]


JUDGEMENTS = [
    ("I love the first one, the third is too gloomy", "1", "7"),
    ("the first is ugly, the third is great", "7", "1"),
    ("Alien, Aliens and Toy Story are my favourites", "1 2 3", ""),
    ("I liked the first, not the third", "1", "7"),
    ("I liked the first but not the third", "1", "7"),
    ("love Alien", "1", ""),
    ("not a fan of 2", "", "4"),
    ("the second is great", "4", ""),
    ("the first one is ugly", "", "1"),
    ("the third was too dark", "", "7"),
    ("I didn't like the second one", "", "4"),
    ("I like 1 and 3", "1 7", ""),
    ("loved the first two", "1 4", ""),
    ("I hate all of them", "", "1 4 7 10"),
    ("none of them is good", "", "1 4 7 10"),
    ("I don't like any of these", "", "1 4 7 10"),
    ("we didn't really love either of them", "", "1 4 7 10"),
    ("I'd take any of these", "", ""),
    ("yes to the second, no to the first", "4", "1"),
    ("👍 2", "4", ""),
    ("more like the second", "", ""),
    ("something like Alien", "", ""),
    ("I'd like the second one", "", ""),
    ("I would love something like Alien", "", ""),
    ("do you like Alien?", "", ""),
    ("I can't stand the last one", "", "10"),
    ("I loved Alien and The Matrix", "1 4", ""),
    ("I loved Alien. Something like The Matrix?", "1", ""),
    ("I liked Alien but hated The Matrix", "1", "4"),
    ("liked the 2nd", "4", ""),
    ("dislike number 3", "", "7"),
    ("Alien wasn't good", "", "1"),
    ("Alien was amazing", "1", ""),
    ("I like the first and third", "1 7", ""),
    ("not the third", "", "7"),
    ("like Batman", "", ""),
    ("I love Batman", "", ""),
    ("I never liked Alien", "", "1"),
    ("I really enjoyed the silence of the lambs", "7", ""),
    ("is the second one good?", "", ""),
    ("I liked the first. The third is boring", "1", "7"),
    ("all of them are great", "1 4 7 10", ""),
    ("The first one bored me", "", "1"),
    ("I don't like 1 or 2", "", "1 4"),
    ("keep the second", "4", ""),
    ("I'm not into the second one", "", "4"),
    ("I loved the first, the others not", "1", ""),
    ("the fifth is great", "", ""),
]


@pytest.mark.parametrize(
    ("message", "seen"),
    [
        ("we have seen Alien and Toy Story", ("1", "3")),
        ("I already watched The Matrix", ("4",)),
        ("I've seen the second", ("4",)),
        ("have you seen Alien?", ()),
        ("I have not seen Alien", ()),
        ("I saw Alien and loved it", ("1",)),
        ("something like Alien", ()),
        ("I liked Alien, and something I have not seen", ()),
    ],
)
def test_what_people_know_already_is_read(message: str, seen: tuple[str, ...]) -> None:
    assert parse(message, FILMS, shown=SHOWN_FILMS).seen == seen


@pytest.mark.parametrize(("message", "wanted"), NAMES)
def test_items_are_known_by_their_names_and_common_words_are_not_taken_for_one(message: str, wanted: str) -> None:
    assert " ".join(mention.item_id for mention in parse(message, FILMS).mentioned) == wanted


@pytest.mark.parametrize(("message", "likes", "dislikes"), JUDGEMENTS)
def test_a_judgement_falls_on_the_items_it_names(message: str, likes: str, dislikes: str) -> None:
    parsed = parse(message, FILMS, shown=SHOWN_FILMS)
    assert (" ".join(parsed.likes), " ".join(parsed.dislikes)) == (likes, dislikes)


def test_places_mean_the_list_that_was_shown_and_nothing_without_one() -> None:
    said = "I liked the second one"
    assert [m.item_id for m in parse(said, FILMS, shown=SHOWN_FILMS).mentioned] == ["4"]
    assert [m.item_id for m in parse(said, FILMS, shown=("10", "1")).mentioned] == ["1"]
    assert parse(said, FILMS).mentioned == ()
    assert parse("I liked the ninth one", FILMS, shown=SHOWN_FILMS).likes == ()


def test_a_place_beyond_the_catalogue_points_at_nothing() -> None:
    assert parse("I liked the first one", FILMS, shown=("gone",)).mentioned == ()


def test_a_title_of_several_items_is_mentioned_once_for_each_and_judged_for_none() -> None:
    parsed = parse("I love Batman", FILMS)
    assert [(m.item_id, m.score) for m in parsed.mentioned] == [("8", 0.5), ("9", 0.5)]
    assert parsed.likes == ()
    assert parse("I love Batman", FILMS, shown=("9",)).likes == ("9",)
    assert parse("I love Batman (1966)", FILMS).likes == ("9",)


@pytest.mark.parametrize(
    ("message", "wanted"),
    [("is the second expensive?", "p2"), ("was the first or", "p1"), ("is the second world war in it?", "")],
)
def test_a_question_points_at_a_place(message: str, wanted: str) -> None:
    assert " ".join(one.item_id for one in parse(message, PRINTS, shown=SHOWN_PRINTS).mentioned) == wanted
