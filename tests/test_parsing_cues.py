"""What a message is by its cues: a request, a comparison, something taken back, others wanted."""

from __future__ import annotations

import pytest

from agents.parsing import parse
from agents.wishes import wish_text
from tests.said import FILMS, PRINTS, SHOWN_FILMS, SHOWN_PRINTS

NEW = [
    ("something new", True),
    ("not that again", True),
    ("show me something else", True),
    ("I've seen those", True),
    ("others please", True),
    ("new films", False),
    ("something from the new wave", False),
    ("newer", False),
    ("I haven't seen any of these", True),
]


HINTS = [
    ("hello", "small_talk"),
    ("Thanks!", "small_talk"),
    ("thank you, bye", "small_talk"),
    ("what is Alien about?", "question"),
    ("what year is the second from?", "question"),
    ("Do you have Alien?", "question"),
    ("how much is the second?", "question"),
    ("that's wrong, I don't like horror", "correct_taste"),
    ("That's right", None),
    ("I don't like horror anymore", "correct_taste"),
    ("cheaper", "critique"),
    ("something cheaper", "critique"),
    ("more like the second", "critique"),
    ("I liked the first, not the third", "feedback"),
    ("a comedy", "critique"),
    ("recommend me a comedy", "recommend"),
    ("what do you recommend?", "recommend"),
    ("a rainy day", None),
    ("I loved Alien, show me something similar", None),
    ("is it a horror film?", "question"),
    ("who directed the first one?", "question"),
    ("do you have horror movies?", "recommend"),
    ("something else", "critique"),
    ("tell me about the third", "question"),
    ("why did you pick that?", "question"),
    ("I want something calm", "recommend"),
    ("Hi, I want a comedy", "recommend"),
    ("what is my taste?", "small_talk"),
    ("What do you know about me?", "small_talk"),
    ("So what do I like?", "small_talk"),
    ("what do I like", "small_talk"),
    ("recommend something to my taste", "recommend"),
    ("show me what I like", "recommend"),
    ("Do you have a name?", "small_talk"),
    ("so what's this place?", "small_talk"),
    ("who made you?", "small_talk"),
    ("Merry Christmas!", "small_talk"),
    ("any idea how old it is?", "question"),
    ("um, I'd like to know more about it", "question"),
    ("thanks, now is it gloomy?", "question"),
    ("what does it show?", "question"),
    ("can you send it abroad?", "question"),
    ("any idea for a present?", "recommend"),
    ("well, what's your best offer in comedies?", "recommend"),
    ("what can I see on the second?", "question"),
    ("describe the first one, please", "question"),
    ("can you explain it", "question"),
    ("what can I see in the evening?", "recommend"),
    ("do you have these in black and white?", "critique"),
    ("any alternatives to these?", "critique"),
    ("all a bit much, try something else", "critique"),
]


COMPARED = [  # message, what it comes to: an attribute with a sign, or words for and words against
    ("cheaper than this", "price -"),
    ("too expensive", "price -"),
    ("a lower price", "price -"),
    ("less expensive than the second", "price - p2"),
    ("is there anything bigger?", "width_cm +"),
    ("a smaller edition", "edition -"),
    ("more recent", "year +"),
    ("newer than After the Rain, please", "year + p2"),
    ("darker", "dark/bright"),
    ("I'd like it a bit brighter", "bright/dark"),
    ("not so busy", "simple/busy"),
    ("these are too dark", "bright/dark"),
    ("too much red", "/red"),
    ("more foxes", "fox/"),
    ("calmer and cheaper", "calm/lively; price -"),
    ("not so calm, and cheaper", "lively/calm; price -"),
    ("no people", "/person"),
    ("no princesses please", "/princess"),
    ("not the woodcut", "/woodcut"),
    ("drop the princesses", "/princess"),
    ("and without the princesses", "/princess"),
    ("leave out the lamps, please", "/lamp"),
    ("cheaper, and no foxes", "price -; /fox"),
    ("more like the second", "like p2"),
    ("I loved After the Rain, anything like it?", "like p2"),
    ("something similar to After the Rain, but bigger", "like p2; width_cm + p2"),
    ("the second one is nice, anything similar but bigger?", "like p2; width_cm + p2"),
    ("the first and the second are nice, anything bigger?", "width_cm +"),
]


