"""The chat page: a message is typed and the reply is read, as a person would."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tomllib
from collections.abc import Callable
from urllib.parse import parse_qs

import pytest

from agents.events import Progress, TextDelta, TurnDone
from agents.state import Citation, FunnelStep, Reaction, SlateItem, TurnState
from catalog.openers import openers
from catalog.storage import UnknownCatalogue
from memory.preferences import Fact, Preference
from models.errors import ModelUnreachable
from tests.ui_world import (
    APP,
    CARD,
    NOW,
    PAYLOADS,
    made_host,
    picture_bytes,
    recommends,
    result,
    say,
    testing,
    texts,
)
from ui.conversation import in_words, thread_of

pytest_plugins = ("tests.ui_world",)


def test_a_thread_in_the_address_that_holds_nothing_greets_as_an_empty_page(page, session):
    """A deleted one, or another person's: a browser once showed nothing at all."""
    page.query_params["thread"] = "abcdef123456"
    page.run()
    assert page.header[0].value == "What are you in the mood for?"
    assert len([button for button in page.button if button.key.startswith("opener")]) == 3
    page.button(key="opener-0").click().run()
    assert session.asked[0][2] == "abcdef123456"
    assert not page.header


def test_an_empty_page_greets_and_offers_three_openers_that_can_be_answered_here(page, session):
    page.run()
    assert page.header[0].value == "What are you in the mood for?"
    labels = [button.label for button in page.button if button.key.startswith("opener")]
    assert len(labels) == 3
    page.button(key="opener-0").click().run()
    assert session.asked[0][1] == openers(session.catalogue)[0]
    assert not page.header


def test_a_message_is_answered_with_words_a_card_and_how_it_came_about(page, session):
    say(page.run(), "something calm")
    seen = [line for text in texts(page) for line in text.splitlines()]
    assert "something calm" in seen
    assert "A quiet one." in seen, "the numbered line is told on the card instead"
    assert {"Quiet Hour", "45 EUR · 1987", "It is calm.", "from your taste: like subject: whale"} <= set(seen)
    assert "83% likely to suit you" in [caption.value for caption in page.caption]
    assert "600 → 412 → 1 · 2.0 s, models 1.5 s · cost unknown" in seen
    assert "412  filters: price ≤ 40" in seen
    assert len(page.image) == 1


def test_a_known_cost_is_told_and_an_unknown_one_is_never_nothing(page, session):
    session.cost_usd = 0.0123
    assert any("$0.0123" in text for text in texts(say(page.run(), "calm")))
    session.cost_usd = 0.0
    assert any("no cost" in text for text in texts(say(page, "again")))


def test_a_thumb_reaches_the_session_and_rewrites_the_taste_beside_the_chat(page, session):
    say(page.run(), "something calm")
    assert "Nothing yet" in page.sidebar.caption[0].value
    page.feedback[0].set_value(1).run()
    assert session.told == [("me", "i1", "like")]
    assert {"Liked", "You liked “Quiet Hour”."} <= set(texts(page))
    assert "Drawn to whales." in [element.value for element in page.sidebar.text]
    assert "+ like subject: whale (liked Quiet Hour)" in texts(page)
    page.run()
    assert len(session.told) == 1, "redrawing the page gives no second like"


def test_the_thumb_that_is_down_takes_it_back_and_the_other_turns_it_round(page, session):
    say(page.run(), "something calm")
    page.feedback[0].set_value(0).run()
    assert page.feedback[0].value == 0
    assert "Disliked" in texts(page)
    page.feedback[0].set_value(None).run()
    assert page.feedback[0].value is None
    assert "Disliked" not in texts(page)
    assert "You took back your thumb on “Quiet Hour”." in texts(page)
    page.feedback[0].set_value(1).run()
    assert [kind for _, _, kind in session.told] == ["dislike", "take_back", "like"]


def test_buttons_show_what_was_given_before_and_in_every_turn_alike(page, session):
    session.kept["i1"] = "dislike"
    say(say(page.run(), "something calm"), "again")
    assert [one.value for one in page.feedback] == [0, 0]
    page.feedback[1].set_value(1).run()
    assert [one.value for one in page.feedback] == [1, 1]


