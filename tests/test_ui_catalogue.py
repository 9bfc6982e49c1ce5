"""The page of the catalogue: found by words and filters, and one item with what a model saw in it."""

from __future__ import annotations

import threading
import time

import pytest

from graphs.describing import summarize_catalogue
from graphs.setup import store_catalogue
from models.errors import ModelUnreachable
from tests import world
from tests.ui_world import PAYLOADS, links, made_host, open_page, texts

pytest_plugins = ("tests.ui_world",)


def titles(page) -> list[str]:
    return [label for label, (view, address) in links(page).items() if view == "catalogue" and "item" in address]


def test_all_items_are_shown_with_their_pictures_and_attributes(real):
    page = open_page("catalogue")
    assert titles(page) == [f"Quiet Hour {n}" for n in range(12)]
    assert "10 EUR · 1965 · Comedy" in texts(page)
    assert len(page.image) == 12


def test_words_and_filters_leave_what_meets_all_of_them(real):
    page = open_page("catalogue")
    page.text_input(key="catalogue-words").set_value("fox").run()
    assert titles(page) == ["Quiet Hour 0", "Quiet Hour 4", "Quiet Hour 8"]
    page.slider(key="facet-prints-price").set_value((10, 60)).run()
    assert titles(page) == ["Quiet Hour 0", "Quiet Hour 4"]
    assert "price ≤ 60" in texts(page)
    page.multiselect(key="facet-prints-genres").set_value(["Drama"]).run()
    assert titles(page) == ["Quiet Hour 4"]
    page.multiselect(key="facet-prints-genres").set_value(["Comedy", "Horror"])
    page.slider(key="facet-prints-price").set_value((110, 119)).run()
    assert titles(page) == []
    assert any("Take away a filter" in one.value for one in page.markdown)


def test_what_only_a_picture_shows_is_found_by_its_summary_and_said_to_who_cannot_see_it(real):
    made_host().wait(summarize_catalogue(real.services, real.catalogue))
    page = open_page("catalogue")
    page.text_input(key="catalogue-words").set_value("woodcut").run()
    assert len(titles(page)) == 12
    assert page.image[0].proto.imgs[0].alt == "Quiet Hour 0: A woodcut of a fox."


def test_where_no_item_has_the_words_the_nearest_in_meaning_are_shown_and_filters_still_hold(real):
    page = open_page("catalogue")
    page.text_input(key="catalogue-words").set_value("shows vixen").run()
    assert any("nearest in meaning" in one.value for one in page.caption)
    assert titles(page)
    page.slider(key="facet-prints-price").set_value((10, 60)).run()
    prices = {item.title: item.attributes["price"] for item in real.catalogue}
    assert titles(page)
    assert all(prices[title] <= 60 for title in titles(page))


def test_an_item_has_a_page_with_its_summary_and_who_wrote_it(real):
    made_host().wait(summarize_catalogue(real.services, real.catalogue))
    view, address = links(open_page("catalogue"))["Quiet Hour 3"]
    page = open_page(view, **address)
    assert page.header[0].value == "Quiet Hour 3"
    seen = texts(page)
    assert {"It shows a city.", "price: 40 EUR", "genre: Comedy", "A woodcut of a fox."} <= set(seen)
    assert any(text.startswith("by local:played") or "item_summarizer@" in text for text in seen)


def test_an_item_nobody_looked_at_and_one_that_is_not_there_say_so(real):
    assert "Nothing yet: no model has looked at it." in texts(open_page("catalogue", item="i00"))
    assert "has no item of that id" in open_page("catalogue", item="zz").info[0].value


def test_more_like_an_item_is_asked_for_in_the_chat(real):
    page = open_page("catalogue", item="i04")
    page.button(key="more-like-item").click().run()
    assert "More like “Quiet Hour 4”" in texts(page)
    assert [one.value for one in page.text if one.value.startswith("Quiet Hour")]


def test_another_catalogue_can_be_picked_and_the_talk_is_then_about_that(real):
    assert not [one for one in open_page("catalogue").selectbox if one.key == "catalogue-name"], "one needs no picker"
    films = [item.model_copy(update={"title": f"Film {n}"}) for n, item in enumerate(world.ITEMS[:3])]
    store_catalogue(real.services, "films", world.SCHEMA, films, ())
    page = open_page("catalogue")
    page.selectbox(key="catalogue-name").set_value("films").run()
    assert titles(page) == ["Film 0", "Film 1", "Film 2"]
    assert page.query_params["catalogue"] == "films"
    there = open_page("catalogue", catalogue="films")
    assert there.selectbox(key="catalogue-name").value == "films", "also where an address led to it"
    chat = open_page(catalogue="films")
    chat.chat_input[0].set_value("a fox").run()
    shown = [text for text in texts(chat) if text.startswith(("Film", "Quiet Hour"))]
    assert shown
    assert not [text for text in shown if text.startswith("Quiet Hour")]


