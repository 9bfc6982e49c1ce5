"""The exact layer of understanding: what it reads, and what it refuses to read."""

from __future__ import annotations

import csv
import os
import statistics
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.parsing import parse, warm
from agents.parsing.index import build
from catalog.filters import Filter
from catalog.items import AttributeSpec, Catalogue, Item

FILM_SCHEMA = (
    AttributeSpec(name="year", kind="number", label="year", unit="year"),
    AttributeSpec(name="genres", kind="list", label="genre"),
    AttributeSpec(name="keywords", kind="list", label="keyword"),
    AttributeSpec(name="user_tags", kind="list", label="tag"),
)
PRINT_SCHEMA = (
    AttributeSpec(name="price", kind="number", label="price", unit="EUR"),
    AttributeSpec(name="width_cm", kind="number", label="size", unit="cm", aliases=("width",)),
    AttributeSpec(name="year", kind="number", label="year", unit="year"),
    AttributeSpec(name="edition", kind="number", label="edition", aliases=("print run", "copies")),
    AttributeSpec(name="paper", kind="list", label="paper"),
)
FILM_ROWS = [
    ("1", "Alien", 1979, "Horror|Sci-Fi", "aliens|space", "atmospheric"),
    ("2", "Aliens", 1986, "Action|Adventure|Horror|Sci-Fi", "aliens|marines", ""),
    ("3", "Toy Story", 1995, "Adventure|Animation|Children|Comedy|Fantasy", "toys|pixar animation", "pixar"),
    ("4", "The Matrix", 1999, "Action|Sci-Fi|Thriller", "computers|virtual reality", "robots"),
    ("5", "Up", 2009, "Adventure|Animation|Children|Drama", "old man|balloons", "pixar"),
    ("6", "It", 2017, "Horror", "clowns", ""),
    ("7", "The Silence of the Lambs", 1991, "Crime|Horror|Thriller", "serial killer", ""),
    ("8", "Batman", 1989, "Action|Crime|Thriller", "superhero", ""),
    ("9", "Batman", 1966, "Action|Adventure|Comedy", "superhero|campy", ""),
    ("10", "Singin' in the Rain", 1952, "Comedy|Musical|Romance", "dancing", ""),
    ("11", "Double Indemnity", 1944, "Crime|Drama|Film-Noir", "insurance", "noir"),
    ("12", "Seven (a.k.a. Se7en)", 1995, "Mystery|Thriller", "serial killer", ""),
    ("13", "The Umbrellas of Cherbourg (Parapluies de Cherbourg, Les)", 1964, "Drama|Musical|Romance", "umbrella", ""),
    ("14", "1984", 1984, "Drama|Sci-Fi", "dystopia", ""),
    ("15", "Léon: The Professional", 1994, "Action|Crime|Drama|Thriller", "hitman", ""),
    ("16", "Saving Private Ryan", 1998, "Action|Drama|War", "world war ii", ""),
    ("17", "Unforgiven", 1992, "Drama|Western", "revenge", ""),
    ("18", "Hoop Dreams", 1994, "Documentary", "basketball", ""),
    ("19", "Love Story", 1970, "Drama|Romance", "romantic comedy|love", "boring"),
    ("20", "The Others", 2001, "Drama|Horror|Mystery", "ghosts", ""),
    ("21", "Alien 3", 1992, "Action|Horror|Sci-Fi", "aliens", ""),
    ("22", "Old Silent", 1926, "Drama", "silent", ""),
]
PRINT_ROWS = [
    ("p1", "Quiet Harbour", 15, 20, 1964, 50, "cotton"),
    ("p2", "After the Rain", 40, 30, 1978, 100, "washi"),
    ("p3", "Small Hours", 85, 50, 1994, 250, "recycled"),
    ("p4", "The Long Way Home", 240, 100, 2021, 500, "cotton rag"),
    ("p5", "Untitled Evening", 60, 40, 2003, 30, "washi"),
]


def _split(cell: str) -> tuple[str, ...]:
    return tuple(word for word in cell.split("|") if word)


def _films() -> Catalogue:
    items = [
        Item(
            item_id=item_id,
            title=title,
            attributes={
                "year": float(year),
                "genres": _split(genres),
                "keywords": _split(keywords),
                "user_tags": _split(tags),
            },
        )
        for item_id, title, year, genres, keywords, tags in FILM_ROWS
    ]
    return Catalogue("films", FILM_SCHEMA, items)


def _prints() -> Catalogue:
    items = [
        Item(
            item_id=item_id,
            title=title,
            attributes={
                "price": float(price),
                "width_cm": float(width),
                "year": float(year),
                "edition": float(edition),
                "paper": (paper,),
            },
        )
        for item_id, title, price, width, year, edition, paper in PRINT_ROWS
    ]
    return Catalogue("prints", PRINT_SCHEMA, items)


FILMS, PRINTS = _films(), _prints()
SHOWN_FILMS = ("1", "4", "7", "10")
SHOWN_PRINTS = ("p1", "p2", "p3")


def _told(filters: tuple[Filter, ...]) -> set[str]:
    return {str(one) for one in filters}


def _wanted(text: str) -> set[str]:
    return {part.strip() for part in text.split(";") if part.strip()}


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
    ("a thriller from the 90s without aliens", "genres has Thriller; year ≥ 1990; year ≤ 1999; keywords has not aliens"),
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
    "not too much drama",
    "less drama",
    "more action",
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


@pytest.mark.parametrize(("message", "wanted"), FILM_FILTERS)
def test_a_wish_about_films_becomes_exactly_these_filters(message: str, wanted: str) -> None:
    assert _told(parse(message, FILMS).filters) == _wanted(wanted)


@pytest.mark.parametrize(("message", "wanted"), PRINT_FILTERS)
def test_a_wish_about_prints_becomes_exactly_these_filters(message: str, wanted: str) -> None:
    assert _told(parse(message, PRINTS).filters) == _wanted(wanted)


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
