"""The offer to go on with a set-up that was broken off, and how far that has come."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from ui.conversation import Conversation, in_words
from ui.first_run import GO_ON, Step, go_on
from ui.gate import may_manage, still_admitted
from ui.opening import host
from ui.plain import escaped

if TYPE_CHECKING:
    from graphs.session import Session
    from ui.host import Running

POLL = "1s"


def draw_set_up_notice(talk: Conversation, session: Session) -> None:
    """Say what an interruption left undone, if anything; nothing of it holds up the conversation."""
    name = f"{GO_ON}: {talk.profile}, {session.catalogue.name}"
    running = host().named(name)
    if running is not None and not running.over:
        _draw_progress(name)
        return
    over = running is not None and running.error is None  # what is left now, the model could not do
    if over or st.session_state.get("finished") == name:
        return
    from graphs.setup import unfinished

    left = unfinished(session.services, session.catalogue)
    if left.nothing:
        st.session_state.finished = name
        return
    told = [f"{left.unindexed:,} items are not found by any search yet."] if left.unindexed else []
    if left.undescribed:
        told.append(
            f"{left.undescribed:,} of {left.pictured:,} pictures were not looked at yet: only titles are known."
        )
    with st.container(border=True, key="set-up-notice"):
        if running is not None and running.error is not None:
            st.warning(f"{escaped(in_words(running.error))} What is done stays done.")
        st.markdown(" ".join(told))
        if may_manage() and st.button("Go on with the set-up", key="go-on", icon=":material/play_arrow:"):
            host().once(name, partial(go_on, session))
            st.rerun()


@st.fragment(run_every=POLL)  # type: ignore[untyped-decorator]  # Streamlit is read as untyped
@still_admitted
def _draw_progress(name: str) -> None:
    running: Running[Step] | None = host().named(name)
    if running is None or running.over:
        st.rerun()
        return
    steps = running.after(0, timeout_s=0)
    step = steps[-1] if steps else Step("beginning", 0, 0)
    st.progress(step.share, escaped(step.told))
