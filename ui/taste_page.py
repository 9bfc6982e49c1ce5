"""The page of the taste: what is believed, why, how it came to be so, and what one may do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, time
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from agents.hand_edits import FactEdit, RemoveFact
from memory.preferences import Preference
from memory.taste_history import diff
from memory.taste_wording import POLARITIES, SIGNS, fact_line, maker
from ui.choosing import address_of
from ui.conversation import Conversation, in_words
from ui.diffs import draw_diff
from ui.fact_card import draw_fact, draw_fact_form
from ui.forget_panel import draw_forget, draw_proof
from ui.frame import CHAT
from ui.look import say
from ui.neighbours_panel import draw_neighbours
from ui.opening import draw_error
from ui.plain import escaped
from ui.thread_list import opened_beside_threads

if TYPE_CHECKING:
    from graphs.session import Session
    from graphs.taste import Taste

VERSIONS_SHOWN = 12


def draw_taste_page() -> None:
    """Draw the whole page."""
    talk: Conversation = st.session_state.talk
    session = opened_beside_threads(talk)
    if session is None:
        return
    from graphs.taste import Taste

    st.header("Your taste", anchor=False)
    draw_proof(talk.user_id)
    try:
        if talk.user_id in session.services.marks:
            st.markdown("Forgetting you was begun and did not come to its end: go on with it below.")
        else:
            _draw(Taste.of(session.services, talk.user_id, session.catalogue.name), talk, session)
            draw_neighbours(talk, session)
        draw_forget(talk, session)
    except Exception as error:
        draw_error(in_words(error), key="taste-again")


def _draw(taste: Taste, talk: Conversation, session: Session) -> None:
    if told := st.session_state.pop("taste-refused", ""):
        st.error(escaped(told), icon=":material/error:")
    current, change = taste.current(), partial(_change, taste)
    if current.version == 0:
        st.markdown(
            "Nothing is believed about your taste yet. Say what you like, or give a thumb to a card: it is rewritten "
            "as you go, here in words and facts, each with what it rests on. Or say it yourself, below."
        )
        st.page_link(CHAT, label="Ask for something", icon=":material/chat:", query_params=address_of(talk))
        draw_fact_form(None, change, key="new")
        return
    _draw_prose(taste, current, talk, session)
    for polarity, heading in POLARITIES.items():
        facts = [fact for fact in current.holding if fact.polarity == polarity]
        if facts:
            st.subheader(heading, anchor=False)
        for fact in facts:
            draw_fact(fact, taste, change, address_of(talk))
    kept_out = [fact for fact in current.facts if fact.retracted and fact.pinned]
    if kept_out:
        st.subheader("Kept out by you", anchor=False)
    for fact in kept_out:
        with st.container(horizontal=True, vertical_alignment="center", key=f"out-{fact.fact_id}"):
            say(f"{fact.aspect}: {fact.value}", key=f"out-words-{fact.fact_id}")
            again = RemoveFact(fact_id=fact.fact_id, pinned=False)
            st.button("Let it come back", key=f"let-{fact.fact_id}", type="tertiary", on_click=change, args=(again,))
    with st.expander("Add something", icon=":material/add:"):
        draw_fact_form(None, change, key="new")
    _draw_timeline(taste, current)


def _draw_prose(taste: Taste, current: Preference, talk: Conversation, session: Session) -> None:
    if current.prose:
        with st.container(border=True):
            say(current.prose, key="prose-page")
    when = f", {current.updated_at.astimezone():%d %B %Y at %H:%M}" if current.updated_at is not None else ""
    say(f"version {current.version}, by {maker(current)}{when}", key="small-version")
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Undo the last change",
            key="undo-version",
            icon=":material/undo:",
            on_click=_undo,
            args=(taste, None),
            help="Goes back to the version before, as a new one: nothing is lost, and undoing twice returns.",
        )
        st.download_button(
            "Export all that is held about you",
            data=partial(_export, session, talk.user_id),
            file_name="palate-taste.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            key="export-taste",
        )


def _draw_timeline(taste: Taste, current: Preference) -> None:
    """The versions, newest first; one that is opened shows what it changed."""
    st.subheader("Versions", anchor=False)
    versions = taste.history()
    older = [*versions[1:], Preference(user_id=taste.user_id)]
    limit = VERSIONS_SHOWN if not st.session_state.get("every-version") else len(versions)
    for one, before in list(zip(versions, older, strict=True))[:limit]:
        difference = diff(before, one)
        kinds = Counter(change.kind for change in difference.changes)
        counts = " ".join(f"{sign}{kinds[kind]}" for kind, sign in SIGNS.items() if kinds[kind] and kind != "noted")
        when = f" · {one.updated_at.astimezone():%d %b %Y, %H:%M}" if one.updated_at is not None else ""
        label = f"Version {one.version}{when} · {maker(one)}{f' · {counts}' if counts else ''}"
        box = st.expander(escaped(label), key=f"version-{one.version}", on_change="rerun")
        if not box.open:
            continue
        with box:
            draw_diff(difference)
            if one.version != current.version:
                st.button(
                    "Go back to this version",
                    key=f"restore-{one.version}",
                    icon=":material/undo:",
                    on_click=_undo,
                    args=(taste, one.version),
                )
    _draw_as_of(taste)
    if len(versions) > limit:
        st.toggle(f"All {len(versions)} versions", key="every-version")


def _draw_as_of(taste: Taste) -> None:
    """The taste as it was at the end of a day."""
    day = st.date_input("As it was at the end of", value=None, max_value="today", key="as-of", format="YYYY-MM-DD")
    if day is None:
        return
    then = taste.as_of(datetime.combine(day, time.max).astimezone())
    with st.container(border=True, key="then"):
        if then.version == 0:
            say("Nothing was believed yet.", key="then-nothing")
            return
        say(f"version {then.version}, by {maker(then)}", key="small-then")
        if then.prose:
            say(then.prose, key="prose-then")
        lines = [f"{POLARITIES[fact.polarity]} {fact_line(fact)} {fact.strength:.2f}" for fact in then.holding]
        say("\n".join(lines), key="then-facts")


def _change(taste: Taste, edit: FactEdit) -> None:
    """Change the taste by hand; what went wrong is shown on the page that is drawn next."""
    _tried(lambda: taste.edit(edit))


def _undo(taste: Taste, to: int | None) -> None:
    _tried(lambda: taste.undo(to))


def _tried(do: Callable[[], Preference]) -> None:
    try:
        do()
    except Exception as error:
        st.session_state["taste-refused"] = in_words(error)


def _export(session: Session, user_id: str) -> bytes:
    from graphs.taste_export import export_user, to_json

    return to_json(export_user(session.services, user_id, now=datetime.now(UTC))).encode("utf-8")
