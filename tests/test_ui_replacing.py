"""Editing, answering anew, branching, critiques and quick replies, as the chat page offers them."""

from __future__ import annotations

from agents.events import TurnDone
from models.errors import ModelUnreachable
from tests.ui_world import open_page, result, say, texts

pytest_plugins = ("tests.ui_world",)


def keys(page) -> list[str]:
    return [one.key for one in page.button if one.key]


def test_an_edited_message_takes_the_place_of_its_turn_and_of_those_after_it(real):
    page = say(say(open_page(), "a fox"), "an owl")
    page.button(key="edit-0").click().run()
    assert page.text_area(key="edited-0").value == "a fox"
    page.text_area(key="edited-0").set_value("a whale").run()
    page.button(key="send-0").click().run()
    assert [turn.message for turn in page.session_state.talk.turns] == ["a whale"]
    assert "a whale" in texts(page)
    assert "an owl" not in texts(page)
    assert any("taken back: 2 wishes" in one.value for one in page.caption)
    thread = (
        page.query_params["thread"][0] if isinstance(page.query_params["thread"], list) else page.query_params["thread"]
    )
    assert "a fox" not in texts(open_page(thread=thread)), "nor after a reload"


def test_cancelling_leaves_all_as_it_was(real):
    page = say(open_page(), "a fox")
    page.button(key="edit-0").click().run()
    page.button(key="cancel-0").click().run()
    assert not page.text_area
    assert [turn.message for turn in page.session_state.talk.turns] == ["a fox"]


def test_an_answer_is_made_anew_in_its_place(page, session):
    say(say(page.run(), "a fox"), "an owl")
    first, second = (turn.turn_id for turn in page.session_state.talk.turns)
    page.button(key="anew-0").click().run()
    assert session.replaced == [(first, second)]
    assert [asked[1] for asked in session.asked] == ["a fox", "an owl", "a fox"]
    assert [turn.message for turn in page.session_state.talk.turns] == ["a fox"]


def test_what_failed_is_asked_again_in_its_place(page, session):
    script, session.script = session.script, lambda message: [ModelUnreachable("demo", "nowhere")]
    say(page.run(), "a fox")
    [failed] = page.session_state.talk.turns
    session.script = script
    page.button(key="again-0").click().run()
    assert session.replaced == [(failed.turn_id,)]
    assert len(page.session_state.talk.turns) == 1


def test_a_branch_opens_with_the_turns_so_far_and_leads_back(real):
    page = say(say(open_page(), "a fox"), "an owl")
    origin = page.session_state.talk.thread_id
    page.button(key="branch-0").click().run()
    assert page.session_state.talk.thread_id != origin
    assert [turn.message for turn in page.session_state.talk.turns] == ["a fox"]
    assert "a fox \\(2\\)" in [one.label for one in page.sidebar.button]
    page.button(key="branch-origin").click().run()
    assert [turn.message for turn in page.session_state.talk.turns] == ["a fox", "an owl"]


def test_the_page_tells_what_a_conversation_took_and_an_unknown_cost_is_not_nothing(real):
    page = say(say(open_page(), "a fox"), "an owl")
    [told] = [one for one in texts(page) if one.startswith("This conversation so far: 2 turns, ")]
    assert told.endswith("cost unknown")


def test_a_critique_is_asked_for_under_a_card_stays_in_force_and_is_taken_back(real):
    page = say(open_page(), "a fox")
    page.session_state["but-turn-0-0-1"] = True  # as a click on "Like this, but…" has it
    page.run().button(key="but-turn-0-0-cheaper").click().run()
    [chip] = [one.label for one in page.button if one.key == "undo-critique-0"]
    assert chip.startswith("cheaper than")
    thread = page.session_state.talk.thread_id
    page = open_page(thread=thread)
    page.button(key="undo-critique-0").click().run()
    assert not [one for one in keys(page) if one.startswith("undo-critique")]
    assert page.session_state.talk.turns[-1].message.startswith("Undo “cheaper than")


def test_a_quick_reply_is_sent_as_it_is_and_only_the_last_turn_offers_any(page, session):
    session.script = lambda message: [TurnDone(result(reply="For whom?", quick_replies=("for a child", "*me*")))]
    say(say(page.run(), "a present"), "hm")
    assert [one for one in keys(page) if one.startswith("reply-quick")] == ["reply-quick-0", "reply-quick-1"]
    page.button(key="reply-quick-1").click().run()
    assert session.asked[-1][1] == "*me*"


def test_nothing_can_be_replaced_while_a_turn_is_refused_or_a_thumb(page, session):
    say(page.run(), "something calm")
    page.feedback[0].set_value(1).run()
    assert "edit-1" not in keys(page)
    assert "anew-1" not in keys(page)
    assert {"edit-0", "anew-0"} <= set(keys(page))
