"""The exact layer of understanding: what it reads, and what it refuses to read."""

from __future__ import annotations

import pytest

from agents.parsing import parse
from agents.wishes import wish_text
from catalog.items import AttributeSpec, Catalogue, Item
from tests.said import FILMS, PRINTS, SHOWN_FILMS, SHOWN_PRINTS, told_filters, wanted_filters

FILM_FILTERS = [
    # years, decades, centuries
    ("something from the 1970s", "year ≥ 1970; year ≤ 1979"),
    ("films from the seventies please", "year ≥ 1970; year ≤ 1979"),
    ("90s movies", "year ≥ 1990; year ≤ 1999"),
    ("anything from the '80s", "year ≥ 1980; year ≤ 1989"),
    ("anything from the 80's", "year ≥ 1980; year ≤ 1989"),
    ("an early 90s film", "year ≥ 1990; year ≤ 1993"),
    ("something from the late 60s", "year ≥ 1966; year ≤ 1969"),
    ("something made before 1980", "year < 1980"),
    ("nothing before 1980", "year ≥ 1980"),
    ("a film after 2001", "year > 2001"),
    ("a film from 1994", "year = 1994"),
    ("a 1994 movie", "year = 1994"),
    ("1994", "year = 1994"),
    ("since 1990", "year ≥ 1990"),
    ("from 1990 onwards", "year ≥ 1990"),
    ("from 1990 on, please", "year ≥ 1990"),
    ("1990 or later", "year ≥ 1990"),
    ("1980 or earlier", "year ≤ 1980"),
    ("until 1960", "year ≤ 1960"),
    ("older than 1980", "year < 1980"),
    ("newer than 2000", "year > 2000"),
    ("no older than 1990", "year ≥ 1990"),
    ("nothing older than 1990", "year ≥ 1990"),
    ("no films after 2000", "year ≤ 2000"),
    ("between 1970 and 1985", "year ≥ 1970; year ≤ 1985"),
    ("from 1970 to 1985", "year ≥ 1970; year ≤ 1985"),
    ("1970-1985", "year ≥ 1970; year ≤ 1985"),
    ("from the 70s or 80s", "year ≥ 1970; year ≤ 1989"),
    ("from the 60s to the 80s", "year ≥ 1960; year ≤ 1989"),
    ("nothing from the 80s", "year outside 1980–1989"),
    ("not from the 1980s", "year outside 1980–1989"),
    ("but not from 1994", "year ≠ 1994"),
    ("pre-1960 films", "year < 1960"),
    ("20th century films", "year ≥ 1900; year ≤ 1999"),
    ("films from the 2000s", "year ≥ 2000; year ≤ 2009"),
    ("before the 1980s", "year < 1980"),
    ("after the 70s", "year > 1979"),
    ("something from the twenties", "year ≥ 1920; year ≤ 1929"),
    # genres
    ("a comedy", "genres has Comedy"),
    ("comedies", "genres has Comedy"),
    ("horror movies", "genres has Horror"),
    ("I'd like a horror film tonight", "genres has Horror"),
    ("something sci-fi", "genres has Sci-Fi"),
    ("some science fiction", "genres has Sci-Fi"),
    ("scifi please", "genres has Sci-Fi"),
    ("a film noir", "genres has Film-Noir"),
    ("film-noir", "genres has Film-Noir"),
    ("westerns", "genres has Western"),
    ("an animated film", "genres has Animation"),
    ("a romantic comedy", "genres has Romance; genres has Comedy"),
    ("a horror comedy", "genres has Horror; genres has Comedy"),
    ("comedy or drama", "genres any of Comedy, Drama"),
    ("a comedy or a drama from the 90s", "genres any of Comedy, Drama; year ≥ 1990; year ≤ 1999"),
    ("comedies and dramas", "genres any of Comedy, Drama"),
    ("a western, a musical or a drama", "genres any of Western, Musical, Drama"),
    ("a film for kids", "genres has Children"),
    ("no horror", "genres has not Horror"),
    ("a film that isn't horror", "genres has not Horror"),
    ("films that are not musicals", "genres has not Musical"),
    ("not horror", "genres has not Horror"),
    ("without musicals", "genres has not Musical"),
    ("anything but comedies", "genres has not Comedy"),
    ("everything except horror movies", "genres has not Horror"),
    ("I don't want horror", "genres has not Horror"),
    ("no horror or war", "genres has not Horror; genres has not War"),
    ("no horror, war or musicals", "genres has not Horror; genres has not War; genres has not Musical"),
    ("no horror, comedy please", "genres has not Horror; genres has Comedy"),
    ("a comedy but no romance", "genres has Comedy; genres has not Romance"),
    ("a thriller, not a western", "genres has Thriller; genres has not Western"),
    ("nothing but comedies", "genres has Comedy"),
    ("why not a comedy?", "genres has Comedy"),
    ("neither horror nor war", "genres has not Horror; genres has not War"),
    (
        "a thriller from the 90s without aliens",
        "genres has Thriller; year ≥ 1990; year ≤ 1999; keywords has not aliens",
    ),
    ("no romantic comedies", "keywords has not romantic comedy"),
    ("show me more horror movies", "genres has Horror"),
    ("I'm into sci-fi from before 1980, no horror", "genres has Sci-Fi; year < 1980; genres has not Horror"),
    # open vocabularies
    ("something tagged pixar", "user_tags has pixar"),
    ("films with the keyword serial killer", "keywords has serial killer"),
    ("no robots", "user_tags has not robots"),
    ("without clowns", "keywords has not clowns"),
    ("nothing with serial killers", "keywords has not serial killer"),
]


