"""The page: a message is typed and the reply is read, as a person would."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import time
import tomllib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from agents.events import Progress, SlateReady, TextDelta, TextRestart, TurnDone, TurnEvent, TurnResult
from agents.state import Citation, FunnelStep, Reaction, SlateItem, TurnState
from catalog.items import AttributeSpec, Catalogue, Item
from catalog.pictures import PictureStore
from catalog.storage import UnknownCatalogue
from memory.preferences import Edit, Fact, Preference
from models.errors import ModelUnreachable
from ui.cards import attribute_line
from ui.conversation import Conversation, ShownTurn, in_words, thread_of
from ui.host import Host
from ui.openers import openers
from ui.plain import escaped, plain, without_numbered

testing = pytest.importorskip("streamlit.testing.v1", reason="the page needs Streamlit: pip install 'palate[ui]'")
APP = Path(__file__).resolve().parent.parent / "ui" / "app.py"
NOW = datetime(2026, 1, 1, tzinfo=UTC)

PAYLOADS = (
    "<script>alert(1)</script>",
    '<img src="https://evil.example/x.png" onerror="alert(1)">',
    "![seen](https://evil.example/pixel.png)",
    "[click](javascript:alert(1))",
    "# a heading\n\n- a list\n\n    code\n\n> quote",
    "**bold** _it_ ~~gone~~ `code`",
    "```\nfence\n```",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "https://evil.example and www.evil.example and a@evil.example",
    "<https://evil.example>",
    "&lt;b&gt; &#60;b&#62;",
    "$\\frac{1}{2}$ and $$x$$",
    ":smile: :material/delete: :red[red] :streamlit:",
    "\\<b\\> \\*x\\*",
    "[ref]: https://evil.example\n[ref]",
)


def picture_bytes(colour: str = "teal") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(data, "PNG")
    return data.getvalue()


@dataclass
class ScriptedSession:
    """Does what `graphs.session.Session` does, by a script. asked and told: what reached it."""

    pictures: PictureStore
    catalogue: Catalogue
    script: Callable[[str], Sequence[TurnEvent | Exception]]
    preferences: dict[str, Preference] = field(default_factory=dict)
    histories: dict[tuple[str, str], tuple[TurnState, ...]] = field(default_factory=dict)
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    told: list[tuple[str, str, str]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    cost_usd: float | None = None

    @property
    def traces(self) -> Any:
        return SimpleNamespace(get=lambda trace_id: SimpleNamespace(cost_usd=self.cost_usd))

    def taste(self, user_id: str) -> Preference:
        return self.preferences.get(user_id, Preference(user_id=user_id))

    def keep_upload(self, user_id: str, picture: bytes) -> str:
        return self.pictures.add(picture)

    async def turns(self, user_id: str, thread_id: str) -> tuple[TurnState, ...]:
        return self.histories.get((user_id, thread_id), ())

    async def aclose(self) -> None:
        self.ended.append("closed")

    async def ask(
        self, user_id: str, message: str, *, picture: bytes | None = None, thread_id: str | None = None
    ) -> AsyncIterator[TurnEvent]:
        self.asked.append((user_id, message, thread_id))
        try:
            for event in self.script(message):
                await asyncio.sleep(0.01)  # so that the page draws each for itself
                if isinstance(event, Exception):
                    raise event
                yield event
            if message == "wait for ever":
                await asyncio.Event().wait()
        finally:
            self.ended.append(message)

    async def give_feedback(
        self, user_id: str, item_id: str, kind: str, *, thread_id: str | None = None
    ) -> AsyncIterator[TurnEvent]:
        self.told.append((user_id, item_id, kind))
        edit = Edit(op="add", polarity="like", aspect="subject", value="whale", reason="liked Quiet Hour")
        fact = Fact(polarity="like", aspect="subject", value="whale", strength=0.8, since=NOW)
        taste = Preference(user_id=user_id, version=1, prose="Drawn to whales.", facts=(fact,), edits=(edit,))
        self.preferences[user_id] = taste
        yield TurnDone(result(reply="", preference=taste))


def result(**changes: Any) -> TurnResult:
    given: dict[str, Any] = {
        "thread_id": "t", "trace_id": "trace", "reply": "Here.", "slate": (), "funnel": (),
        "preference": Preference(user_id="me"), "profile": "demo", "seconds": 2.04, "model_seconds": 1.5,
    }  # fmt: skip
    return TurnResult(**(given | changes))


CARD = SlateItem(
    "i1", "Quiet Hour", 0.83, "local", "It is calm.", (Citation("fact", "subject:whale", "like subject: whale"),)
)


def recommends(message: str) -> list[TurnEvent | Exception]:
    funnel = (FunnelStep("catalogue", 600), FunnelStep("filters", 412, "price ≤ 40"), FunnelStep("slate", 1))
    return [
        Progress("understand", "reading your message"),
        Progress("recommend", "judging 20 candidates"),
        SlateReady((SlateItem("i1", "Quiet Hour", 0.83, "local"),)),
        TextDelta("A quiet one.\n"),
        TextDelta("1. Quiet Hour: It is calm."),
        SlateReady((CARD,)),
        TurnDone(result(reply="A quiet one.\n1. Quiet Hour: It is calm.", slate=(CARD,), funnel=funnel)),
    ]


@pytest.fixture
def session(tmp_path: Path) -> ScriptedSession:
    pictures = PictureStore(tmp_path / "pictures")
    schema = (
        AttributeSpec(name="price", kind="number", label="price", unit="EUR"),
        AttributeSpec(name="year", kind="number", unit="year"),
    )
    attributes = {"price": 45.0, "year": 1987.0}
    items = (
        Item(item_id="i1", title="Quiet Hour", attributes=attributes, picture=pictures.add(picture_bytes())),
        Item(item_id="i2", title="Loud Hour", attributes={"price": 30.0}),
    )
    return ScriptedSession(pictures, Catalogue("prints", schema, items), recommends)


@pytest.fixture
def page(session: ScriptedSession, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    import streamlit as st

    monkeypatch.delenv("PALATE_PROFILE", raising=False)
    monkeypatch.setattr("ui.host.open_session", lambda profile: session)
    st.cache_resource.clear()
    yield testing.AppTest.from_file(str(APP), default_timeout=20)
    st.cache_resource.clear()


def texts(page: Any) -> list[str]:
    return [element.value for element in page.text]


def made_host() -> Host:
    from ui.page import host

    made: Host = host()
    return made


def say(page: Any, message: str) -> Any:
    page.chat_input[0].set_value(message).run()
    assert not page.exception, page.exception
    return page


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
    seen = texts(page)
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
    assert "You liked “Quiet Hour”." in texts(page)
    assert "Drawn to whales." in [element.value for element in page.sidebar.text]
    assert "+ like subject: whale (liked Quiet Hour)" in texts(page)
    page.run()
    assert len(session.told) == 1, "redrawing the page gives no second like"


def test_a_thumb_down_is_a_dislike_and_taking_a_thumb_back_tells_nothing(page, session):
    say(page.run(), "something calm")
    page.feedback[0].set_value(0).run()
    page.feedback[0].set_value(None).run()
    assert session.told == [("me", "i1", "dislike")]


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


@pytest.mark.parametrize("payload", PAYLOADS)
def test_escaped_markdown_renders_to_the_text_alone(payload):
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    [paragraph, inline, _] = reader.parse(escaped(payload))
    assert paragraph.type == "paragraph_open"
    pieces = inline.children or []
    assert {token.type for token in pieces} <= {"text", "text_special"}
    shown = "".join(token.content for token in pieces).replace("\u2060", "")
    assert shown == " ".join(payload.split())


def test_what_is_looked_for_in_finished_text_is_parted():
    for pattern in ("https://", "www.", "@evil", ":smile:", ":material/"):
        assert pattern not in escaped("https://a.b www.a.b a@evil.example :smile: :material/delete:").replace("\\", "")


def test_control_and_direction_characters_are_dropped_and_lines_stay():
    assert plain("a\x1b[31m\u202eb\r\nc\td\u2066") == "a[31mb\nc\td"


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
    def opened(profile):
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

    def opened(profile):
        if not drawn:
            raise UnknownCatalogue("demo", ())
        return session

    async def draw(profile: str, put: Callable[[Step], None]) -> None:
        put(Step("drawing the prints", 300, 600))
        drawn.append(profile)

    monkeypatch.setattr("ui.host.open_session", opened)
    monkeypatch.setattr("ui.page.set_up_demo", draw)
    say(page.run(), "calm")
    assert any("There is no catalogue yet" in element.value for element in page.markdown)
    page.button(key="set-up").click().run()
    assert drawn == ["demo"]
    assert [asked[1] for asked in session.asked] == ["calm"], "what was typed before is asked now"


class TestOnARealSession:
    """The same page on real stores and the real graph; only the models are scripted."""

    @pytest.fixture
    def real(self, tmp_path, monkeypatch):
        from tests import world

        items = [
            item.model_copy(update={"picture": PictureStore(tmp_path / "pictures").add(picture_bytes())})
            for item in world.ITEMS
        ]
        session = world.open_session(tmp_path, items=items)
        monkeypatch.setattr("ui.host.open_session", lambda profile: session)
        monkeypatch.delenv("PALATE_PROFILE", raising=False)
        yield session
        made_host().wait(session.aclose())

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
        "ui.host.open_session = lambda profile: open_session(pathlib.Path(sys.argv[1]))\n"
        "host = ui.host.Host(); session = host.session('demo')\n"
        "print(host.wait(session.turns('me', 'abcd')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=APP.parent.parent, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "()\n"), done.stderr


def follow_to_end(turn: ShownTurn) -> None:
    deadline = time.monotonic() + 10
    while turn.running is not None:
        assert time.monotonic() < deadline, "the turn does not end"
        turn.update_from_running(timeout_s=1)


class TestATurnOnTheHost:
    """What the page is promised about turns, without the page."""

    def ask(self, session: Any, message: str) -> ShownTurn:
        talk = Conversation("me", "demo")
        talk.ask(Host(), session, message)
        return talk.turns[0]

    def test_stopping_ends_the_work_itself(self, session):
        session.script = lambda message: [TextDelta("Hm")]
        turn = self.ask(session, "wait for ever")
        while not turn.reply:
            turn.update_from_running(timeout_s=1)
        turn.stop()
        follow_to_end(turn)
        assert session.ended == ["wait for ever"]
        assert (turn.stopped, turn.reply, turn.error) == (True, "Hm", "")

    def test_stopping_before_it_began_begins_nothing(self, session):
        host, talk = Host(), Conversation("me", "demo")
        held = host.once("hold the loop", _hold(0.05))
        talk.ask(host, session, "wait for ever")
        talk.turns[0].stop()
        follow_to_end(talk.turns[0])
        assert held.over
        assert session.asked == []

    def test_an_answer_begun_anew_drops_the_first_one(self, session):
        session.script = lambda message: [TextDelta("Half"), TextRestart("a fallback took over"), TextDelta("Whole")]
        turn = self.ask(session, "calm")
        follow_to_end(turn)
        assert turn.reply == "Whole"
        assert turn.error == "The turn ended without an answer; ask again."

    def test_a_like_given_while_a_turn_is_under_way_is_told_after_it(self, session):
        host, talk = Host(), Conversation("me", "demo")
        talk.ask(host, session, "calm")
        talk.waiting.append(Reaction("i1", "like"))
        assert not talk.tell_next(host, session)
        follow_to_end(talk.turns[0])
        assert talk.tell_next(host, session)
        assert talk.waiting == []

    def test_the_same_work_is_joined_and_not_begun_twice(self):
        host = Host()
        first, second = host.once("a", _hold(0.05)), host.once("a", _hold(0.05))
        assert first is second
        assert first is not host.once("b", _hold(0))


def _hold(seconds: float) -> Callable[[Callable[[None], None]], Any]:
    async def work(put: Callable[[None], None]) -> None:
        time.sleep(seconds)  # on purpose: nothing else runs on the loop meanwhile

    return work


def test_the_settings_beside_the_page_send_nothing_home_and_tell_a_rerun_from_a_stop():
    settings = tomllib.loads((APP.parent / ".streamlit" / "config.toml").read_text())
    assert settings["browser"]["gatherUsageStats"] is False
    assert settings["runner"]["fastReruns"] is False


def test_openers_come_from_what_the_catalogue_holds(session):
    assert openers(session.catalogue) == (
        "Something I will not tire of, under 40 EUR",
        "Something from the 1980s",
        "What would you show someone who is new here?",
    )
    assert len(set(openers(Catalogue("empty", (), ())))) == 3


def test_attributes_are_told_with_their_units(session):
    assert attribute_line(session.catalogue, session.catalogue["i1"]) == "45 EUR · 1987"


def test_only_lines_that_number_a_card_are_left_to_the_cards():
    assert without_numbered("Hello.\n1. A: b\n2) C: d\n3. not a card\n1984. was a year", 2) == (
        "Hello.\n3. not a card\n1984. was a year"
    )


@pytest.mark.parametrize(
    ("given", "taken"), [("abc123", "abc123"), ("../../x", ""), ("a b", ""), ("", ""), ("x" * 99, "")]
)
def test_a_thread_in_the_address_is_taken_only_when_it_can_be_one(given, taken):
    assert thread_of(given) == taken


def test_errors_with_words_of_their_own_keep_them():
    assert in_words(ModelUnreachable("demo", "there")).startswith("'demo' cannot be reached at there")
    assert "KeyError" in in_words(KeyError("x"))
