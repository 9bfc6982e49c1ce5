"""The page of models: who plays which role, whether one answers, and the same message on two profiles."""

from __future__ import annotations

import pytest

from graphs.model_check import Check, check_model, profiles_told
from models.errors import ModelUnreachable
from profiles.for_all import FILE_NAME
from profiles.settings import profile_names
from tests import world
from tests.ui_world import NOW, PAYLOADS, made_host, open_page, texts
from tests.world import PlayedModels, fond_of_foxes, polite
from tracing.events import ModelCall, Trace, TurnEnded, TurnStarted

pytest_plugins = ("tests.ui_world",)


def test_every_profile_tells_its_roles_and_what_it_lacks():
    told = {one.name: one for one in profiles_told(profile_names(), {})}
    assert not told["demo"].missing
    [demo] = told["demo"].models
    assert len(demo.roles) == 5
    assert "sees pictures" in demo.told
    assert "decides by local" in demo.told
    assert told["openai"].missing == ("OPENAI_API_KEY",)
    assert not profiles_told(profile_names(), {"OPENAI_API_KEY": "x"})[sorted(told).index("openai")].missing


async def test_a_check_tells_what_was_said_and_an_error_in_words():
    well = await check_model(PlayedModels(lambda prompt: "I am ready.", fond_of_foxes), "any")
    assert (well.said, well.error, well.cost_usd) == ("I am ready.", "", None)
    ill = await check_model(PlayedModels(lambda prompt: ModelUnreachable("m", "nobody listens"), fond_of_foxes), "any")
    assert "nobody listens" in ill.error


def test_the_profile_in_use_is_open_and_its_model_can_be_asked(real):
    page = open_page("models")
    assert "plays understanding, item summarizer, preference memory, recommender, responder" in texts(page)
    labels = [one.label.replace("\\", "") for one in page.expander]
    assert "demo · in use here" in labels
    page.button(key="check-demo-0").click().run()
    assert any(text.startswith("It answered in ") for text in texts(page))
    assert page.button(key="use-demo").disabled