PRINT_FILTERS = [
    ("prices between 30 and 60", "price ≥ 30; price ≤ 60"),
    ("30 cm wide", "width_cm = 30"),
    ("under 40 euros", "price < 40"),
    ("less than €40", "price < 40"),
    ("less than 40€", "price < 40"),
    ("for less than EUR 40", "price < 40"),
    ("under 40", "price < 40"),
    ("40 euros max", "price ≤ 40"),
    ("at most 40 euros", "price ≤ 40"),
    ("max 40 €", "price ≤ 40"),
    ("up to 1,200 euros", "price ≤ 1200"),
    ("no more than 40 euros", "price ≤ 40"),
    ("nothing over 40 euros", "price ≤ 40"),
    ("nothing more expensive than 40 euros", "price ≤ 40"),
    ("not over 40 euros", "price ≤ 40"),
    ("40 euros or less", "price ≤ 40"),
    ("my budget is 40 euros", "price ≤ 40"),
    ("I can spend 40 euros", "price ≤ 40"),
    ("for 40 euros", "price ≤ 40"),
    ("price under 40", "price < 40"),
    ("cheaper than 40 euros", "price < 40"),
    ("over 100 euros", "price > 100"),
    ("at least 100 euros", "price ≥ 100"),
    ("between 20 and 50 €", "price ≥ 20; price ≤ 50"),
    ("from 20 to 50 euros", "price ≥ 20; price ≤ 50"),
    ("20-50 euros", "price ≥ 20; price ≤ 50"),
    ("€20 to €50", "price ≥ 20; price ≤ 50"),
    ("under forty euros", "price < 40"),
    ("at most 30 cm", "width_cm ≤ 30"),
    ("at most 30cm wide", "width_cm ≤ 30"),
    ("wider than 50 cm", "width_cm > 50"),
    ("smaller than 30 cm", "width_cm < 30"),
    ("less than 0.5 m wide", "width_cm < 50"),
    ("between 20 and 40 cm", "width_cm ≥ 20; width_cm ≤ 40"),
    ("a 30 cm print", "width_cm = 30"),
    ("an edition of at most 100", "edition ≤ 100"),
    ("editions under 100", "edition < 100"),
    ("fewer than 100 copies", "edition < 100"),
    ("printed before 1980", "year < 1980"),
    ("on washi", "paper has washi"),
    ("a moon from the 2000s and on cotton paper", "year ≥ 2000; year ≤ 2009; paper has cotton"),
    ("owls on cotton or on recycled", "paper any of cotton, recycled"),
    ("on cotton, on recycled or on washi", "paper any of cotton, recycled, washi"),
    ("owls on cotton or in deep blue", "paper has cotton"),
    ("not on cotton and on recycled paper", "paper has not cotton; paper has recycled"),
    ("at least 50 cm wide and not on washi asap", "width_cm ≥ 50; paper has not washi"),
    ("not on cotton or on recycled paper", "paper has not cotton; paper has not recycled"),
    ("no more than sixty, and under fifty would be better", "price ≤ 60; price < 50"),
    ("it should stay below eighty", "price < 80"),
    ("washi prints", "paper has washi"),
    ("on cotton paper", "paper has cotton"),
    ("paper: recycled", "paper has recycled"),
    ("cotton rag paper", "paper has cotton rag"),
    ("not on washi paper", "paper has not washi"),
    ("no recycled paper", "paper has not recycled"),
    ("washi or cotton paper", "paper any of washi, cotton"),
    (
        "under 60 euros, at most 40 cm, on washi, from the 70s",
        "price < 60; width_cm ≤ 40; paper has washi; year ≥ 1970; year ≤ 1979",
    ),
]