NOT_COMPARED = [
    "more options", "show me more", "which is cheaper?", "cheaper than 40 euros", "I like the second", "no darker",
    "more or less", "the second is too dark", "me too", "tell me more about the first", "I never liked darker prints",
    "which of these three is calmer?", "I'm happiest with owls", "I'm not that keen on foxes",
    "I don't tend to buy newer prints", "no idea",
    "no thanks", "no rush", "not foxes but owls", "not the first", "drop me a line", "forget the price",
    "no, thank you", "I have no people to ask", "no more", "no",
]  # fmt: skip


REQUESTS = [
    "hi im looking for a good horror movie", "I loved The Matrix, anything like it?", "can you suggest one",
    "good afternoon, how are you? I'm looking for ideas on new movies", "are there any good ones like Alien",
    "do you know any films like it?",
]  # fmt: skip


@pytest.mark.parametrize("message", REQUESTS)
def test_a_request_is_known_wherever_it_stands(message: str) -> None:
    assert parse(message, FILMS).intent_hint == "recommend"


@pytest.mark.parametrize(
    "message", ["not that one again", "no repeats, please", "nothing twice", "something I have not seen"]
)
def test_no_repeats_asks_for_others(message: str) -> None:
    parsed = parse(message, FILMS, shown=SHOWN_FILMS)
    assert parsed.wants_new
    assert parsed.intent_hint == "critique"


@pytest.mark.parametrize(("message", "wanted"), COMPARED)
def test_a_comparison_is_read_against_what_was_shown_and_leaves_no_wish(message: str, wanted: str) -> None:
    parsed = parse(message, PRINTS, shown=SHOWN_PRINTS)
    told = []
    for one in parsed.comparisons:
        sign = "-" if one.direction == "less" else "+"
        poles = f"{''.join(one.pole.towards[:1])}/{''.join(one.pole.away[:1])}"
        told.append(f"{one.measure} {sign}" if one.measure else f"like {' '.join(one.alike)}" if one.alike else poles)
        told[-1] += "".join(f" {item_id}" for item_id in one.than)
    assert "; ".join(told) == wanted
    assert wish_text(parsed.residual) == "" or parsed.likes
    assert parsed.filters == ()
    assert parsed.dislikes == ()


@pytest.mark.parametrize("message", NOT_COMPARED)
def test_what_asks_for_no_change_is_no_comparison(message: str) -> None:
    assert parse(message, PRINTS, shown=SHOWN_PRINTS).comparisons == ()


def test_with_nothing_shown_only_a_quality_can_be_compared() -> None:
    assert [one.said for one in parse("something darker", PRINTS).comparisons] == ["darker"]
    assert parse("something cheaper", PRINTS).comparisons == ()


@pytest.mark.parametrize(
    ("message", "undone"),
    [
        ("undo", ""), ("Undo that, please", ""), ("go back", ""), ("never mind", ""), ("forget the cheaper", "cheaper"),
        ("undo the darker one", "darker"), ("forget about the price", "price"), ("darker", None),
        ("forget that I like owls", None), ("without neon and with a calm mood that suits my study at home", None),
    ],
)  # fmt: skip
def test_what_is_taken_back_is_read(message: str, undone: str | None) -> None:
    parsed = parse(message, PRINTS, shown=SHOWN_PRINTS)
    assert parsed.undo == undone or (undone is None and parsed.intent_hint == "correct_taste")


@pytest.mark.parametrize(("message", "wanted"), NEW)
def test_asking_for_others_is_told_from_asking_for_recent_ones(message: str, wanted: bool) -> None:
    assert parse(message, FILMS, shown=SHOWN_FILMS).wants_new is wanted


def test_what_was_seen_elsewhere_asks_for_nothing_where_nothing_was_shown() -> None:
    assert not parse("I have seen it and it was great", FILMS).wants_new
    assert parse("something I have not seen", FILMS).wants_new


@pytest.mark.parametrize(("message", "wanted"), HINTS)
def test_an_intent_is_named_only_where_the_cue_is_exact(message: str, wanted: str | None) -> None:
    assert parse(message, FILMS, shown=SHOWN_FILMS).intent_hint == wanted


@pytest.mark.parametrize(
    ("message", "alike"),
    [
        ("a woodcut like After the Rain", ["p2"]),
        ("any calm landscape similar to After the Rain?", ["p2"]),
        ("a print I like is After the Rain", []),
        ("a lot like After the Rain", []),
    ],
)
def test_a_kind_like_an_item_asks_for_more_like_it(message: str, alike: list[str]) -> None:
    found = parse(message, PRINTS, shown=SHOWN_PRINTS).comparisons
    assert [item_id for one in found for item_id in one.alike] == alike
