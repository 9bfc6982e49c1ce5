"""The page of traces: every turn is found again, and shows how it came about."""

from __future__ import annotations

import pytest

from graphs.drawing import path_taken
from tests import world
from tests.ui_world import PAYLOADS, links, made_host, open_page, texts
from tracing.events import DecisionRow, FunnelStep, ModelCall, Note, StepEnded, Trace, TurnEnded, TurnStarted
from tracing.events import PreferenceChange as Change

pytest_plugins = ("tests.ui_world",)


def talk(real, user: str, message: str, thread: str):
    return made_host().wait(world.talk(real, user, message, thread_id=thread))[0]


def test_turns_are_listed_newest_first_and_filtered_by_conversation_and_by_failure(real):
    talk(real, "me", "a fox, please", "aaaa")
    talk(real, "me", "an owl, please", "bbbb")
    page = open_page("traces")
    asked = [label for label in links(page) if "please" in label]
    assert [label.replace("\\", "") for label in asked] == ["an owl, please", "a fox, please"]
    page.selectbox(key="trace-thread").set_value("aaaa").run()
    assert [label for label in links(page) if "owl" in label] == []
    page.toggle(key="trace-errors").set_value(True).run()
    assert "Nothing went wrong here." in [one.value for one in page.caption]


def test_one_turn_shows_its_funnel_its_decisions_its_steps_and_its_calls(real):
    result = talk(real, "me", "a fox under 90 EUR", "aaaa")
    page = open_page("traces", trace=result.trace_id)
    seen = texts(page)
    assert "12" in seen
    assert "filters (−4): price < 90" in seen
    assert {"understand", "apply_filters", "decide", "respond"} <= set(seen)
    table = page.dataframe[0].value
    assert list(table["place"].dropna()) == [1, 2, 3, 4]
    assert table["candidate"][0] == result.slate[0].title
    assert table["p(yes)"][0] == pytest.approx(result.slate[0].p)
    parts = [name for name in table.columns if name.startswith("+ ")]
    assert table[parts].sum(axis=1).tolist() == pytest.approx(table["blend"].tolist())
    asked = [label for label in (one.label for one in page.expander) if "responder" in label]
    assert len(asked) == 1


def test_one_turn_shows_the_way_it_took_through_the_graph(real):
    result = talk(real, "me", "a fox under 90 EUR", "aaaa")
    page = open_page("traces", trace=result.trace_id)
    assert "start → understand → update preference → recommend → respond → end" in texts(page)
    drawn = page.get("graphviz_chart")[0].proto.spec
    taken = '[color="#2f6f62" penwidth=2.5]'
    for way in ('"understand" -> "update_preference"', '"recommend" -> "respond"', '"respond" -> "__end__"'):
        assert f"{way} {taken}" in drawn
    for way in ('"understand" -> "respond"', '"understand" -> "summarize_items"', '"update_preference" -> "__end__"'):
        assert way in drawn
        assert f"{way} {taken}" not in drawn


def test_a_turn_that_went_wrong_did_not_come_to_the_end_of_the_graph():
    assert path_taken(["understand", "update_preference"], whole=False)[-1] == "update_preference"
    assert path_taken(["understand", "update_preference"], whole=True)[-1] == "__end__"
    assert path_taken(["understand", "apply_filters", "decide"], whole=False) == (
        "__start__",
        "understand",
        "recommend",
    )


def test_a_model_call_opens_to_what_was_asked_and_answered(real):
    result = talk(real, "me", "a fox under 90 EUR", "aaaa")
    trace = real.traces.get(result.trace_id)
    [number] = [n for n, call in enumerate(trace.of(ModelCall)) if call.role == "responder"]
    page = open_page("traces", trace=result.trace_id)
    assert not [one for one in page.code if "You recommend items" in one.value], (
        "nothing is sent before it is asked for"
    )
    page.session_state[f"call-{number}"] = True
    page.run()
    asked, answered = [one.value for one in page.code][:2]
    assert asked.startswith("You recommend items")
    assert "Here you are." in answered


def test_a_card_leads_to_why_its_item_is_there(real):
    page = open_page()
    page.chat_input[0].set_value("a fox under 90 EUR").run()
    view, address = links(page)["Why this?"]
    there = open_page(view, **address)
    assert any(text.startswith("Why “Quiet Hour") for text in texts(there))
    assert any("and it was shown at place 4" in text for text in texts(there)), "the last card's link is the last"
    assert links(there)["The conversation"][1]["thread"] == address["thread"]


