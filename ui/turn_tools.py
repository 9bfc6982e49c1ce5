"""What may be done about a turn that is over: edit what was asked, have it answered anew, branch off from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import streamlit as st

from ui.conversation import Pressed, ShownTurn, Undone
from ui.plain import escaped

_EDITING = "editing"


@dataclass(frozen=True)
class TurnTools:
    """Told what was chosen. resend: the turn, and the words to put in its place; None for the same ones."""

    resend: Callable[[ShownTurn, str | None], None]
    branch: Callable[[ShownTurn], None]

    def editing(self, turn: ShownTurn) -> bool:
        """Whether this is the turn whose message is being edited."""
        return bool(turn.turn_id) and st.session_state.get(_EDITING) == turn.turn_id


def draw_tools(turn: ShownTurn, number: int, tools: TurnTools) -> None:
    """Draw the row of small buttons under an answer."""
    with st.container(key=f"actions-turn-{number}", horizontal=True, gap="medium"):
        if turn.can_be_replaced and not turn.pressed:
            st.button(
                "Edit", key=f"edit-{number}", type="tertiary", icon=":material/edit:", on_click=_edit, args=(turn,)
            )
        if turn.can_be_replaced and not (turn.error or turn.stopped):
            st.button(
                "Answer anew",
                key=f"anew-{number}",
                type="tertiary",
                icon=":material/refresh:",
                on_click=tools.resend,
                args=(turn, None),
                help="Takes the place of this answer and of all after it; what they taught is taken back.",
            )
        if turn.turn_id and (turn.trace_id or turn.result):
            st.button(
                "Branch",
                key=f"branch-{number}",
                type="tertiary",
                icon=":material/alt_route:",
                on_click=tools.branch,
                args=(turn,),
                help="Go on from here in a conversation of its own; this one stays.",
            )


def draw_editing(turn: ShownTurn, number: int, tools: TurnTools) -> None:
    """Draw the message as a field to edit, in place of it."""

    def send() -> None:
        told = str(st.session_state[f"edited-{number}"]).strip()
        _leave()
        if told or turn.upload:
            tools.resend(turn, told)

    with st.container(key=f"editing-{number}", border=True):
        st.text_area("Your message", turn.message, key=f"edited-{number}", max_chars=4000)
        st.caption("It takes the place of this turn and of all after it. What they taught your taste is taken back.")
        with st.container(horizontal=True):
            st.button("Send", key=f"send-{number}", type="primary", on_click=send)
            st.button("Cancel", key=f"cancel-{number}", on_click=_leave)


def draw_next(turn: ShownTurn, *, reply: Callable[[str], None], react: Callable[[Pressed], None]) -> None:
    """Draw what may come after the last turn: short replies to its question, and critiques in force to take back."""
    if turn.quick_replies:
        with st.container(key="quick-replies", horizontal=True, gap="small"):
            for place, said in enumerate(turn.quick_replies):
                st.button(escaped(said), key=f"reply-quick-{place}", on_click=partial(reply, said))
    if turn.critiques:
        with st.container(key="critiques", horizontal=True, vertical_alignment="center", gap="small"):
            st.caption("In force:", width="content")
            for place, said in enumerate(turn.critiques):
                st.button(
                    escaped(said),
                    key=f"undo-critique-{place}",
                    icon=":material/close:",
                    help="Take it back",
                    on_click=partial(react, Undone(said)),
                )


def _edit(turn: ShownTurn) -> None:
    st.session_state[_EDITING] = turn.turn_id


def _leave() -> None:
    st.session_state.pop(_EDITING, None)