FILM_SOFT = [
    "something calm for a rainy evening",
    "I hate horror",
    "I love comedies",
    "I don't like horror",
    "I like westerns",
    "do you like musicals?",
    "I'm not sure about horror",
    "not only comedies",
    "not necessarily a comedy",
    "action figures",
    "my children were asleep",
    "something set in the 1970s",
    "a film about the 60s",
    "with an 80s vibe",
    "she is in her 80s",
    "I was born in 1980",
    "a film with robots",
    "it was not funny",
    "not bad",
    "no idea",
    "no thanks",
    "cheap thrills",
    "I have 3 friends",
    "I watched it 40 times",
    "is the second one a horror film?",
    "it isn't horror",
    "something romantic",
    "under 40 euros",
    "a fan of drama",
    "what a drama queen",
]


PRINT_SOFT = [
    "no more than 2 prints",
    "I have a wall of 120 cm",
    "cheap",
    "something cheap and small",
    "cotton fields",
    "a picture of cotton",
    "around 40 euros",
    "more than 3",
    "for under 12 year olds",
    "we are 4 people",
    "the second one",
    "a red fox in the snow",
    "number 3",
    "I saw 20 foxes",
]


LIFTED = [
    ("any price", "price"),
    ("the price doesn't matter", "price"),
    ("doesn't matter how old", "year"),
    ("regardless of price", "price"),
    ("any year is fine", "year"),
    ("no matter how expensive", "price"),
    ("I don't care about the size", "width_cm"),
    ("money is no object", "price"),
    ("any paper", "paper"),
    ("forget the price", "price"),
    ("any size, but under 40 euros", "width_cm"),
    ("start over", "price width_cm year edition paper"),
    ("washi is fine", "paper"),
    ("any ideas?", ""),
    ("any print under 40 euros", ""),
    ("whatever you think", ""),
]


@pytest.mark.parametrize(("message", "wanted"), FILM_FILTERS)
def test_a_wish_about_films_becomes_exactly_these_filters(message: str, wanted: str) -> None:
    assert told_filters(parse(message, FILMS).filters) == wanted_filters(wanted)


@pytest.mark.parametrize(
    ("message", "since"),
    [
        ("something from the last ten years", 2016),
        ("films of the past decade", 2016),
        ("from the last 5 years, please", 2021),
        ("a comedy from the past two decades", 2006),
    ],
)
def test_the_latest_years_are_counted_back_from_this_one(message: str, since: int) -> None:
    told = told_filters(parse(message, FILMS, this_year=2026).filters)
    assert f"year ≥ {since}" in told
    assert wish_text(parse(message, FILMS, this_year=2026).residual) == ""
    assert not any(one.attribute == "year" for one in parse(message, FILMS).filters)  # nobody said which year it is


