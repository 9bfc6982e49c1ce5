"""Who talks about what with which models: the pickers, the conversation they choose, and the address that keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ui.conversation import Conversation, thread_of
from ui.gate import LONGEST_NAME, draw_sign_out, local_name, signed_in
from ui.profile_choice import begins_with, pick_profile, profile_of, profiles_known, short_name

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

ME = "me"


def choose() -> Conversation:
    """Draw the pickers and return the conversation that they, or the page's address, name."""
    state, address = st.session_state, _named_in_address()
    profiles = profiles_known()
    if (begun := state.pop("next_profile", "")) or "profile" not in state:
        begin_with(begun or begins_with().profile)
    if (named := profile_of(address.get("profile", ""))) is not None and named != state.profile:
        state.profile = named
    busy = "talk" in state and state.talk.under_way is not None
    if (signed := signed_in()) is not None:
        draw_sign_out(signed)
        person, column = signed.user_id, st.container()
    else:
        left, column = st.columns(2)
        person = _pick_person(left, address, disabled=busy)
    profile = profiles[0]
    if len(profiles) > 1:
        profile = pick_profile(column, "Profile", key="profile", disabled=busy, help="Which models answer.")
    talk = _chosen(person, profile, address)
    st.button(
        "New conversation",
        key="new-conversation",
        icon=":material/add:",
        width="stretch",
        on_click=open_thread,
        args=("", talk.catalogue),
        disabled=not (talk.turns or talk.thread_id),
    )
    return talk


def _pick_person(column: DeltaGenerator, address: dict[str, str], *, disabled: bool) -> str:
    """Draw the picker of local people and return the one that it, or the page's address, names."""
    state = st.session_state
    if "people" not in state:
        state.people = list(dict.fromkeys([address.get("person", ME), ME]))
    if (person := address.get("person")) and person != state.get("person"):
        state.people = list(dict.fromkeys([*state.people, person]))
        state.person = person

    def typed() -> None:
        state.person = local_name(state.person or "", ME)
        state.people = list(dict.fromkeys([*state.people, state.person]))

    picked: str | None = column.selectbox(
        "Person",
        state.people,
        key="person",
        accept_new_options=True,
        disabled=disabled,
        on_change=typed,
        help="Type a name to be someone else.",
    )
    return local_name(picked or "", ME)


def open_thread(thread_id: str, catalogue: str) -> None:
    """Leave the conversation, ending its turn, for another of the same person; an empty id begins one.

    A new one begins with what all begin with, unless a profile was chosen in this window.
    """
    talk: Conversation = st.session_state.talk
    if (turn := talk.under_way) is not None:
        turn.stop()
    unchosen = talk.profile == st.session_state.get("began_with")
    profile = talk.profile
    if unchosen and not thread_id:  # the picker takes it when it is drawn next: it may have been drawn in this run
        profile = st.session_state.next_profile = begins_with().profile
    st.session_state.talk = Conversation(talk.user_id, profile, thread_id, catalogue)
    put_in_address()


def begin_with(profile: str) -> None:
    """Go on with the profile that new conversations begin with, as one that nobody chose in this window.

    Only before the picker is drawn, or in a callback.
    """
    st.session_state.profile = st.session_state.began_with = profile


def put_in_address() -> None:
    """Write into the page's address who talks where, so that a reload and a second tab go on with it.

    All of it is told to the browser each time: Streamlit leaves out of its address bar what a link to the same page
    named, such as an item, and would forget that with the next press of a button.
    """
    told = address_of(st.session_state.talk)
    for name in ("thread", "person", "profile", "catalogue"):
        if name not in told:
            st.query_params.pop(name, None)
    st.query_params.update(told)
    st.session_state.told = told


def address_of(talk: Conversation) -> dict[str, str]:
    """The parameters of an address that leads to a conversation; for links to other pages as well."""
    told = {"thread": talk.thread_id, "catalogue": talk.catalogue}
    if signed_in() is None and (talk.user_id != ME or talk.thread_id):
        told["person"] = talk.user_id
    if talk.profile != begins_with().profile:
        told["profile"] = short_name(talk.profile)
    return {name: value for name, value in told.items() if value}


def _named_in_address() -> dict[str, str]:
    """What somebody wrote into the address, or came back to, since it was last written here; only what can be."""
    told, given = st.session_state.get("told", {}), st.query_params
    named = {
        "thread": thread_of(given.get("thread", "")),
        "person": local_name(given.get("person", ""), "") if signed_in() is None else "",
        "profile": given.get("profile", ""),
        "catalogue": given.get("catalogue", "")[:LONGEST_NAME],
    }
    return {name: value for name, value in named.items() if value and value != told.get(name)}


def _chosen(person: str, profile: str, address: dict[str, str]) -> Conversation:
    """The conversation to draw: the one there is, unless a picker or the address chose another."""
    state = st.session_state
    known: Conversation | None = state.get("talk")
    same = known is not None and (known.user_id, known.profile) == (person, profile)
    thread, catalogue = address.get("thread", ""), address.get("catalogue", "")
    if known is None:
        state.talk = Conversation(person, profile, thread, catalogue)
    elif not same or thread not in ("", known.thread_id) or catalogue not in ("", known.catalogue):
        if known.under_way is not None:
            known.under_way.stop()
        thread = thread or (known.thread_id if known.user_id == person and not same else "")  # on another profile
        state.talk = Conversation(person, profile, thread, catalogue or (known.catalogue if same else ""))
    talk: Conversation = state.talk
    return talk