def test_a_profile_without_its_key_says_so_and_cannot_be_chosen(real, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    page = open_page("models")
    assert any("openai · needs OPENAI_API_KEY" in one.label.replace("\\", "") for one in page.expander)
    page.session_state["profile-openai"] = True
    page.run()
    assert page.button(key="use-openai").disabled
    checks = [one for one in page.button if one.key.startswith("check-openai-")]
    assert checks
    assert all(one.disabled for one in checks), "nothing is asked without a key"


def test_another_profile_goes_on_with_the_same_conversation(real):
    made_host().wait(world.talk(real, "me", "a fox, please", thread_id="aaaa"))
    page = open_page("models", thread="aaaa")
    page.session_state["profile-ollama"] = True
    page.run()
    page.button(key="use-ollama").click().run()
    talk = page.session_state.talk
    assert (talk.thread_id, talk.profile) == ("aaaa", "ollama")


def chosen_for_all(name: str):
    """The page of models after that profile was chosen for all."""
    page = open_page("models")
    page.session_state[f"profile-{name}"] = True
    page.run()
    page.button(key=f"use-for-all-{name}").click().run()
    assert not page.exception, page.exception
    return page


def beginning_told(page) -> str:
    return next(one.value for one in page.markdown if one.value.startswith("New conversations begin with"))


def test_a_profile_is_chosen_for_all_and_people_who_name_none_begin_with_it(real):
    assert beginning_told(open_page("models")).startswith("New conversations begin with **demo**, the profile this")
    page = chosen_for_all("ollama")
    assert page.session_state.talk.profile == "ollama", "all includes this conversation"
    assert "profile" not in page.query_params
    labels = [one.label.replace("\\", "") for one in page.expander]
    assert [one for one in labels if "for all" in one] == ["ollama · in use here · chosen for all"]
    assert "**ollama**, chosen here for all. The server was started with demo" in beginning_told(page)
    assert open_page(person="bob").session_state.talk.profile == "ollama"
    assert open_page(person="bob", profile="local").session_state.talk.profile == "local"
    assert open_page(person="bob", profile="demo").session_state.talk.profile == "demo"


def test_what_is_under_way_elsewhere_keeps_its_profile_and_says_so_in_its_address(real):
    made_host().wait(world.talk(real, "me", "a fox, please", thread_id="aaaa"))
    before, named = open_page(thread="aaaa"), open_page(thread="aaaa", profile="local")
    chosen_for_all("ollama")
    for page, profile in ((before, "demo"), (named, "local")):
        page.run()
        talk = page.session_state.talk
        assert (talk.thread_id, talk.profile, page.selectbox(key="profile").value) == ("aaaa", profile, profile)
        assert page.query_params["profile"] in (profile, [profile])
    before.button(key="new-conversation").click().run()
    assert before.session_state.talk.profile == "ollama", "a new conversation begins as all do"
    named.button(key="new-conversation").click().run()
    assert named.session_state.talk.profile == "local", "but where somebody chose another"


def test_the_server_s_own_profile_is_gone_back_to(real):
    page = chosen_for_all("ollama")
    page.button(key="begin-as-started").click().run()
    assert beginning_told(page).startswith("New conversations begin with **demo**, the profile this server")
    assert not [one for one in page.button if one.key == "begin-as-started"]
    assert page.session_state.talk.profile == "ollama", "the conversation under way goes on as it is"
    assert open_page(person="bob").session_state.talk.profile == "demo"


def test_a_choice_that_cannot_count_is_told_and_can_be_taken_away(real, tmp_path, monkeypatch):
    (tmp_path / FILE_NAME).write_bytes(b"\x00")
    page = open_page("models")
    assert page.session_state.talk.profile == "demo"
    assert "cannot be read" in page.warning[0].value.replace("\\", "")
    page.button(key="begin-as-started").click().run()
    assert not page.warning
    assert not (tmp_path / FILE_NAME).exists()
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    chosen_for_all("openai")
    monkeypatch.delenv("OPENAI_API_KEY")
    import streamlit as st

    st.cache_resource.clear()
    page = open_page("models")
    assert page.session_state.talk.profile == "demo"
    assert "OPENAI_API_KEY" in page.warning[0].value.replace("\\", "")


def test_a_full_disk_leaves_all_as_it_was_and_says_so(real, monkeypatch):
    def full(*given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("memory.durable.write_whole", full)
    page = chosen_for_all("ollama")
    assert "No space left on device" in page.error[0].value.replace("\\", "")
    assert page.session_state.talk.profile == "demo"
    assert beginning_told(page).startswith("New conversations begin with **demo**, the")


def test_foreign_markup_in_what_a_model_answers_is_shown_as_text(real):
    page = open_page("models")
    for payload in PAYLOADS:
        page.session_state["model-checks"] = {"demo-0": Check(said=payload)}
        started = TurnStarted(
            trace_id="t", user_id="me", thread_id="a", profile=payload, catalogue="prints", message=payload, at=NOW
        )  # fmt: skip
        call = ModelCall(role=payload, model=payload, prompt=payload, rendered=payload, output=payload)
        trial = Trace(events=(started, call, TurnEnded(reply=payload, error=payload)))
        page.session_state["trials"] = (trial, trial)
        page.run()
        assert not page.exception
        assert f"“{payload}”" in texts(page)
        assert payload in [one.value for one in page.code]
        page.session_state["model-checks"] = {"demo-0": Check(error=payload)}
        page.run()
        told = [*page.markdown, *page.caption, *page.error, *page.info, *page.subheader, *page.header]
        shown = [element.value for element in told] + [one.label for one in page.expander]
        assert not any(payload in text for text in shown)
        assert not any("evil.example" in element.value for element in page.html)


def test_a_message_is_answered_by_two_profiles_and_nothing_is_kept_of_it(real, monkeypatch):
    from graphs.replay import Cast

    def grumpy(prompt):
        return "Take these." if prompt.startswith("You recommend") else polite(prompt)

    profile = real.services.profile.model_copy(update={"name": "grumpy"})
    other = Cast(profile, PlayedModels(grumpy, fond_of_foxes))
    monkeypatch.setitem(made_host()._casts, "ollama", other)
    page = open_page("models")
    page.text_input(key="trial-message").set_value("a fox, please")
    page.selectbox(key="trial-first").set_value("demo")
    page.selectbox(key="trial-second").set_value("ollama")
    next(one for one in page.button if one.label == "Ask both").click().run()
    assert not page.exception, page.exception
    assert not page.error, page.error[0].value
    assert {"demo (replay)", "grumpy (replay)"} <= set(texts(page))
    assert len(page.dataframe) == 1
    assert real.traces.list() == []
    assert len(real.services.replays.list()) == 2
    assert real.taste("me").version == 0
    assert real.services.threads.ids("me") == []


@pytest.mark.parametrize("name", ["me", "ann"])
def test_a_trial_is_shown_to_the_one_who_asked(real, name):
    page = open_page("models", person="me")
    page.text_input(key="trial-message").set_value("a secret fox")
    page.selectbox(key="trial-second").set_value("demo")
    next(one for one in page.button if one.label == "Ask both").click().run()
    page.query_params["person"] = name
    page.run()
    assert (name == "me") == ("a secret fox" in texts(page))