def test_a_thumb_can_be_undone_where_the_talk_tells_of_it(page, session):
    say(page.run(), "something calm")
    page.feedback[0].set_value(1).run()
    page.button(key="undo-1").click().run()
    assert session.told[-1] == ("me", "i1", "take_back")
    assert "undo-1" not in [button.key for button in page.button], "what is taken back cannot be taken back again"


@pytest.mark.parametrize("wish", ["more_like", "instead_of"])
def test_a_button_under_a_card_asks_for_others_in_words_that_the_talk_shows(page, session, wish):
    say(page.run(), "something calm")
    page.button(key=f"{wish}-turn-0-0").click().run()
    assert session.asked[-1] == ("me", f"{wish} i1", session.asked[0][2])
    shown = {"more_like": "More like “Quiet Hour”", "instead_of": "Something else than “Quiet Hour”"}[wish]
    assert shown in texts(page)


def test_each_card_links_to_its_row_in_the_trace_of_its_turn(page, session):
    say(page.run(), "something calm")
    [link] = [one.proto for one in page.get("page_link") if one.proto.label == "Why this?"]
    told = parse_qs(link.query_string)
    assert link.page == "traces"
    assert (told["trace"], told["item"], told["thread"]) == (["trace"], ["i1"], [session.asked[0][2]])


def test_a_picture_says_what_it_shows_to_who_cannot_see_it(page, session):
    assert say(page.run(), "calm").image[0].proto.imgs[0].alt == "Quiet Hour"
    session.described["i1"] = "A whale under a calm sea."
    assert page.run().image[0].proto.imgs[0].alt == "Quiet Hour: A whale under a calm sea."


def test_what_failed_can_be_asked_again_with_its_picture_until_the_talk_goes_on(page, session):
    session.script = lambda message: [ModelUnreachable("demo", "nowhere")]
    page.run()
    page.chat_input[0].upload("print.png", picture_bytes("navy"), "image/png").run()
    [first] = page.session_state.talk.turns
    page.button(key="again-0").click().run()
    assert [asked[1] for asked in session.asked] == ["", ""]
    [second] = page.session_state.talk.turns
    assert first.upload == second.upload != ""
    session.script = recommends
    page.button(key="again-0").click().run()
    assert "A quiet one." in texts(page)
    assert not [button for button in page.button if button.key.startswith("again")]


def test_a_picture_that_was_not_taken_is_not_offered_to_be_asked_again(page, session):
    page.run()
    page.chat_input[0].upload("print.png", b"GIF89a, in truth", "image/png").run()
    assert not [button for button in page.button if button.key.startswith("again")]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_foreign_markup_is_shown_as_text_wherever_it_comes_from(page, session, payload):
    card = SlateItem("i1", payload, 0.5, "local", payload, (Citation("summary", "i1", payload),))
    fact = Fact(polarity="like", aspect="subject", value=payload, strength=0.5, since=NOW)
    taste = Preference(user_id="me", version=1, prose=payload, facts=(fact,))
    session.preferences["me"] = taste
    session.script = lambda message: [
        Progress("understand", payload),
        TextDelta(payload),
        TurnDone(result(reply=payload, slate=(card,), preference=taste, error=payload)),
    ]
    say(page.run(), payload)
    assert texts(page).count(payload) >= 4  # asked, title, reason, prose; nothing of it changed
    read_as_markdown = [*page.markdown, *page.caption, *page.error, *page.warning, *page.info]
    assert not any(payload in element.value for element in read_as_markdown)
    assert not any("evil.example" in element.value for element in page.html)


def test_a_failing_model_is_told_in_words_and_the_conversation_goes_on(page, session):
    failure = ModelUnreachable("demo", "http://127.0.0.1:1")
    session.script = lambda message: [TextDelta("Half an ans"), failure] if message == "first" else recommends(message)
    say(page.run(), "first")
    assert page.error[0].value.replace("\\", "").replace("\u2060", "").startswith("'demo' cannot be reached at http:")
    assert "Half an ans" in texts(page)
    say(page, "second")
    assert "A quiet one." in texts(page)
    assert session.asked[0][2] == session.asked[1][2], "both turns belong to one thread"


def test_a_bug_is_told_without_a_stack_trace(page, session):
    session.script = lambda message: [ZeroDivisionError("division by zero")]
    say(page.run(), "first")
    assert "Something unexpected happened" in page.error[0].value
    assert "Traceback" not in page.error[0].value


