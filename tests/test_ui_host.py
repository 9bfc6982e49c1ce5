"""What the page is promised about turns and other work, without the page."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from agents.events import Progress, TextDelta, TextRestart
from agents.state import Reaction
from ui.conversation import Conversation, Pointed, ShownTurn
from ui.host import Host

pytest_plugins = ("tests.ui_world",)


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

    def test_a_turn_under_way_is_followed_from_its_beginning_by_who_opens_its_conversation(self, session):
        session.script = lambda message: [TextDelta("Hm"), Progress("respond", "thinking")]
        host, talk = Host(), Conversation("me", "demo", "aaaa")
        talk.ask(host, session, "wait for ever")
        while not talk.turns[0].steps:
            talk.turns[0].update_from_running(timeout_s=1)
        again = Conversation("me", "demo", "aaaa")
        again.restore(host, session)
        [turn] = again.turns
        assert again.under_way is turn
        assert turn is not talk.turns[0], "each window reads for itself"
        turn.update_from_running(timeout_s=1)
        assert (turn.message, turn.reply, turn.steps) == ("wait for ever", "Hm", ["thinking"])
        for other in (Conversation("eve", "demo", "aaaa"), Conversation("me", "demo", "bbbb")):
            other.restore(host, session)
            assert other.turns == [], "another's, or another conversation"
        turn.stop()
        for one in (turn, talk.turns[0]):
            follow_to_end(one)
            assert one.stopped
        late = Conversation("me", "demo", "aaaa")
        late.restore(host, session)
        assert late.turns == []

    @pytest.mark.parametrize("comes_back", [False, True])
    def test_who_leaves_ends_the_turn_a_little_later_unless_somebody_follows_it(self, session, comes_back):
        session.script = lambda message: [TextDelta("Hm")]
        turn = self.ask(session, "wait for ever")
        while not turn.reply:
            turn.update_from_running(timeout_s=1)
        assert turn.running is not None
        turn.running.leave(grace_s=0.2)
        assert not turn.running.over, "not at once"
        again = turn.followed_anew()
        if comes_back:
            again.update_from_running(timeout_s=0.01)
        time.sleep(0.6)
        assert turn.running.over is not comes_back
        assert session.ended == ([] if comes_back else ["wait for ever"])
        turn.stop()

    def test_buttons_show_what_waits_before_what_is_kept(self, session):
        talk, kept = Conversation("me", "demo"), {"i1": "like"}
        assert (talk.thumb("i1", kept), talk.thumb("i2", kept)) == ("like", None)
        talk.turns.append(ShownTurn(reaction=Reaction("i1", "dislike"), running=Host().once("it", _hold(0.2))))
        assert talk.thumb("i1", kept) == "dislike", "it is being told"
        talk.waiting += [Reaction("i1", "like"), Reaction("i2", "dislike"), Reaction("i1", "take_back")]
        assert (talk.thumb("i1", kept), talk.thumb("i2", kept)) == (None, "dislike")

    def test_what_was_pressed_is_told_in_its_order(self, session):
        host, talk = Host(), Conversation("me", "demo")
        talk.waiting += [Reaction("i1", "like"), Pointed("i1", "more_like"), Reaction("i1", "take_back")]
        while talk.tell_next(host, session):
            follow_to_end(talk.turns[-1])
        assert [kind for _, _, kind in session.told] == ["like", "take_back"]
        assert session.asked == [("me", "more_like i1", talk.thread_id)]
        assert [turn.message for turn in talk.turns] == ["", "More like “Quiet Hour”", ""]

    def test_asking_again_with_a_picture_that_is_gone_says_so_and_asks_nothing(self, session):
        talk, turn = Conversation("me", "demo"), ShownTurn("calm", upload="0" * 64, error="it failed")
        talk.ask_again(Host(), session, turn)
        assert session.asked == []
        assert "no picture" in talk.turns[-1].error.casefold()
        assert talk.turns[-1].refused

    def test_sessions_of_one_profile_share_stores_and_a_catalogue_is_opened_once(self, monkeypatch):
        opened: list[tuple[str, str]] = []

        class Opened:
            services = SimpleNamespace(profile=SimpleNamespace(catalogue="demo"))

            def on(self, catalogue: str) -> str:
                return f"on {catalogue}"

        monkeypatch.setattr("ui.host.open_session", lambda *asked: opened.append(asked) or Opened())
        host = Host()
        first = host.session("demo", "films")
        assert (host.session("demo"), host.session("demo", "books")) == ("on demo", "on books")
        assert host.session("demo", "films") is first
        assert opened == [("demo", "films")]

    def test_the_same_work_is_joined_and_not_begun_twice(self):
        host = Host()
        first, second = host.once("a", _hold(0.05)), host.once("a", _hold(0.05))
        assert first is second
        assert first is not host.once("b", _hold(0))


def _hold(seconds: float) -> Callable[[Callable[[None], None]], Any]:
    async def work(put: Callable[[None], None]) -> None:
        time.sleep(seconds)  # on purpose: nothing else runs on the loop meanwhile

    return work
