"""What an item is said to have in common with what somebody showed."""

import pytest

from agents.evidence import likeness

VIEWS = {
    "a": "A woodcut print of a whale in deep blue. The mood is calm.",
    "b": "A pop art print of a fox in deep blue. The mood is joyful.",
    "c": "A pop art print of a house in neon. The mood is calm.",
    "d": "A line drawing print of a teapot in warm earth. The mood is gloomy.",
}
SHOWN = "A woodcut print of a whale in deep blue. The mood is dreamy."


def told(item_id, shown=SHOWN):
    return [one.text for one in likeness(VIEWS[item_id], shown, [*VIEWS.values()])]


@pytest.mark.parametrize(("item_id", "words"), [("a", ["woodcut, whale, deep blue"]), ("b", ["deep blue"])])
def test_it_is_what_both_show_in_their_order_and_phrases_stay_whole(item_id, words):
    assert told(item_id) == words


def test_what_nearly_everything_shows_is_not_told():
    assert told("d") == []  # a print with a mood, as all are


def test_what_only_one_of_them_shows_is_not_told():
    assert told("c") == []
    assert told("a", "A fox.") == []


ALIEN = "A crew in space. genres: Horror, Sci-Fi. keywords: aliens, oscar (best effects), space ship. user tags: alien"
OTHERS = [
    "genres: Drama. keywords: love",
    "genres: Comedy. keywords: school",
    "genres: War. keywords: oscar (best sound)",
]


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("genres: Sci-Fi, War. keywords: aliens, robots", ["sci-fi, aliens"]),
        ("genres: Romance. keywords: oscar (best actress), science, sci-fi comedy", []),  # no value in pieces
        ("genres: Drama. keywords: shipping", []),
    ],
)
def test_listed_values_are_shared_whole_or_not_at_all(view, words):
    assert [one.text for one in likeness(view, ALIEN, OTHERS)] == words


def test_prose_is_still_compared_word_by_word_beside_lists():
    assert [one.text for one in likeness("A crew is lost. genres: War", ALIEN, OTHERS)] == ["crew"]