def test_a_problem_of_a_finished_turn_stands_beside_its_answer(page, session):
    session.script = lambda message: [TurnDone(result(reply="Bare evidence.", error="No model judged these."))]
    say(page.run(), "first")
    assert "No model judged these" in page.error[0].value
    assert "Bare evidence." in texts(page)


def test_a_picture_goes_with_the_message_and_a_bad_one_begins_nothing(page, session):
    page.run()
    page.chat_input[0].upload("print.png", picture_bytes("navy"), "image/png").run()
    assert session.asked == [("me", "", session.asked[0][2])]
    page.chat_input[0].upload("print.png", b"GIF89a, in truth", "image/png").run()
    assert "The picture was not taken" in page.chat_message[-1].error[0].value
    assert len(session.asked) == 1


def test_reloading_the_page_goes_on_with_the_thread_in_its_address(page, session):
    session.histories["ann", "abcdef123456"] = (
        TurnState(message="calm?", reply="Take this.", slate=(CARD,), funnel=(FunnelStep("catalogue", 600),)),
        TurnState(reactions=(Reaction("i1", "dislike"),)),
    )
    page.query_params["thread"] = "abcdef123456"
    page.query_params["person"] = "ann"
    page.run()
    seen = texts(page)
    assert {"calm?", "Take this.", "Quiet Hour", "It is calm.", "600", "You disliked “Quiet Hour”."} <= set(seen)
    say(page, "more")
    assert session.asked == [("ann", "more", "abcdef123456")]


def test_the_address_names_the_thread_as_soon_as_there_is_one(page, session):
    say(page.run(), "calm")
    assert page.query_params["thread"] == session.asked[0][2]


def test_another_person_sees_nothing_of_the_conversation_and_of_the_taste(page, session):
    session.preferences["ann"] = Preference(user_id="ann", version=1, prose="Secretly fond of owls.")
    page.query_params["person"] = "ann"
    say(page.run(), "a secret wish")
    assert {"a secret wish", "Secretly fond of owls."} <= set(texts(page))
    page.selectbox(key="person").set_value("me").run()
    assert not {"a secret wish", "Secretly fond of owls."} & set(texts(page))
    say(page, "hello")
    assert session.asked[-1][0] == "me"
    assert session.asked[-1][2] != session.asked[0][2]


def test_a_new_conversation_begins_an_empty_thread(page, session):
    say(page.run(), "calm")
    page.button(key="new-conversation").click().run()
    assert "thread" not in page.query_params
    assert page.header[0].value == "What are you in the mood for?"


def test_a_profile_that_cannot_be_opened_says_why_and_another_can_be_picked(page, session, monkeypatch):
    def opened(profile, catalogue):
        if profile == "openai":
            raise ModelUnreachable("gpt", "nowhere")
        return session

    monkeypatch.setattr("ui.host.open_session", opened)
    page.run()
    page.selectbox(key="profile").set_value("openai").run()
    assert "cannot be reached" in page.error[0].value
    page.selectbox(key="profile").set_value("demo").run()
    assert not page.error


def test_a_missing_demo_catalogue_can_be_drawn_from_the_page(page, session, monkeypatch):
    from ui.first_run import Step

    drawn: list[str] = []

    def opened(profile, catalogue):
        if not drawn:
            raise UnknownCatalogue("demo", ())
        return session

    async def draw(profile: str, put: Callable[[Step], None]) -> None:
        put(Step("drawing the prints", 300, 600))
        drawn.append(profile)

    monkeypatch.setattr("ui.host.open_session", opened)
    monkeypatch.setattr("ui.opening.set_up_demo", draw)
    say(page.run(), "calm")
    assert any("There is no catalogue yet" in element.value for element in page.markdown)
    page.button(key="set-up").click().run()
    assert drawn == ["demo"]
    assert [asked[1] for asked in session.asked] == ["calm"], "what was typed before is asked now"


def test_a_set_up_that_somebody_began_is_followed_and_not_begun_twice(page, session, monkeypatch):
    from ui.first_run import SET_UP, Step

    drawn: list[str] = []

    def opened(profile, catalogue):
        if not drawn:
            raise UnknownCatalogue("demo", ())
        return session

    async def draw(put: Callable[[Step], None]) -> None:
        put(Step("drawing the prints", 300, 600))
        await asyncio.sleep(0.3)
        drawn.append("drawn")

    monkeypatch.setattr("ui.host.open_session", opened)
    made_host().once(SET_UP, draw)
    page.run()
    assert drawn == ["drawn"]
    assert page.header[0].value == "What are you in the mood for?"


