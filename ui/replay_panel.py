"""Taking a recorded turn again, or one model call of it, and what that was taken again before."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from tracing.events import ModelCall, Trace
from ui.conversation import in_words
from ui.frame import TRACES
from ui.look import say
from ui.opening import host
from ui.plain import escaped
from ui.profile_choice import pick_profile

if TYPE_CHECKING:
    from graphs.conversations import Conversations
    from graphs.replay import Cast
    from graphs.session import Session

LONGEST_S = 600


def draw_replay(trace: Trace, own: Conversations, session: Session, address: Mapping[str, str]) -> None:
    """The panel of one turn. address: of the conversation, for the links."""
    box = st.expander("Replay, and compare", icon=":material/replay:", key="replay", on_change="rerun")
    if not box.open:
        return
    with box:
        st.caption("A replay runs on a copy: nothing of it reaches the conversation, the record or the taste.")
        profile = pick_profile(st.container(), "On the profile", key="replay-profile")
        _draw_turn(trace, session, profile, address)
        _draw_call(trace, session, profile, address)
        _draw_earlier(trace, own, address)


def _draw_turn(trace: Trace, session: Session, profile: str, address: Mapping[str, str]) -> None:
    from graphs.replay import replay_turn

    started = trace.started
    if st.button("Take the whole turn again", key="replay-turn", type="primary", icon=":material/replay:"):
        _run(
            lambda by: replay_turn(session.services, started.user_id, trace.trace_id, by=by),
            profile, session, trace, address,
        )  # fmt: skip


def _draw_call(trace: Trace, session: Session, profile: str, address: Mapping[str, str]) -> None:
    from graphs.replay import replay_call

    calls = {number: call for number, call in enumerate(trace.of(ModelCall)) if call.kind != "embed"}
    if not calls:
        return
    number = st.selectbox(
        "Or one model call",
        list(calls),
        index=len(calls) - 1,
        format_func=lambda one: f"{calls[one].role} · {calls[one].prompt or calls[one].kind}",
        key="replay-call",
    )
    asked = st.text_area("asked in these words", calls[number].rendered, height=220, key=f"replay-words-{number}")
    if st.button("Ask again", key="ask-again", icon=":material/edit_note:"):
        started = trace.started
        _run(
            lambda by: replay_call(
                session.services, started.user_id, trace.trace_id, number, by=by, rendered=asked or None
            ),
            profile, session, trace, address,
        )  # fmt: skip


def _draw_earlier(trace: Trace, own: Conversations, address: Mapping[str, str]) -> None:
    """Links to what the turn can be laid beside: its replays, then the latest turns."""
    told = [(row, "replay") for row in own.replays_of(trace)]
    told += [(row, row.message) for row in own.turns(limit=8) if row.trace_id != trace.trace_id]
    if told:
        st.caption("Lay beside it")
    for row, words in told:
        label = f"{row.at.astimezone():%H:%M:%S} · {row.profile} · {words or 'a picture'}"
        asked = {**address, "trace": trace.trace_id, "beside": row.trace_id}
        st.page_link(TRACES, label=escaped(label), icon=":material/compare_arrows:", query_params=asked)


def _run(
    start: Callable[[Cast], Coroutine[Any, Any, Trace]],
    profile: str,
    session: Session,
    trace: Trace,
    address: Mapping[str, str],
) -> None:
    """Replay by the models of a profile, and go to the page that shows both."""
    try:
        with st.spinner("Taking it again"):
            replay = host().wait(start(host().cast(profile, session)), timeout_s=LONGEST_S)
    except Exception as error:
        st.error(escaped(in_words(error)), icon=":material/error:")
        return
    say(f"kept as {replay.trace_id}", key="small-kept")
    st.switch_page(TRACES, query_params={**address, "trace": trace.trace_id, "beside": replay.trace_id})
