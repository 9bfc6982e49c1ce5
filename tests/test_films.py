"""Real films: 4,624 with posters and real ratings. Skipped where the data set is not beside the repository."""

import os
from pathlib import Path

import pytest

from catalog.importers import import_path
from catalog.pictures import PictureStore
from graphs.services import Services
from graphs.session import Session
from graphs.setup import store_catalogue
from profiles.settings import load_profile
from tests.world import HashedEmbedder, PlayedModels, fond_of_foxes, polite, talk

DATA = Path(os.environ.get("PALATE_DATA", Path(__file__).parents[2] / "shared" / "data")) / "movielens-posters"
pytestmark = [
    pytest.mark.data,
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason="the films data set is not beside the repository"),
]


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    pictures = PictureStore(tmp_path_factory.mktemp("films") / "pictures")
    return import_path(DATA, name="films", format="auto", pictures=pictures, progress=lambda done, of: None)


@pytest.fixture(scope="module")
def services(tmp_path_factory, films):
    home = tmp_path_factory.mktemp("home")
    profile = load_profile("demo", {"stores.home": str(home), "catalogue": "films"}, {}).profile
    services = Services.open(profile, embedder=HashedEmbedder(), models=PlayedModels(polite, fond_of_foxes))
    store_catalogue(services, "films", films.schema, films.items, films.interactions)
    yield services
    services.close()


def test_every_film_is_taken_with_its_poster(films):
    assert (len(films.items), len(films.interactions), films.refused) == (4624, 74147, [])
    assert all(film.picture for film in films.items)
    assert sum("year" in film.attributes for film in films.items) == 4623


def films_of(services, result):
    return [services.catalogue("films")[card.item_id] for card in result.slate]


async def test_a_conversation_about_films_keeps_every_filter_until_it_is_lifted(services):
    session = Session(services, "films")
    first, _ = await talk(session, "newcomer", "Something from the 1970s, please.")
    thread = first.thread_id
    assert len(first.slate) == 4
    assert all(1970 <= film.attributes["year"] < 1980 for film in films_of(services, first))
    second, _ = await talk(session, "newcomer", "No horror.", thread_id=thread)
    for film in films_of(services, second):
        assert 1970 <= film.attributes["year"] < 1980
        assert "Horror" not in film.attributes["genres"]
    lifted, _ = await talk(session, "newcomer", "Any year is fine. A comedy from before 1960.", thread_id=thread)
    assert lifted.slate
    for film in films_of(services, lifted):
        assert film.attributes["year"] < 1960
        assert "Comedy" in film.attributes["genres"]
        assert "Horror" not in film.attributes["genres"]
    counts = [step.count for step in lifted.funnel]
    assert counts[0] == 4624
    assert counts == sorted(counts, reverse=True)


async def test_someone_with_two_thousand_ratings_gets_only_what_they_have_not_rated(services):
    session = Session(services, "films")
    counts = services.log.counts("films")
    person = max(counts, key=lambda user: counts[user])
    result, _ = await talk(session, person, "show me something good")
    rated = {event.item_id for event in services.log.of_user(person, "films")}
    assert len(rated) > 2000
    assert result.slate
    assert not {card.item_id for card in result.slate} & rated
    assert any(citation.kind == "neighbours" for card in result.slate for citation in card.citations)