@pytest.mark.parametrize("message", ["the last one", "the last two films", "seen last year", "my last ten"])
def test_what_was_last_is_no_span_of_years(message: str) -> None:
    assert parse(message, FILMS, this_year=2026).filters == ()


@pytest.mark.parametrize(("message", "wanted"), PRINT_FILTERS)
def test_a_wish_about_prints_becomes_exactly_these_filters(message: str, wanted: str) -> None:
    assert told_filters(parse(message, PRINTS).filters) == wanted_filters(wanted)


@pytest.mark.parametrize("message", FILM_SOFT)
def test_what_is_no_condition_on_films_stays_a_wish(message: str) -> None:
    parsed = parse(message, FILMS, shown=SHOWN_FILMS)
    assert parsed.filters == ()
    assert parsed.residual == message


@pytest.mark.parametrize("message", PRINT_SOFT)
def test_what_is_no_condition_on_prints_stays_a_wish(message: str) -> None:
    parsed = parse(message, PRINTS, shown=SHOWN_PRINTS)
    assert parsed.filters == ()
    assert parsed.residual == message


@pytest.mark.parametrize(("message", "wanted"), LIFTED)
def test_filters_can_be_lifted(message: str, wanted: str) -> None:
    assert " ".join(parse(message, PRINTS).relax) == wanted


def test_what_was_understood_leaves_the_residual_and_the_rest_keeps_its_wording() -> None:
    assert parse("something calm with foxes, under 40 euros", PRINTS).residual == "something calm with foxes"
    assert parse("a dark comedy from the 90s about robots", FILMS).residual == "a dark about robots"
    assert parse("no horror", FILMS).residual == ""
    assert parse("  as it was said ", FILMS).residual == "as it was said"


def test_each_filter_quotes_the_words_that_asked_for_it() -> None:
    filters = parse("I'd like a comedy from the 90s without any aliens", FILMS).filters
    assert [one.said for one in filters] == ["comedy", "from the 90s", "from the 90s", "without any aliens"]


def test_a_word_of_two_attributes_goes_to_the_one_that_is_named() -> None:
    schema = (AttributeSpec(name="type", kind="text"), AttributeSpec(name="colour", kind="text", aliases=("color",)))
    wines = [("a", "Red", "Red"), ("b", "White", "Gold"), ("c", "Red", "Ruby"), ("d", "White", "Red")]
    cellar = Catalogue(
        "cellar", schema, [Item(item_id=i, title=f"Wine {i}", attributes={"type": t, "colour": c}) for i, t, c in wines]
    )
    assert told_filters(parse("a red wine", cellar).filters) == {"type = Red"}
    assert told_filters(parse("colour: red", cellar).filters) == {"colour = Red"}
    assert told_filters(parse("a white, not red", cellar).filters) == {"type = White", "type ≠ Red"}
    assert told_filters(parse("red or white", cellar).filters) == {"type any of Red, White"}


def test_dates_are_compared_by_their_year() -> None:
    from datetime import date

    schema = (AttributeSpec(name="released", kind="date"),)
    items = [
        Item(item_id=str(y), title=f"Song {y}", attributes={"released": date(y, 5, 1)}) for y in (1979, 1980, 1999)
    ]
    songs = Catalogue("songs", schema, items)
    for message, wanted in [("before 1980", ["1979"]), ("from 1980", ["1980"]), ("not from the 80s", ["1979", "1999"])]:
        filters = parse(message, songs).filters
        assert filters
        assert [item.item_id for item in items if all(one.matches(item) for one in filters)] == wanted


def test_an_amount_of_two_possible_measures_is_not_guessed() -> None:
    schema = (
        AttributeSpec(name="width", kind="number", unit="cm"),
        AttributeSpec(name="height", kind="number", unit="cm"),
    )
    frames = Catalogue(
        "frames", schema, [Item(item_id="a", title="Frame one", attributes={"width": 30.0, "height": 40.0})]
    )
    assert parse("under 30 cm", frames).filters == ()
    assert told_filters(parse("less than 50 cm high", frames).filters) == {"height < 50"}
    assert told_filters(parse("width under 300 mm", frames).filters) == {"width < 30"}