def test_a_set_up_that_failed_says_why_and_can_be_tried_again(page, session, monkeypatch):
    async def fail(profile, put):
        raise ModelUnreachable("demo", "nowhere")

    def opened(profile, catalogue):
        raise UnknownCatalogue("demo", ())

    monkeypatch.setattr("ui.host.open_session", opened)
    monkeypatch.setattr("ui.opening.set_up_demo", fail)
    page.run().button(key="set-up").click().run()
    assert "cannot be reached" in page.warning[0].value
    assert "What is done stays done" in page.warning[0].value
    assert page.button(key="set-up")


def test_what_an_interruption_left_undone_is_told_and_gone_on_with(page, session, monkeypatch):
    finished: list[str] = []

    async def finish(services, catalogue, report):
        report("looking at the pictures", 1, 1)
        finished.append(catalogue.name)
        session.undescribed = []

    monkeypatch.setattr("graphs.setup.finish", finish)
    session.undescribed = [session.catalogue["i1"]]
    page.run()
    assert any("1 of 1 pictures were not looked at yet" in element.value for element in page.markdown)
    say(page, "calm")
    assert "A quiet one." in texts(page), "it holds nothing up"
    page.button(key="go-on").click().run()
    assert finished == ["prints"]
    page.run()
    assert "go-on" not in [button.key for button in page.button]


class TestOnARealSession:
    """The same page on real stores and the real graph; only the models are scripted."""

    def test_a_conversation_with_a_like_is_there_again_after_a_reload(self, real):
        page = testing.AppTest.from_file(str(APP), default_timeout=60).run()
        say(page, "a fox please, under 90 EUR")
        titles = [text for text in texts(page) if text.startswith("Quiet Hour")]
        assert len(titles) == 4
        for place in range(3):  # as many as a fold waits for
            page.feedback[place].set_value(1).run()
        say(page, "more like that")
        assert not page.error
        assert len(page.image) == 8
        assert real.taste("me").version >= 1
        assert real.taste("me").prose in [element.value for element in page.sidebar.text]

        again = testing.AppTest.from_file(str(APP), default_timeout=60)
        again.query_params["thread"] = page.query_params["thread"]
        again.run()
        assert {"a fox please, under 90 EUR", "more like that", f"You liked “{titles[0]}”."} <= set(texts(again))
        assert len(again.image) == 8

        foreign = testing.AppTest.from_file(str(APP), default_timeout=60)
        foreign.query_params["thread"] = page.query_params["thread"]
        foreign.query_params["person"] = "ann"
        foreign.run()
        assert not [text for text in texts(foreign) if "fox" in text or "Quiet Hour" in text]


def test_the_process_ends_with_its_main_thread_though_sessions_are_open(tmp_path):
    code = (
        "import pathlib, sys, ui.host; from tests.world import open_session\n"
        "ui.host.open_session = lambda profile, catalogue: open_session(pathlib.Path(sys.argv[1]))\n"
        "host = ui.host.Host(); session = host.session('demo')\n"
        "print(host.wait(session.turns('me', 'abcd')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=APP.parent.parent, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "()\n"), done.stderr


def test_the_settings_beside_the_page_send_nothing_home_and_tell_a_rerun_from_a_stop():
    settings = tomllib.loads((APP.parent / ".streamlit" / "config.toml").read_text())
    assert settings["browser"]["gatherUsageStats"] is False
    assert settings["runner"]["fastReruns"] is False


@pytest.mark.parametrize(
    ("given", "taken"), [("abc123", "abc123"), ("../../x", ""), ("a b", ""), ("", ""), ("x" * 99, "")]
)
def test_a_thread_in_the_address_is_taken_only_when_it_can_be_one(given, taken):
    assert thread_of(given) == taken


def test_errors_with_words_of_their_own_keep_them():
    assert in_words(ModelUnreachable("demo", "there")).startswith("'demo' cannot be reached at there")
    assert "KeyError" in in_words(KeyError("x"))
