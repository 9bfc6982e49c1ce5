"""What a model saw in an item and which model that was, and the button that lets it look again."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from ui.conversation import Conversation, in_words
from ui.first_run import Step
from ui.gate import may_manage, still_admitted
from ui.look import say
from ui.opening import host
from ui.plain import escaped

if TYPE_CHECKING:
    from catalog.items import Item
    from graphs.session import Session
    from memory.item_index import ItemSummary
    from ui.host import Running

LOOK_S = 0.5


def draw_summary(item: Item, summary: ItemSummary | None, talk: Conversation, session: Session) -> None:
    """Draw the summary with its author, and whatever goes on about it."""
    with st.container(border=True, key="summary"):
        st.caption("What a model saw")
        if summary is None:
            say("Nothing yet: no model has looked at it.", key="item-summary")
        else:
            say(summary.text, key="item-summary")
            when = f"{summary.at.astimezone():%d %B %Y, %H:%M}"
            say(f"by {summary.model}, asked with {summary.prompt}, {when}", key="small-author")
        if not may_manage():
            return  # everybody reads it, so nobody who merely signed in has it written anew
        name = f"summarise {item.item_id}: {talk.profile}, {session.catalogue.name}"
        under_way = (running := host().named(name)) is not None and not running.over
        look = st.fragment(still_admitted(_draw_progress), run_every=LOOK_S if under_way else None)
        look(name, partial(_look, item, session), "Summarise again" if summary is not None else "Summarise")


def _draw_progress(name: str, work: Callable[[Callable[[Step], None]], object], label: str) -> None:
    """The button; while the model is at work, whoever asked for it, how far that is, and its end."""
    running: Running[Step] | None = host().named(name)
    followed: Running[Step] | None = st.session_state.get("summary-followed")
    if running is not None and not running.over:
        st.session_state["summary-followed"] = running
        steps = running.after(0, timeout_s=0)
        doing = escaped(steps[-1].what if steps else "beginning")
        st.progress(0.0, f"{doing} · {time.monotonic() - running.began:.0f} s")
        st.button("Stop", key="summary-stop", icon=":material/stop_circle:", type="tertiary", on_click=running.stop)
        return
    if running is not None and running is followed:
        st.session_state["summary-followed"] = None
        st.session_state["summary-ended"] = running
        st.rerun()  # the whole page: there is a new summary
    _draw_end(running if running is st.session_state.get("summary-ended") else None)
    help = "The model of this profile looks at it now. What is written above stays until there is something new."
    if st.button(label, key="summarise-again", icon=":material/refresh:", help=help):
        st.session_state["summary-followed"] = host().once(name, work)
        st.rerun()


def _draw_end(ended: Running[Step] | None) -> None:
    if ended is None:
        return
    if ended.stopped:
        st.info("Stopped; the summary is as it was.")
    elif ended.error is not None:
        st.error(f"{escaped(in_words(ended.error))} The summary is as it was.", icon=":material/error:")
    else:
        st.success("Written just now.", icon=":material/check:")


async def _look(item: Item, session: Session, put: Callable[[Step], None]) -> None:
    from graphs.describing import summarize_item

    def report(what: str, done: int, of: int) -> None:
        put(Step(what, done, of))

    await summarize_item(session.services, session.catalogue, item, report)
