"""Whatever is said, and however large the catalogue is, the parser names only what is there, and soon."""

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
from catalog.items import Catalogue, Item
from tests.said import (
    FILM_ROWS,
    FILM_SCHEMA,
    FILMS,
    PRINTS,
    SHOWN_FILMS,
    SHOWN_PRINTS,
    split_cell,
    told_filters,
    wanted_filters,
)
from tests.test_parsing import FILM_FILTERS, FILM_SOFT, LIFTED, PRINT_FILTERS
from tests.test_parsing_names import JUDGEMENTS, NAMES


def test_a_catalogue_without_schema_or_items_reads_as_nothing() -> None:
    empty = Catalogue("empty", (), ())
    for message in ("under 40 euros", "no horror from the 80s", "I loved the first", "", "   ", "?!", "🙂" * 50):
        parsed = parse(message, empty, shown=("x",))
        assert (parsed.filters, parsed.mentioned, parsed.relax) == ((), (), ())


_SAYINGS = [m for m, _ in FILM_FILTERS + PRINT_FILTERS + NAMES + LIFTED] + [m for m, _, _ in JUDGEMENTS] + FILM_SOFT


_WORDS = st.sampled_from(
    sorted({word for saying in _SAYINGS for word in saying.split()} | {"€", "-", ",", "1994", "30"})
)


@given(st.lists(_WORDS, max_size=14).map(" ".join) | st.text(max_size=80))
@settings(max_examples=150, deadline=None)
def test_whatever_is_said_every_filter_names_what_the_catalogue_has(message: str) -> None:
    for catalogue, shown in ((FILMS, SHOWN_FILMS), (PRINTS, SHOWN_PRINTS)):
        parsed = parse(message, catalogue, shown=shown)
        kinds = {spec.name: spec.kind for spec in catalogue.schema}
        values: dict[str, set[object]] = {name: set() for name in kinds}
        for item in catalogue:
            for name, value in item.attributes.items():
                values[name].update(value if isinstance(value, tuple) else (value,))
        for one in parsed.filters:
            assert one.attribute in kinds
            assert one.said
            assert one.said in message
            if kinds[one.attribute] == "list":
                assert set(one.value if isinstance(one.value, tuple) else (one.value,)) <= values[one.attribute]
            else:
                assert one.op not in ("has", "has_not", "any_of")
        assert set(parsed.relax) <= set(kinds)
        ids = {mention.item_id for mention in parsed.mentioned}
        assert set(parsed.likes) | set(parsed.dislikes) <= ids <= set(catalogue.item_ids)
        assert not set(parsed.likes) & set(parsed.dislikes)


_PLAIN = st.sampled_from(
    """something calm gentle a the fox owl with snow and moon quiet evening warm light for my living room that feels
    like home please i want it to be dreamy very soft blue green old friends would you think find looking at
    sea""".split()
)


@given(st.lists(_PLAIN, max_size=16).map(" ".join))
@settings(max_examples=150, deadline=None)
def test_words_without_a_cue_never_make_a_filter(message: str) -> None:
    for catalogue in (FILMS, PRINTS):
        parsed = parse(message, catalogue)
        assert parsed.filters == ()
        assert parsed.relax == ()
        assert parsed.residual == message.strip()


def _many_films() -> Catalogue:
    items = [
        film.model_copy(
            update={"item_id": f"{film.item_id}-{copy}", "title": f"{film.title} {copy} {film.item_id * 2}"}
        )
        for copy in range(5000 // len(FILM_ROWS))
        for film in FILMS
    ]
    return Catalogue("many", FILM_SCHEMA, items)


def test_five_thousand_items_are_read_quickly() -> None:
    many = _many_films()
    began = time.thread_time()
    build(many)
    assert time.thread_time() - began < 1.5  # 0.1 s measured
    warm(many)
    seconds = []
    for message, _ in FILM_FILTERS + NAMES:
        began = time.thread_time()
        parse(message, many)
        seconds.append(time.thread_time() - began)
    assert statistics.median(seconds) < 0.01


@pytest.mark.data
def test_on_real_films_every_wish_is_kept_and_no_name_is_made_up() -> None:
    folder = Path(os.environ.get("PALATE_DATA") or Path(__file__).parents[1] / "../shared/data") / "movielens-posters"
    if not folder.is_dir():
        pytest.skip(f"no films at {folder}; set PALATE_DATA to the folder of data sets")
    with (folder / "items.csv").open(encoding="utf-8") as file:
        items = [
            Item(
                item_id=row["item_id"],
                title=row["title"],
                attributes={
                    "year": float(row["year"] or 0),
                    "genres": split_cell(row["genres"]),
                    "keywords": split_cell(row["keywords"]),
                },
            )
            for row in csv.DictReader(file)
        ]
    films = Catalogue("movielens", FILM_SCHEMA, items)
    for message, wanted in FILM_FILTERS:
        parsed = parse(message, films)
        assert parsed.mentioned == (), message
        closed = {told for told in wanted_filters(wanted) if told.startswith(("year", "genres"))}
        assert closed <= told_filters(parsed.filters), message
    for message in FILM_SOFT:
        assert parse(message, films).filters == (), message
    for title in ("The Silense of the Lams", "Jurasic Park", "Pulp Ficton", "Forest Gump"):
        [mention] = parse(f"I loved {title}", films).mentioned
        assert 0.8 < mention.score < 1
