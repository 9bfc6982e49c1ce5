"""The page of traces: the turns of one person, newest first, and the one that was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from tracing.reading import cost_told
from ui.choosing import address_of
from ui.compare_page import draw_comparison
from ui.conversation import Conversation, in_words
from ui.frame import CHAT, TRACES
from ui.gate import shown_name, still_admitted
from ui.look import say
from ui.opening import draw_error
from ui.plain import escaped
from ui.profile_choice import profiles_known, short_name
from ui.thread_list import opened_beside_threads
from ui.trace_page import draw_trace

if TYPE_CHECKING:
    from graphs.conversations import Conversations
    from graphs.session import Session
    from tracing.rows import TraceRow

PAGE, THREADS_OFFERED = 20, 50
EVERY, ANY = "every conversation", "any"
SLOW_S, COSTLY_USD = 10.0, 0.01
LIVE_S = 3


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
            f"{escaped(shown_name(talk.user_id))} has no trace of that id. It may be another person's: the "
            "sidebar tells who you are. Or the profile keeps none (`trace: {enabled: false}`), or its conversation was "
            "deleted."
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
    threads = own.list(limit=THREADS_OFFERED)
    if not threads:
        st.markdown(
            "Each answer leaves a trace: every step and its time, what each model was asked and answered, how the "
            "catalogue was narrowed to the slate, and what was decided about each candidate. There is none yet."
        )
        st.page_link(CHAT, label="Ask for something", icon=":material/chat:", query_params=address_of(talk))
        return
    wanted = _draw_filters({row.thread_id: row.name for row in threads})
    live = st.session_state.get("trace-live", False)
    st.fragment(still_admitted(_draw_rows), run_every=LIVE_S if live else None)(own, talk, wanted)


def _draw_filters(names: Mapping[str, str]) -> dict[str, Any]:
    """Draw what the list is narrowed by, and return it as `Conversations.turns` takes it."""
    left, middle, right = st.columns([2, 2, 1])
    words = left.text_input("Search", key="trace-words", placeholder="in messages").strip()
    thread = middle.selectbox(
        "Conversation", [EVERY, *names], format_func=lambda one: names.get(one, one), key="trace-thread"
    )
    profiles = [short_name(one) for one in profiles_known()]
    profile = right.selectbox("Profile", [ANY, *profiles], key="trace-profile")
    with st.container(horizontal=True):
        errors = st.toggle("Only what went wrong", key="trace-errors")
        slow = st.toggle(f"Slow: {SLOW_S:.0f} s or more", key="trace-slow")
        costly = st.toggle(f"Costly: ${COSTLY_USD:.2f} or more", key="trace-costly")
        st.toggle("Live", key="trace-live", help="New turns appear as they end.")
    return {
        "words": words,
        "thread_id": thread if thread in names else None,
        "profile": profile if profile in profiles else None,
        "errors_only": errors,
        "min_seconds": SLOW_S if slow else 0.0,
        "min_cost_usd": COSTLY_USD if costly else 0.0,
    }


def _draw_rows(own: Conversations, talk: Conversation, wanted: Mapping[str, Any]) -> None:
    limit = st.session_state.get("traces-shown", PAGE)
    rows = own.turns(limit=limit + 1, **wanted)
    if not rows:
        st.caption("Nothing went wrong here." if wanted["errors_only"] else "No turn is like this.")
    threads, address = own.of_ids({row.thread_id for row in rows[:limit]}), address_of(talk)
    for row in rows[:limit]:
        _draw_row(row, threads[row.thread_id].name if row.thread_id in threads else "", address)
    if len(rows) > limit:
        st.button("Show more", key="more-traces", on_click=_show_more, args=(limit,))


def _draw_row(row: TraceRow, name: str, address: Mapping[str, str]) -> None:
    with st.container(border=True, gap="xxsmall", key=f"trace-{row.trace_id}"):
        asked = {**address, "trace": row.trace_id}
        label = escaped(row.message) or "A picture, without words"
        st.page_link(TRACES, label=label, query_params=asked, width="stretch")
        shown = f"{row.slate} shown · " if row.slate else ""
        calls = f"{row.calls} model call{'s' if row.calls != 1 else ''}"
        figures = f"{row.seconds:.1f} s · {calls} · {shown}cost {cost_told(row.cost_usd)} · {row.profile}"
        when = f"{row.at.astimezone():%d %b %Y, %H:%M} · {figures}"
        say(f"{when}\nin “{name}”", key=f"small-trace-{row.trace_id}")
        if row.error:
            st.error(escaped(row.error), icon=":material/error:")


def _show_more(limit: int) -> None:
    st.session_state["traces-shown"] = limit + PAGE