def test_a_catalogue_that_is_not_there_can_be_left_again(real):
    open_page()  # the session of the usual one is open
    page = open_page(catalogue="nowhere")
    assert "nowhere" in page.error[0].value
    page.button(key="own-catalogue").click().run()
    assert not page.error


@pytest.mark.parametrize("payload", PAYLOADS)
def test_foreign_markup_in_an_item_is_shown_as_text(real, payload):
    item = world.ITEMS[0].model_copy(update={"title": payload, "text": payload, "attributes": {"genres": (payload,)}})
    store_catalogue(real.services, "prints", world.SCHEMA, [item, *world.ITEMS[1:]], ())
    for page in (open_page("catalogue"), open_page("catalogue", item="i00")):
        read_as_markdown = [*page.markdown, *page.caption, *page.header, *page.info]
        assert not any(payload in element.value for element in read_as_markdown)
        assert not any(payload in label for label in links(page))
    assert payload in texts(open_page("catalogue", item="i00"))


def summary_of(session, item_id: str) -> str:
    kept = session.services.items.summary("prints", session.catalogue[item_id])
    return "" if kept is None else kept.text


def looked_again(page) -> None:
    """Wait until the model has looked, and draw what came of it."""
    [name] = [name for name in made_host()._named if name.startswith("summarise")]
    deadline = time.monotonic() + 20
    while not made_host().named(name).over:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    page.run()
    assert not page.exception, page.exception


class TestSummariseAgain:
    def test_the_model_looks_again_and_its_words_take_the_place_of_the_former_ones(self, real):
        made_host().wait(summarize_catalogue(real.services, real.catalogue))
        world.played(real).played_chat.answer = lambda prompt: "An etching of a hare."
        page = open_page("catalogue", item="i03")
        page.button(key="summarise-again").click().run()
        looked_again(page)
        assert "An etching of a hare." in texts(page)
        assert page.success[0].value == "Written just now."
        assert summary_of(real, "i03") == "An etching of a hare."
        assert summary_of(real, "i04") == "A woodcut of a fox.", "no other item is looked at"
        found = open_page("catalogue")
        found.text_input(key="catalogue-words").set_value("hare").run()
        assert titles(found) == ["Quiet Hour 3"]

    def test_an_item_nobody_looked_at_is_looked_at(self, real):
        page = open_page("catalogue", item="i00")
        assert page.button(key="summarise-again").label == "Summarise"
        page.button(key="summarise-again").click().run()
        looked_again(page)
        assert "A woodcut of a fox." in texts(page)

    @pytest.mark.parametrize("failure", [ModelUnreachable("played", "nobody listens"), ""])
    def test_a_model_that_fails_says_so_and_the_former_words_stay(self, real, failure):
        made_host().wait(summarize_catalogue(real.services, real.catalogue))
        world.played(real).played_chat.answer = lambda prompt: failure
        page = open_page("catalogue", item="i03")
        page.button(key="summarise-again").click().run()
        looked_again(page)
        told = page.error[0].value.replace("\\", "")
        assert ("nobody listens" if failure else "said nothing") in told
        assert "The summary is as it was." in told
        assert "A woodcut of a fox." in texts(page)
        assert summary_of(real, "i03") == "A woodcut of a fox."
        world.played(real).played_chat.answer = lambda prompt: "An etching."
        page.button(key="summarise-again").click().run()
        looked_again(page)
        assert not page.error
        assert summary_of(real, "i03") == "An etching."

    def test_while_the_model_is_at_work_the_page_says_so_and_can_stop_it(self, real):
        made_host().wait(summarize_catalogue(real.services, real.catalogue))
        held = threading.Event()

        def slow(prompt):
            held.wait(20)
            return "Too late."

        chat = world.played(real).played_chat
        chat.answer = slow
        page = open_page("catalogue", item="i03")
        page.button(key="summarise-again").click().run()
        assert "looking at it" in page.get("progress")[0].proto.text
        assert "A woodcut of a fox." in texts(page), "until there is something new"
        page.button(key="summary-stop").click().run()
        held.set()
        looked_again(page)
        assert page.info[0].value == "Stopped; the summary is as it was."
        assert summary_of(real, "i03") == "A woodcut of a fox."
