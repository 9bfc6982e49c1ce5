"""What a message is though it names nothing: small talk, a verdict, a change of what is shown, a choice handed over."""

import pytest

from agents.parsing import parse
from agents.parsing.index import index_of
from agents.parsing.phatic import asks_own_taste, is_small_talk
from agents.parsing.spelling import mended
from agents.parsing.stances import corrects_taste, is_a_name, is_verdict
from tests.said import FILMS, PRINTS, SHOWN_PRINTS

SMALL_TALK = [
    "hang on a sec", "hnag on", "one moment, please", "ha ha, very funny", "good evening to you", "thanx a lot",
    "ok, see you tomorrow then", "you are very patient", "is this a robot?", "What is this?", "who is behind this?",
    "how does this work?", "cool", "maybe later", "I'm a bit tired today", "what a long week", "thanks for your advice",
    "hello again, how are you today?", "have a quiet weekend",
]  # fmt: skip
VERDICTS = ["Luv it", "so pretty!", "wow, lovely", "not my cup of tea", "ugly", "really not for me", "adore it"]
CHANGES = [
    "leave out the owls", "drop the second one", "keep the first, swap the rest", "others?", "show me others",
    "different ones please", "nothing like these, please", "tone down the pink",
]  # fmt: skip
HANDED_OVER = [
    "you choose", "it's up to you", "your call", "my uncle retires soon, help", "what would you hang in a kitchen?",
    "which one goes with an oak table?", "surprise us", "any good ideas?", "what's popular?",
]  # fmt: skip
QUESTIONS = ["how come you picked it?", "what mood is it?", "I wonder what it costs", "what does the second show?"]
CORRECTIONS = [
    "velvet was never my thing", "pears are not for me", "from now on more moons", "remember: no mice",
    "I used to love owls but not now", "teapots make me nervous", "your notes about me are wrong",
]  # fmt: skip


def read(message: str, shown: tuple[str, ...] = SHOWN_PRINTS) -> str | None:
    return parse(message, PRINTS, shown=shown).intent_hint


@pytest.mark.parametrize(
    ("messages", "intent"),
    [
        (SMALL_TALK, "small_talk"), (VERDICTS, "feedback"), (CHANGES, "critique"), (HANDED_OVER, "recommend"),
        (QUESTIONS, "question"), (CORRECTIONS, "correct_taste"),
    ],
)  # fmt: skip
def test_it_is_told_by_its_words_alone_after_something_was_shown(messages: list[str], intent: str) -> None:
    assert {message: read(message) for message in messages} == dict.fromkeys(messages, intent)


@pytest.mark.parametrize(
    "message",
    [
        "hello, a calm fox please", "thanks, now something blue", "do you have owls?", "good morning, owls",
        "a quiet week",
        "you are wrong, I like horror", "is it gloomy?", "fine art", "how much is it?", "I'm back, show me foxes",
    ],
)  # fmt: skip
def test_what_says_more_than_small_talk_is_none(message: str) -> None:
    assert read(message) != "small_talk"


@pytest.mark.parametrize("message", ["tone down the pink", "anything but an owl", "keep the first"])
def test_nothing_can_be_changed_where_nothing_was_shown(message: str) -> None:
    assert read(message, ()) != "critique"


@pytest.mark.parametrize("message", ["a lovely owl", "love it or hate it, owls sell", "good morning", "nice weather"])
def test_what_names_more_than_a_judgement_is_no_verdict(message: str) -> None:
    assert not is_verdict(message)


@pytest.mark.parametrize(("message", "points"), [("the second is not for me", True), ("it bores me", False)])
def test_a_word_about_what_is_shown_corrects_no_taste(message: str, points: bool) -> None:
    assert not corrects_taste(message, points=points)


@pytest.mark.parametrize(
    ("message", "intent"),
    [
        ("I could do with a dreamy whale under 60 euros", "recommend"),
        ("as a present, a moon on washi paper", "recommend"),
        ("under 60 euros", "critique"),
        ("the same under 60 euros", "critique"),
        ("on washi paper please", "critique"),
    ],
)
def test_a_whole_request_with_conditions_asks_anew_and_conditions_alone_change_what_is_shown(
    message: str, intent: str
) -> None:
    assert read(message) == intent


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("hnag", "hang"),
        ("plaese", "please"),
        ("recomend", "recommend"),
        ("luv", "love"),
        ("alien", "alien"),
        ("fxo", "fxo"),
    ],
)
def test_slips_in_ordinary_words_are_mended_and_nothing_else(word: str, meant: str) -> None:
    assert mended(word, index_of(FILMS).words) == meant


def test_a_word_of_the_catalogue_is_none_that_was_misspelt() -> None:
    assert mended("hnag", {"hnag"}) == "hnag"


@pytest.mark.parametrize(("message", "place"), [("the frist one is nice", 0), ("I love the middle one", 1)])
def test_a_place_is_known_by_other_words_and_with_a_slip(message: str, place: int) -> None:
    shown = SHOWN_PRINTS[:3]
    assert parse(message, PRINTS, shown=shown).likes == (shown[place],)


def test_a_title_as_the_catalogue_writes_it_is_one_whatever_its_words_compare() -> None:
    parsed = parse("do you frame The Long Way Home?", PRINTS, shown=SHOWN_PRINTS)
    assert [mention.item_id for mention in parsed.mentioned] == ["p4"]
    assert parsed.comparisons == ()


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece",
    ["ok ", "ha ", "later soon ", "how are you ", "thanks for a b ", "you are so very ", "do you know ", "what is "],
)
def test_a_message_of_a_thousand_pieces_is_read_at_once(piece):
    """However often a piece is said, and though the last word is none: trying every way to part it would never end."""
    is_small_talk(piece * 1000 + "zz")
    asks_own_taste(piece * 1000 + "zz")
    corrects_taste(piece * 1000 + "zz", points=False)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a boat at night", True), ("Some birds by the sea", True), ("an owl under the moon.", True),
        ("a fox has been here", False), ("some other time", False), ("a bit more of it", False), ("owls", False),
        ("a fox for me", False), ("a fox?", False),
    ],
)  # fmt: skip
def test_a_name_is_of_nobody_and_of_nothing_shown(text, names):
    assert is_a_name(text) is names