def test_an_item_that_was_not_judged_and_a_trace_that_is_not_there_are_told_apart(real):
    result = talk(real, "me", "a fox under 90 EUR", "aaaa")
    there = open_page("traces", trace=result.trace_id, item="i11")
    assert any("did not come through the funnel" in text for text in texts(there))
    assert "has no trace of that id" in open_page("traces", trace="nonsense").info[0].value


def test_another_persons_trace_is_not_shown_whatever_the_address_says(real):
    result = talk(real, "ann", "a secret fox", "aaaa")
    page = open_page("traces", trace=result.trace_id)
    assert "has no trace of that id" in page.info[0].value
    assert not [text for text in texts(page) if "secret" in text]
    assert "secret" in str(texts(open_page("traces", trace=result.trace_id, person="ann")))


def test_without_any_turn_the_page_says_what_will_be_here(real):
    page = open_page("traces")
    assert any("Each answer leaves a trace" in one.value for one in page.markdown)
    assert links(page)["Ask for something"][0] == ""


@pytest.mark.parametrize("payload", PAYLOADS)
def test_foreign_markup_in_a_trace_is_shown_as_text(real, payload):
    from datetime import UTC, datetime

    trace = Trace(
        events=(
            TurnStarted(
                trace_id="t", user_id="me", thread_id="aaaa", profile=payload, catalogue="prints", message=payload,
                at=datetime(2026, 1, 1, tzinfo=UTC),
            ),
            FunnelStep(step=payload, count=3, rule=payload),
            ModelCall(role=payload, model=payload, prompt=payload, rendered=payload, output=payload, error=payload),
            StepEnded(step=payload, seconds=1, state_changes={payload: payload}, error=payload),
            DecisionRow(item_id=payload, p_yes=0.5, kind=payload, parts={payload: 0.5}),
            Change(before_version=1, after_version=2, prose_before=payload, prose_after=f"{payload} {payload}"),
            Note(what=payload, detail=payload),
            TurnEnded(reply=payload, error=payload),
        )
    )  # fmt: skip
    real.services.traces.save(trace)
    page = open_page("traces", trace="t", item=payload)
    page.session_state["call-0"] = True
    page.run()
    assert not page.exception
    kept = real.services.traces.get("t").started.message  # as it is kept, without what looks like an address
    assert kept in [one.value for one in page.code]
    read_as_markdown = [*page.markdown, *page.caption, *page.error, *page.info, *page.subheader, *page.header]
    assert not any(kept in element.value for element in read_as_markdown)
    assert not any(kept in one.label for one in page.expander)
    assert not any("evil.example" in element.value for element in page.html)


def test_a_turn_is_taken_again_and_laid_beside_the_original(real):
    result = talk(real, "me", "a fox under 90 EUR", "aaaa")
    page = open_page("traces", trace=result.trace_id)
    assert not [one for one in page.button if one.key == "replay-turn"], "nothing of it is drawn before it is opened"
    page.session_state["replay"] = True
    page.run()
    page.button(key="replay-turn").click().run()
    assert not page.exception, page.exception
    [replay] = real.services.replays.list()
    page = open_page("traces", trace=result.trace_id, beside=replay.trace_id)
    assert page.header[0].value == "Side by side"
    assert "demo (replay)" in texts(page)
    table = page.dataframe[0].value
    assert list(table["place, first"].dropna()) == list(table["place, second"].dropna()) == [1, 2, 3, 4]
    assert set(table["difference"]) == {0.0}
    assert len(real.traces.list(user="me")) == 1


def test_one_call_is_asked_again_in_other_words_on_the_page(real):
    result = talk(real, "me", "a fox under 90 EUR", "aaaa")
    page = open_page("traces", trace=result.trace_id)
    page.session_state["replay"] = True
    page.run()
    words = next(one for one in page.text_area if one.label == "asked in these words")
    assert words.value.startswith("You recommend items")
    words.set_value("Only this.").run()
    page.button(key="ask-again").click().run()
    [replay] = real.services.replays.list()
    page = open_page("traces", trace=result.trace_id, beside=replay.trace_id)
    assert "Only this." in [one.value for one in page.code]


def test_another_persons_replay_is_not_laid_beside_ones_own(real):
    from graphs.replay import replay_turn

    mine, theirs = talk(real, "me", "a fox", "aaaa"), talk(real, "ann", "a secret owl", "bbbb")
    replay = made_host().wait(replay_turn(real.services, "ann", theirs.trace_id))
    for one in (replay.trace_id, theirs.trace_id):
        page = open_page("traces", trace=mine.trace_id, beside=one)
        assert not [text for text in texts(page) if "secret" in text]
