"""The page from top to bottom: who talks with which profile, the conversation, the taste beside it."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from agents.state import Reaction
from ui.cards import draw_shop_window
from ui.conversation import Conversation, in_words, thread_of
from ui.first_run import Step, set_up_demo
from ui.host import Host
from ui.look import ICON, style
from ui.openers import openers
from ui.plain import escaped
from ui.taste_panel import draw_taste
from ui.turns import draw_turn, follow

if TYPE_CHECKING:
    from streamlit.typing import ChatInputValue

    from graphs.session import Session

LONGEST_MESSAGE = 4000
PICTURE_TYPES = ["jpg", "jpeg", "png", "webp"]


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]  # Streamlit is read as untyped
def host() -> Host:
    """The one host of this process; all who look at the page share it."""
    return Host()


def draw_page() -> None:
    """Draw everything, and run the turn that was asked for. Nothing heavy is imported before the first paint."""
    st.set_page_config("Palate", page_icon=ICON, layout="centered", initial_sidebar_state="auto")
    style()
    with st.sidebar:
        st.title("Palate", anchor=False)
        talk = _choose()
        taste = st.container(key="taste")
    typed = st.chat_input(
        "Say what you are looking for, or show a picture",
        accept_file=True,
        file_type=PICTURE_TYPES,
        max_chars=LONGEST_MESSAGE,
        submit_mode="disable",
        disabled=talk.under_way is not None,
    )
    greeting = st.empty().container(key="greeting") if not talk.thread_id and not typed else st.empty()
    if not talk.thread_id and not typed:
        with greeting:
            _greet()
    session = _open(talk)
    if session is None:
        if typed and typed.text.strip():
            st.session_state.chosen = typed.text.strip()  # asked as soon as there is something to choose from
        return
    with taste:
        draw_taste(session.taste(talk.user_id))
    _restore(talk, session)
    if not talk.turns and not typed:
        with greeting:
            _offer_openers(session)
    _begin(talk, session, typed)
    _draw_turns(talk, session)


def _choose() -> Conversation:
    """Who is talking, with which profile: the pickers, and the conversation they choose."""
    state = st.session_state
    if "people" not in state:
        state.people = list(dict.fromkeys([st.query_params.get("person", "me")[:80] or "me", "me"]))
    busy = "talk" in state and state.talk.under_way is not None
    left, right = st.columns(2)
    person = left.selectbox(
        "Person",
        state.people,
        key="person",
        accept_new_options=True,
        disabled=busy,
        help="Type a name to be someone else.",
    )
    profiles = _profiles()
    profile = right.selectbox(
        "Profile",
        profiles,
        key="profile",
        format_func=lambda name: Path(name).stem,
        disabled=busy,
        help="Which models answer.",
    )
    person = (person or "me").strip()[:80] or "me"
    if person not in state.people:
        state.people.append(person)
    if "talk" not in state:
        state.talk = Conversation(person, profile, thread_of(st.query_params.get("thread", "")))
    elif (state.talk.user_id, state.talk.profile) != (person, profile):
        _start_over(person, profile)
    st.button(
        "New conversation",
        key="new-conversation",
        icon=":material/add:",
        width="stretch",
        on_click=_start_over,
        args=(person, profile),
        disabled=not (state.talk.turns or state.talk.thread_id),
    )
    talk: Conversation = state.talk
    return talk


def _profiles() -> list[str]:
    """The profiles to choose from, the one in PALATE_PROFILE first."""
    from profiles.settings import FOLDER, profile_names

    given = os.environ.get("PALATE_PROFILE") or "demo"
    if Path(given).parent == FOLDER:
        given = Path(given).stem
    return list(dict.fromkeys([given, *profile_names()]))


def _start_over(person: str, profile: str) -> None:
    """Leave the conversation, ending its turn, and begin an empty one."""
    if (turn := st.session_state.talk.under_way) is not None:
        turn.stop()
    st.session_state.talk = Conversation(person, profile)
    st.query_params.pop("thread", None)


def _greet() -> None:
    st.header("What are you in the mood for?", anchor=False)
    st.markdown(
        "Say it in your own words, or show a picture. Every answer tells why, and every like or dislike "
        "changes what Palate believes about your taste: you can read it beside this page."
    )


def _offer_openers(session: Session) -> None:
    def choose(opener: str) -> None:
        st.session_state.chosen = opener

    with st.container(horizontal=True, key="openers"):
        for number, opener in enumerate(openers(session.catalogue)):
            st.button(escaped(opener), key=f"opener-{number}", on_click=partial(choose, opener))
    draw_shop_window(session)
    st.caption(f"{len(session.catalogue):,} items in the catalogue {escaped(session.catalogue.name)}.")


def _open(talk: Conversation) -> Session | None:
    """The session of the conversation, or None when it cannot be had: then the page says why and what to do."""
    if failure := st.session_state.pop("set_up_failure", ""):
        st.warning(escaped(failure))
    try:
        with st.spinner("Opening the catalogue and the memory"):
            session: Session = host().session(talk.profile)
            return session
    except Exception as error:
        if type(error).__name__ == "UnknownCatalogue":
            _offer_set_up(talk.profile, getattr(error, "name", ""), error)
        else:
            st.error(escaped(in_words(error)), icon=":material/error:")
        return None


def _offer_set_up(profile: str, catalogue: str, error: Exception) -> None:
    if catalogue != "demo":
        st.error(escaped(in_words(error)), icon=":material/error:")
        return
    st.markdown(
        "There is no catalogue yet. The demo is an art-print shop of 600 prints, drawn here in a minute or two."
    )
    if not (st.button("Draw the demo catalogue", key="set-up", type="primary") or st.session_state.get("setting_up")):
        return
    st.session_state.setting_up = True
    running = host().once("set up the demo", partial(set_up_demo, profile))
    bar, seen, step = st.progress(0.0, "beginning"), 0, Step("beginning", 0, 0)
    while not running.over:
        events = running.after(seen, timeout_s=0.25)
        seen, step = seen + len(events), events[-1] if events else step
        bar.progress(step.share, escaped(f"{step.what} {step.done} of {step.of}" if step.of else step.what))
    st.session_state.setting_up = False
    if running.error is not None:
        st.session_state.set_up_failure = in_words(running.error)
    st.rerun()


def _restore(talk: Conversation, session: Session) -> None:
    try:
        talk.restore(host(), session)
    except Exception as error:
        st.error(escaped(f"The conversation could not be read back: {in_words(error)}"), icon=":material/error:")


def _begin(talk: Conversation, session: Session, typed: ChatInputValue | None) -> None:
    """Begin the turn that was asked for: a message, an opener, or a like or dislike that waits."""
    if talk.under_way is not None:
        return
    opener = st.session_state.pop("chosen", "")
    message = typed.text.strip() if typed else opener
    picture = typed.files[0].getvalue() if typed and typed.files else None
    if message or picture:
        talk.ask(host(), session, message, picture)
    else:
        talk.tell_next(host(), session)
    if talk.thread_id:
        st.query_params.update(thread=talk.thread_id, person=talk.user_id)


def _draw_turns(talk: Conversation, session: Session) -> None:
    for number, turn in enumerate(talk.turns):
        if turn.running is None:
            draw_turn(turn, session, number=number, react=partial(_react, talk))
            continue
        follow(turn, session, number=number, first=not host().is_warm(talk.profile))
        _finish(talk, session)
        st.rerun()


def _finish(talk: Conversation, session: Session) -> None:
    """What is only known after the turn: that its models are loaded, and what it cost."""
    turn = talk.turns[-1]
    if turn.result is None:
        return
    host().update_warm(talk.profile)
    try:
        turn.cost_usd = session.traces.get(turn.result.trace_id).cost_usd
    except Exception:  # traces may be switched off, and a cost is never worth an error
        turn.cost_usd = None


def _react(talk: Conversation, reaction: Reaction) -> None:
    talk.waiting.append(reaction)
