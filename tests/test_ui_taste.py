"""The page of the taste: read, questioned, put right and undone, by the person it is about and nobody else."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from agents.hand_edits import PinFact, SetFact
from graphs import forgetting
from graphs.taste import Taste
from tests import world
from tests.ui_world import PAYLOADS, links, made_host, open_page, texts

pytest_plugins = ("tests.ui_world",)


def taste_of(real, user: str = "me") -> Taste:
    return Taste.of(real.services, user, "prints")


@pytest.fixture
def fond(real):
    """The session of somebody who liked three foxes, which a fold made a fact of."""

    async def like() -> None:
        for item_id in ("i00", "i04", "i08"):
            _ = [one async for one in real.give_feedback("me", item_id, "like", thread_id="aaaa")]

    made_host().wait(like())
    return real


def opened(page, fact_id: str = "subject:fox"):
    page.session_state[f"why-{fact_id}"] = True
    return page.run()


def test_the_page_shows_prose_facts_and_how_strong_they_are(fond):
    page, [fox] = open_page("taste"), taste_of(fond).current().holding
    seen = texts(page)
    assert {"Likes foxes.", "subject: fox", f"{fox.strength:.2f}"} <= set(seen)
    assert [one.value for one in page.subheader] == ["Likes", "Versions"]
    assert any(text.startswith("version 1, by fold") for text in seen)


def test_one_click_shows_what_a_fact_rests_on_and_leads_to_the_turn(fond):
    page = opened(open_page("taste"))
    liked = [text for text in texts(page) if "like Quiet Hour" in text]
    assert len(liked) == len(taste_of(fond).current().holding[0].evidence) >= 1
    turns = [address for view, address in links(page).values() if view == "traces"]
    assert fond.traces.get(turns[0]["trace"]).started.user_id == "me"


def test_the_taste_is_shown_as_it_was_at_the_end_of_a_day(fond):
    page, today = open_page("taste"), datetime.now().astimezone().date()
    page.date_input(key="as-of").set_value(today - timedelta(days=1)).run()
    assert "Nothing was believed yet." in texts(page)
    page.date_input(key="as-of").set_value(today).run()
    assert "Nothing was believed yet." not in texts(page)
    [fox] = taste_of(fond).current().holding
    assert f"Likes subject: fox {fox.strength:.2f}" in texts(page)
    assert "version 1, by fold" in texts(page)


def test_a_fact_is_changed_by_hand_and_the_change_undone(fond):
    page = opened(open_page("taste"))
    page.selectbox(key="polarity-subject:fox").set_value("dislike")
    page.slider(key="strength-subject:fox").set_value(0.9)
    next(one for one in page.button if one.label == "Save").click().run()
    [fact] = taste_of(fond).current().holding
    assert (fact.polarity, fact.strength, fact.pinned) == ("dislike", 0.9, True)
    assert "Dislikes" in [one.value for one in page.subheader]
    page.button(key="undo-version").click().run()
    assert [one.polarity for one in taste_of(fond).current().holding] == ["like"]
    assert taste_of(fond).current().version == 3, "nothing is lost"


def test_a_fact_is_pinned_removed_and_let_back(fond):
    opened(open_page("taste")).button(key="pin-subject:fox").click().run()
    assert taste_of(fond).current().holding[0].pinned
    opened(open_page("taste")).button(key="remove-subject:fox").click().run()
    page = open_page("taste")
    assert taste_of(fond).current().holding == ()
    assert "Kept out by you" in [one.value for one in page.subheader]
    page.button(key="let-subject:fox").click().run()
    assert not [fact for fact in taste_of(fond).current().facts if fact.pinned]


def test_versions_are_a_timeline_whose_differences_are_in_colour(fond):
    taste_of(fond).edit(SetFact(polarity="dislike", aspect="subject", value="owl"))
    page = open_page("taste")
    assert [one.label for one in page.expander if "Version" in one.label] != []
    page.session_state["version-2"] = True
    page.run()
    assert any(":green[" in one.value and "owl" in one.value for one in page.markdown)
    assert any(":green-background[" in one.value for one in page.markdown)
    page.session_state["version-1"] = True
    page.run().button(key="restore-1").click().run()
    assert [fact.value for fact in taste_of(fond).current().holding] == ["fox"]


def test_something_can_be_said_before_anything_is_known_and_nonsense_is_refused_in_words(real):
    page = open_page("taste")
    assert any("Nothing is believed about your taste yet" in one.value for one in page.markdown)
    page.text_input(key="aspect-new").set_value("subject")
    page.text_input(key="value-new").set_value("!!!")
    next(one for one in page.button if one.label == "Add").click().run()
    assert "no word that can be shown" in page.error[0].value
    page.text_input(key="value-new").set_value("owl")
    next(one for one in page.button if one.label == "Add").click().run()
    assert [fact.value for fact in taste_of(real).current().holding] == ["owl"]


def test_a_change_that_came_too_late_is_told_and_breaks_nothing(fond):
    page = opened(open_page("taste"))
    fond.services.preferences.forget("me")  # as if in another window
    page.button(key="remove-subject:fox").click().run()
    assert not page.exception
    assert page.error


def test_another_person_has_another_page(fond):
    taste_of(fond, "ann").edit(SetFact(polarity="must", aspect="mood", value="secret"))
    assert "secret" not in " ".join(texts(open_page("taste")))
    assert "mood: secret 📌" in texts(open_page("taste", person="ann"))


@pytest.mark.parametrize("payload", [one for one in PAYLOADS if len(" ".join(one.split())) < 80])
def test_foreign_markup_in_a_taste_is_shown_as_text(real, payload):
    words = " ".join(payload.split())
    taste_of(real).edit(SetFact(polarity="like", aspect=words, value=words, reason=words))
    page = opened(open_page("taste"), taste_of(real).current().holding[0].fact_id)
    page.session_state["version-1"] = True
    page.run()
    assert not page.exception
    assert f"{words}: {words} 📌" in texts(page)
    read_as_markdown = [*page.markdown, *page.caption, *page.error, *page.subheader]
    assert not any(words in element.value for element in read_as_markdown)


def test_a_pinned_fact_says_so_and_can_be_let_go(fond):
    taste_of(fond).edit(PinFact(fact_id="subject:fox"))
    page = opened(open_page("taste"))
    assert "subject: fox 📌" in texts(page)
    page.button(key="pin-subject:fox").click().run()
    assert not taste_of(fond).current().holding[0].pinned


def test_the_beside_panel_leads_here(fond):
    page = open_page()
    assert links(page)["All of it, version 1"][0] == "taste"


def test_forgetting_asks_for_the_name_and_shows_the_proof(real):
    for person in ("me", "ann"):
        made_host().wait(world.talk(real, person, f"a fox for {person}", thread_id="aaaa"))
    page = open_page("taste", person="me")
    page.session_state["forget"] = True
    page.run()
    assert page.button(key="forget-now").disabled, "nothing goes by a slip of the finger"
    page.text_input(key="forget-name").set_value("ann").run()
    assert page.button(key="forget-now").disabled
    page.text_input(key="forget-name").set_value("me").run()
    page.button(key="forget-now").click().run()
    assert not page.exception, page.exception
    assert "You are forgotten" in page.success[0].value
    assert any(line.startswith("Read: ") for line in texts(page))
    assert real.traces.list(user="me") == []
    assert len(real.traces.list(user="ann")) == 1
    assert made_host().wait(world.talk(real, "me", "an owl", thread_id="bbbb"))[0].slate, "talking goes on"
    assert not [text for text in texts(open_page("taste", person="ann")) if "me" in text.split()]


def asked_to_forget(page):
    page.session_state["forget"] = True
    page.run()
    page.text_input(key="forget-name").set_value("me").run()
    page.button(key="forget-now").click().run()
    assert not page.exception, page.exception
    return page


def test_a_proof_that_does_not_hold_says_so_names_what_is_left_and_is_made_up_for(real, monkeypatch):
    made_host().wait(world.talk(real, "me", "a fox for me", thread_id="aaaa"))
    with monkeypatch.context() as patched:
        patched.setattr(forgetting, "ERASURES", [one for one in forgetting.ERASURES if one.__name__ != "erase_traces"])
        page = asked_to_forget(open_page("taste", person="me"))
    assert not page.success
    assert "You are not forgotten yet" in page.error[0].value
    assert [text for text in texts(page) if "palate.sqlite" in text], "where it is left"
    page = asked_to_forget(page)
    assert "You are forgotten" in page.success[0].value


def test_a_proof_is_shown_to_nobody_else_who_comes_to_the_window(real):
    for person in ("me", "ann"):
        made_host().wait(world.talk(real, person, f"a fox for {person}", thread_id="aaaa"))
    page = open_page("taste", person="me")
    page.session_state["trials"] = "what was answered side by side, of them as well"
    asked_to_forget(page)
    assert page.success
    assert "trials" not in page.session_state
    page.query_params["person"] = "ann"
    page.run()
    assert page.session_state.talk.user_id == "ann"
    assert not page.success


def test_people_of_similar_taste_are_looked_up_when_wanted_and_nobody_is_named(fond):
    others = [world.event(f"neighbour-{n}", item_id) for n in range(6) for item_id in ("i00", "i04", "i08", "i01")]
    fond.services.log.append(others)
    page = open_page("taste")
    assert not any("like much of what you like" in text for text in texts(page))
    page.session_state["neighbours"] = True
    page.run()
    seen = texts(page)
    assert any(text.startswith("6 people like much of what you like") for text in seen)
    assert not any("neighbour-" in text for text in seen)
    assert "liked by 6 of them" in seen
    assert any(address.get("item") == "i01" for _, address in links(page).values())
