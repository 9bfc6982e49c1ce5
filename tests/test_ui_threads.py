"""Conversations beside the chat, and the address that leads back to each."""

from __future__ import annotations

import pytest

from tests import world
from tests.ui_world import made_host, open_page, texts

pytest_plugins = ("tests.ui_world",)


@pytest.fixture
def talked(real):
    for user, thread, message in (
        ("me", "aaaa", "a fox for the hall"),
        ("me", "bbbb", "an owl"),
        ("ann", "cccc", "a secret"),
    ):
        made_host().wait(world.talk(real, user, message, thread_id=thread))
    return real


def listed(page) -> list[str]:
    return [one.label for one in page.sidebar.button if one.key.startswith("thread-")]


def test_ones_own_conversations_are_listed_and_one_opens_with_all_its_turns(talked):
    page = open_page()
    assert listed(page) == ["an owl", "a fox for the hall"]
    page.button(key="thread-aaaa").click().run()
    assert "a fox for the hall" in texts(page)
    assert page.query_params["thread"] == "aaaa"
    page.button(key="thread-bbbb").click().run()
    assert "an owl" in texts(page)
    assert "a fox for the hall" not in texts(page)


def test_a_search_finds_by_what_was_said(talked):
    page = open_page()
    page.text_input(key="thread-words").set_value("HALL fox").run()
    assert listed(page) == ["a fox for the hall"]
    page.text_input(key="thread-words").set_value("nothing like it").run()
    assert listed(page) == []
    assert "None has these words." in texts(page)


def test_a_conversation_is_named_and_deleted_for_good(talked):
    page = open_page(thread="aaaa")
    page.text_input(key="name-aaaa").set_value("Presents").run()
    assert "Presents" in listed(page)
    page.button(key="delete-thread").click().run()
    assert listed(page) == ["an owl"]
    assert "thread" not in page.query_params
    assert page.header[0].value == "What are you in the mood for?"
    assert "a fox for the hall" not in texts(open_page(thread="aaaa"))


def test_an_address_somebody_goes_back_to_brings_its_conversation_back(talked):
    page = open_page(thread="aaaa")
    page.button(key="thread-bbbb").click().run()
    page.query_params["thread"] = "aaaa"  # as the browser's Back does
    page.run()
    assert "a fox for the hall" in texts(page)


def test_a_conversation_opened_from_another_page_leads_to_the_chat(talked):
    page = open_page("traces")
    page.button(key="thread-aaaa").click().run()
    assert page.chat_input
    assert "a fox for the hall" in texts(page)


def test_the_thread_stays_in_the_address_on_every_page(talked):
    page = open_page(thread="aaaa")
    for view in ("traces", "taste", "catalogue", "chat"):
        page.switch_page(f"views/{view}.py").run()
        assert page.query_params["thread"] == "aaaa"
    assert "a fox for the hall" in texts(page)


def test_another_persons_conversations_are_not_listed(talked):
    page = open_page(person="ann")
    assert listed(page) == ["a secret"]
    page.selectbox(key="person").set_value("me").run()
    assert "a secret" not in listed(page)


def test_a_second_tab_goes_on_where_the_first_one_is(talked):
    first = open_page(thread="aaaa")
    second = open_page(thread="aaaa")
    second.chat_input[0].set_value("under 60 EUR").run()
    assert "under 60 EUR" in texts(open_page(thread="aaaa"))
    assert "a fox for the hall" in texts(first.run())


def test_a_profile_in_the_address_is_chosen_only_where_it_is_known(talked):
    page = open_page(profile="openai")
    assert page.selectbox(key="profile").value == "openai"
    assert open_page(profile="/etc/passwd").selectbox(key="profile").value == "demo"
