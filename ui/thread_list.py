"""The conversations of one person in the sidebar: open, search, rename and delete."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from ui.choosing import open_thread
from ui.conversation import Conversation, in_words
from ui.look import say
from ui.opening import opened
from ui.plain import escaped

if TYPE_CHECKING:
    from graphs.conversations import ConversationRow, Conversations
    from graphs.session import Session

SHOWN, MORE = 8, 20
LONGEST_NAME = 80


def opened_beside_threads(talk: Conversation) -> Session | None:
    """The session of the conversation, with the list of conversations in the sidebar; see `ui.opening.opened`."""
    session = opened(talk)
    if session is not None:
        with st.sidebar:
            draw_threads(talk, session)
    return session


def draw_threads(talk: Conversation, session: Session) -> None:
    """Draw the latest conversations, those that a search finds, and what can be done with the one under way."""
    from graphs.conversations import Conversations

    with st.expander("Conversations", icon=":material/forum:", key="threads"):
        try:
            own = Conversations.of(session.services, talk.user_id)
            words = st.text_input("Search", key="thread-words", placeholder="in names and messages").strip()
            shown = st.session_state.get("threads-shown", SHOWN)
            found = own.list(words, limit=shown + 1)
            current = own.of_ids([talk.thread_id]).get(talk.thread_id)
        except Exception as error:
            say(in_words(error), key="small-threads-failed")
            return
        if not found:
            say("None has these words." if words else "None yet: say something.", key="small-no-threads")
        for row in found[:shown]:
            _draw_row(row, talk, session)
        if len(found) > shown:
            st.button("Show more", key="more-threads", type="tertiary", on_click=_show_more, args=(shown,))
        if current is not None:
            _draw_current(own, current, talk)


def _draw_row(row: ConversationRow, talk: Conversation, session: Session) -> None:
    catalogue = talk.catalogue if row.catalogue == session.catalogue.name else row.catalogue
    st.button(
        escaped(row.name),
        key=f"thread-{row.thread_id}",
        type="secondary" if row.thread_id == talk.thread_id else "tertiary",
        width="stretch",
        help=f"{row.turns} turn{'s' if row.turns != 1 else ''}, the latest on {row.at:%d %B %Y at %H:%M}",
        on_click=partial(_open, row.thread_id, catalogue),
    )


def _draw_current(own: Conversations, row: ConversationRow, talk: Conversation) -> None:
    """Name the conversation under way, or delete it."""

    def rename() -> None:
        own.rename(row.thread_id, st.session_state[f"name-{row.thread_id}"] or "")

    def delete() -> None:
        own.delete(row.thread_id)
        open_thread("", talk.catalogue)

    with st.popover("This conversation", icon=":material/edit:", width="stretch", key="thread-edit"):
        st.text_input(
            "Name",
            value=row.name if row.named else "",
            placeholder=row.name,
            max_chars=LONGEST_NAME,
            key=f"name-{row.thread_id}",
            on_change=rename,
        )
        st.caption("Deleting erases what was said here and how it was answered. What was learned stays in your taste.")
        st.button(
            "Delete for good",
            key="delete-thread",
            icon=":material/delete:",
            disabled=talk.under_way is not None,
            on_click=delete,
        )


def _open(thread_id: str, catalogue: str) -> None:
    open_thread(thread_id, catalogue)
    st.session_state.go_to_chat = True


def _show_more(shown: int) -> None:
    st.session_state["threads-shown"] = shown + MORE
