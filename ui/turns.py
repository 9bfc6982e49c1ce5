"""Drawing turns: the one under way as it happens, and those that are over."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.runtime.scriptrunner import StopException

from agents.state import FunnelStep, Reaction, SlateItem
from ui.cards import CardActions, draw_slate
from ui.conversation import ShownTurn
from ui.folded import draw_folded
from ui.frame import TASTE
from ui.look import say
from ui.plain import escaped, plain, without_numbered
from ui.taste_panel import edit_lines
from ui.turn_tools import TurnTools, draw_editing, draw_tools

if TYPE_CHECKING:
    from graphs.session import Session

TICK_S = 0.25
_AVATAR = ":material/palette:"
_REACTED = {"like": "You liked", "dislike": "You disliked", "take_back": "You took back your thumb on"}


def draw_turn(
    turn: ShownTurn,
    session: Session,
    *,
    number: int,
    actions: CardActions,
    again: Callable[[ShownTurn], None] | None,
    tools: TurnTools | None = None,
    fold: bool = False,
) -> None:
    """Draw a turn that is over.

    again: told to ask the same once more; None where the talk has gone on. tools: what else may be done about it. fold:
    show of its slate no more than the pictures.
    """
    if tools is not None and tools.editing(turn):
        draw_editing(turn, number, tools)
    else:
        _draw_asked(turn, session, number, actions)
    if turn.reaction is None or turn.error or turn.stopped:
        with st.chat_message("assistant", avatar=_AVATAR):
            _draw_answer(turn, session, number, actions, fold=fold)
            if tools is not None and not fold:
                draw_tools(turn, number, tools)
            if again is not None and (turn.error or turn.stopped) and not turn.refused:
                st.button("Ask again", key=f"again-{number}", icon=":material/refresh:", on_click=partial(again, turn))
    _draw_change(turn, number, actions)


def follow(turn: ShownTurn, session: Session, *, number: int, actions: CardActions, first: bool) -> None:
    """Draw the turn under way until it is over. first: the profile's models may have to be loaded for it.

    Who closes the page ends the turn a little later, unless it was only loaded anew; a rerun follows it again.
    """
    _draw_asked(turn, session, number, None)
    with st.chat_message("assistant", avatar=_AVATAR):
        status = st.status("Thinking", expanded=False)
        with st.container(key=f"small-done-{number}"):
            done = st.empty()
        words, slate = st.empty(), st.empty()
        st.button("Stop", key=f"stop-{number}", icon=":material/stop_circle:", type="tertiary", on_click=turn.stop)
        shown: tuple[SlateItem, ...] = ()
        slates = 0
        try:
            while turn.running is not None:
                turn.update_from_running(timeout_s=TICK_S)
                status.update(label=_doing(turn, first))
                if turn.steps[:-1]:
                    done.text("\n".join(f"✓ {plain(step)}" for step in turn.steps[:-1]))
                if turn.reply:
                    words.text(plain(turn.reply))
                if turn.cards != shown:
                    shown, slates = turn.cards, slates + 1
                    with slate.container():
                        draw_slate(shown, session, key=f"live-{number}-{slates}", actions=actions, live=True)
        except StopException:
            turn.leave()
            raise


def _draw_asked(turn: ShownTurn, session: Session, number: int, actions: CardActions | None) -> None:
    """What was said or pressed. actions: to take a thumb back; None where nothing can be done now."""
    if turn.reaction is not None:
        item = session.catalogue.get(turn.reaction.item_id)
        title = item.title if item else turn.reaction.item_id
        with st.container(key=f"note-reaction-{number}", horizontal=True, vertical_alignment="center", gap="small"):
            say(f"{_REACTED[turn.reaction.kind]} “{title}”.", key=f"reaction-{number}")
            if actions is not None and actions.thumb(turn.reaction.item_id, actions.kept) == turn.reaction.kind:
                st.button(
                    "Undo",
                    key=f"undo-{number}",
                    type="tertiary",
                    icon=":material/undo:",
                    on_click=partial(actions.react, Reaction(turn.reaction.item_id, "take_back")),
                )
        return
    with st.chat_message("user", avatar=":material/person:"):
        if turn.upload:
            st.image(session.pictures.thumbnail(turn.upload, 320), width=160, alt="the picture you sent")
        if turn.message:
            say(turn.message, key=f"asked-{number}")


def _draw_answer(turn: ShownTurn, session: Session, number: int, actions: CardActions, *, fold: bool) -> None:
    if turn.error:
        st.error(escaped(turn.error), icon=":material/error:")
    if turn.taken_back:
        st.caption(f"What the replaced turns had taught is taken back: {escaped(turn.taken_back)}.")
    if turn.restarted:
        st.caption(f"Another model took over: {escaped(turn.restarted)}")
    if reply := without_numbered(turn.reply, len(turn.cards)):
        say(reply, key=f"reply-{number}")
    if turn.stopped:
        st.caption("Stopped." if turn.reply or turn.cards else "Stopped before anything was said.")
    if fold:
        draw_folded(turn, session, number=number, actions=actions)
        return
    if turn.cards:
        draw_slate(turn.cards, session, key=f"turn-{number}", actions=actions, trace_id=turn.trace_id)
    if figures := [*_counts(turn.funnel), *([time_line(turn)] if turn.result else [])]:
        say(" · ".join(figures), key=f"small-figures-{number}")
    if turn.funnel:
        with st.expander("How these were chosen"), st.container(gap="xxsmall"):
            lines = (f"{step.count:,}  {step.step}{f': {step.rule}' if step.rule else ''}" for step in turn.funnel)
            say("\n".join(lines), key=f"small-funnel-{number}")


def _draw_change(turn: ShownTurn, number: int, actions: CardActions) -> None:
    """What the turn changed in the taste, with the reasons."""
    if turn.result is None or turn.result.preference.version <= turn.version_before:
        return
    if edits := edit_lines(turn.result.preference.edits):
        with st.container(key=f"note-changes-{number}", gap="xxsmall"):
            say("Your taste changed:", key=f"small-changed-{number}")
            for line, told in enumerate(edits):
                say(told, key=f"small-change-{number}-{line}")
            st.page_link(TASTE, label="See and correct it", icon=":material/favorite:", query_params=actions.address)


def time_line(turn: ShownTurn) -> str:
    """`3.1 s, models 2.6 s · cost unknown`; a cost is told in US dollars."""
    if turn.result is None:
        return ""
    cost = "cost unknown" if turn.cost_usd is None else f"${turn.cost_usd:.4f}" if turn.cost_usd else "no cost"
    return f"{turn.result.seconds:.1f} s, models {turn.result.model_seconds:.1f} s · {cost}"


def _counts(steps: tuple[FunnelStep, ...]) -> list[str]:
    """`600 → 412 → 200 → 20 → 4`, steps that left the count as it was left out."""
    counts = [step.count for step in steps]
    told = [count for place, count in enumerate(counts) if place == 0 or count != counts[place - 1]]
    return [" → ".join(f"{count:,}" for count in told)] if told else []


def _doing(turn: ShownTurn, first: bool) -> str:
    doing = turn.steps[-1] if turn.steps else "reading your message"
    loading = " (loading the model, once)" if first and not turn.reply and not turn.cards else ""
    return f"{escaped(doing)}{loading} · {time.monotonic() - turn.began:.0f} s"
