"""Opening what a page talks to: the session of a profile and a catalogue, and the demo's set-up where it is missing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from ui.choosing import open_thread
from ui.conversation import Conversation, in_words
from ui.first_run import SET_UP, Step, set_up_demo
from ui.gate import may_manage
from ui.host import Host, Running
from ui.plain import escaped

if TYPE_CHECKING:
    from graphs.session import Session


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]  # Streamlit is read as untyped
def host() -> Host:
    """The one host of this process; all who look at the page share it."""
    return Host()


def opened(talk: Conversation) -> Session | None:
    """The session of the conversation, or None when it cannot be had: then the page says why and what to do."""
    if failure := st.session_state.pop("set_up_failure", ""):
        st.warning(f"{escaped(failure)} What is done stays done; try again to go on from there.")
    try:
        with st.spinner("Opening the catalogue and the memory"):
            session: Session = host().session(talk.profile, talk.catalogue)
            return session
    except Exception as error:
        if type(error).__name__ == "UnknownCatalogue" and getattr(error, "name", "") == "demo":
            _offer_set_up(talk.profile)
        else:
            draw_error(in_words(error), key="open-again")
            if talk.catalogue:
                st.button("Use the profile's own catalogue", key="own-catalogue", on_click=open_thread, args=("", ""))
        return None


def draw_error(told: str, *, key: str) -> None:
    """An error in words, and a button that tries the same again by drawing the page anew."""
    st.error(escaped(told), icon=":material/error:")
    st.button("Try again", key=key, icon=":material/refresh:")


def _offer_set_up(profile: str) -> None:
    """The button that sets the demo up; where that is under way already, whoever began it, its progress."""
    if not may_manage():
        st.markdown(
            "There is no catalogue yet. Whoever keeps this server brings one in: `palate demo`, `palate import`."
        )
        return
    running = host().named(SET_UP)
    if running is None or running.over:
        st.markdown(
            "There is no catalogue yet. The demo is an art-print shop of 600 prints, drawn here in a minute or two. "
            "You may leave this page meanwhile, and what an interruption leaves undone is gone on with."
        )
        if not st.button("Draw the demo catalogue", key="set-up", type="primary"):
            return
        running = host().once(SET_UP, partial(set_up_demo, profile))
    follow_steps(running)
    if running.error is not None:
        st.session_state.set_up_failure = in_words(running.error)
    st.rerun()


def follow_steps(running: Running[Step]) -> None:
    """Draw the progress until the work is over."""
    bar, seen, step = st.progress(0.0, "beginning"), 0, Step("beginning", 0, 0)
    while not running.over:
        events = running.after(seen, timeout_s=0.25)
        seen, step = seen + len(events), events[-1] if events else step
        bar.progress(step.share, escaped(step.told))
