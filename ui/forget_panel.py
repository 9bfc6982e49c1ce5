"""Forgetting the person who looks at the page: once their name was typed, with the proof at the end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from ui.choosing import open_thread
from ui.conversation import Conversation, in_words
from ui.gate import shown_name
from ui.look import say
from ui.plain import escaped

if TYPE_CHECKING:
    from graphs.forgetting import Proof
    from graphs.session import Session


def draw_forget(talk: Conversation, session: Session) -> None:
    """The panel; for somebody nothing is held of, nothing."""
    from graphs.belongings import held_of

    held = held_of(session.services, talk.user_id)
    if held.nothing and talk.user_id not in session.services.marks:
        return
    box = st.expander("Forget me", icon=":material/delete_forever:", key="forget", on_change="rerun")
    if not box.open:
        return
    with box:
        name = shown_name(talk.user_id)
        say(f"{held} of “{name}” will be erased for good. Export them first, above, to keep a copy.", key="held")
        typed = st.text_input("Type your name to go on", key="forget-name", placeholder=name)
        if st.button(
            "Forget everything",
            key="forget-now",
            type="primary",
            icon=":material/delete_forever:",
            disabled=typed != name or talk.under_way is not None,
        ):
            _forget(talk, session)


def draw_proof(user_id: str) -> None:
    """What became of forgetting this person, where that was done in this window."""
    proof: Proof | None = st.session_state.get("forgotten")
    if proof is None or proof.user_id != user_id:
        return
    from graphs.proof_wording import proof_lines

    with st.container(border=True, key="proof"):
        if proof.holds:
            st.success(
                "You are forgotten: every file was read, and nothing of you is left.", icon=":material/verified:"
            )
        else:
            st.error("You are not forgotten yet. Until you are, nothing of you is told. Try again.")
        for number, line in enumerate(proof_lines(proof)):
            say(line, key=f"small-proof-{number}")
        for number, one in enumerate(proof.remains):
            say(f"{one.where}: {one.what}", key=f"small-remains-{number}")


def _forget(talk: Conversation, session: Session) -> None:
    from graphs.forgetting import forget

    bar = st.progress(0.0, "erasing")

    def report(what: str, done: int, of: int) -> None:
        bar.progress(min(done / of, 1.0) if of else 0.0, escaped(what))

    try:
        st.session_state.forgotten = forget(session.services, talk.user_id, now=datetime.now(UTC), report=report)
    except Exception as error:
        st.error(escaped(in_words(error)), icon=":material/error:")
        return
    st.session_state.pop("trials", None)
    open_thread("", talk.catalogue)
    st.rerun()
