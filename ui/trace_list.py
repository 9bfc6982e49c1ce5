"""The page of traces: the turns of one person, newest first, and the one that was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from tracing.reading import cost_told
from ui.choosing import address_of
from ui.compare_page import draw_comparison
from ui.conversation import Conversation, in_words
from ui.frame import CHAT, TRACES
from ui.look import say
from ui.opening import draw_error
from ui.plain import escaped
from ui.thread_list import opened_beside_threads
from ui.trace_page import draw_trace

if TYPE_CHECKING:
    from graphs.conversations import Conversations
    from graphs.session import Session
    from tracing.storage import TraceRow

PAGE = 20
EVERY = "every conversation"


def draw_traces() -> None:
    """Draw one turn where the address names its trace, else the list."""
    talk: Conversation = st.session_state.talk
    session = opened_beside_threads(talk)
    if session is None:
        return
    from graphs.conversations import Conversations

    try:
        own = Conversations.of(session.services, talk.user_id)
        trace_id = st.query_params.get("trace", "")
        if trace_id:
            _draw_one(own, trace_id, talk, session)
        else:
            _draw_list(own, talk)
    except Exception as error:
        draw_error(in_words(error), key="traces-again")


def _draw_one(own: Conversations, trace_id: str, talk: Conversation, session: Session) -> None:
    st.page_link(TRACES, label="All traces", icon=":material/arrow_back:", query_params=address_of(talk))
    trace = own.turn(trace_id)
    if trace is None:
        st.info(
            f"{escaped(talk.user_id)} has no trace of that id. It may be another person's: choose who you are in the "
            "sidebar. Or the profile keeps none (`trace: {enabled: false}`), or its conversation was deleted."
        )
        return
    if beside := own.turn(st.query_params.get("beside", "")):
        st.page_link(
            TRACES,
            label="The first alone",
            icon=":material/account_tree:",
            query_params={**address_of(talk), "trace": trace_id},
        )
        same = trace.started.catalogue == session.catalogue.name
        draw_comparison(trace, beside, session.catalogue if same else None)
        return
    draw_trace(trace, own, session, item_id=st.query_params.get("item", ""), address=address_of(talk))


def _draw_list(own: Conversations, talk: Conversation) -> None:
    st.header("Traces", anchor=False)
    threads = own.list()
    if not threads:
        st.markdown(
            "Each answer leaves a trace: every step and its time, what each model was asked and answered, how the "
            "catalogue was narrowed to the slate, and what was decided about each candidate. There is none yet."
        )
        st.page_link(CHAT, label="Ask for something", icon=":material/chat:", query_params=address_of(talk))
        return
    names = {row.thread_id: row.name for row in threads}
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    thread = left.selectbox(
        "Conversation", [EVERY, *names], format_func=lambda one: names.get(one, one), key="trace-thread"
    )
    errors = right.toggle("Only what went wrong", key="trace-errors")
    limit = st.session_state.get("traces-shown", PAGE)
    rows = own.turns(limit=limit + 1, thread_id=thread if thread in names else None, errors_only=errors)
    if not rows:
        st.caption("Nothing went wrong here." if errors else "No turn is recorded here.")
    for row in rows[:limit]:
        _draw_row(row, names.get(row.thread_id, ""), talk)
    if len(rows) > limit:
        st.button("Show more", key="more-traces", on_click=_show_more, args=(limit,))


def _draw_row(row: TraceRow, name: str, talk: Conversation) -> None:
    with st.container(border=True, gap="xxsmall", key=f"trace-{row.trace_id}"):
        asked = {**address_of(talk), "trace": row.trace_id}
        label = escaped(row.message) or "A picture, without words"
        st.page_link(TRACES, label=label, query_params=asked, width="stretch")
        shown = f"{row.slate} shown · " if row.slate else ""
        calls = f"{row.calls} model call{'s' if row.calls != 1 else ''}"
        figures = f"{row.seconds:.1f} s · {calls} · {shown}cost {cost_told(row.cost_usd)} · {row.profile}"
        say(f"{row.at.astimezone():%d %b %Y, %H:%M} · {figures}", key=f"small-trace-{row.trace_id}")
        say(f"in “{name}”", key=f"small-trace-thread-{row.trace_id}")
        if row.error:
            st.error(escaped(row.error), icon=":material/error:")


def _show_more(limit: int) -> None:
    st.session_state["traces-shown"] = limit + PAGE
