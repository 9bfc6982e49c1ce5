"""The chat: the greeting, the conversation so far, the turn under way, and the taste beside it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from agents.state import Reaction
from ui.cards import CardActions, draw_shop_window
from ui.choosing import address_of, open_thread, put_in_address
from ui.conversation import Conversation, Pressed, ShownTurn, in_words
from ui.folded import folded
from ui.look import say
from ui.opening import draw_error, host, opened
from ui.plain import escaped
from ui.set_up_notice import draw_set_up_notice
from ui.taste_panel import draw_taste
from ui.thread_list import draw_threads
from ui.turn_tools import TurnTools, draw_next
from ui.turns import draw_turn, follow

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator
    from streamlit.typing import ChatInputValue

    from graphs.session import Session

LONGEST_MESSAGE = 4000
THUMB_S = 0.25  # a thumb is mostly noted by then
PICTURE_TYPES = ["jpg", "jpeg", "png", "webp"]


def draw_chat() -> None:
    """Draw the page, and run the turn that was asked for."""
    talk: Conversation = st.session_state.talk
    typed = st.chat_input(
        "Say what you are looking for, or show a picture",
        accept_file=True,
        file_type=PICTURE_TYPES,
        max_chars=LONGEST_MESSAGE,
        submit_mode="disable",
        disabled=talk.under_way is not None,
    )
    new = not talk.thread_id and not typed and not talk.waiting
    place = st.empty()
    greeting = _greet(place) if new else None
    session = opened(talk)
    if session is None:
        if typed and typed.text.strip():
            st.session_state.chosen = typed.text.strip()  # asked as soon as there is something to choose from
        return
    with st.sidebar:
        threads, taste = st.container(), st.container(key="taste")
    with taste:
        draw_taste(session.taste(talk.user_id), address_of(talk))
    _restore(talk, session)
    if not talk.turns and not typed and not talk.waiting:
        with greeting or _greet(place):  # a thread in the address may be nobody's, or another person's
            _offer_openers(session)
    draw_set_up_notice(talk, session)
    _begin(talk, session, typed)
    with threads:
        draw_threads(talk, session)
    _draw_turns(talk, session)


def _greet(place: DeltaGenerator) -> DeltaGenerator:
    """Greet there, and return what the openers go into: a browser takes nothing else inside an `st.empty`."""
    greeting: DeltaGenerator = place.container(key="greeting")
    with greeting:
        st.header("What are you in the mood for?", anchor=False)
        st.markdown(
            "Say it in your own words, or show a picture. Every answer tells why, and every like or dislike "
            "changes what Palate believes about your taste: you can read it beside this page."
        )
    return greeting


def _offer_openers(session: Session) -> None:
    from catalog.openers import openers

    summaries = session.summaries(session.catalogue.item_ids)
    with st.container(horizontal=True, key="openers"):
        for number, opener in enumerate(openers(session.catalogue, summaries)):
            st.button(escaped(opener), key=f"opener-{number}", on_click=partial(_choose, opener))
    draw_shop_window(session, summaries)
    st.caption(f"{len(session.catalogue):,} items in the catalogue {escaped(session.catalogue.name)}.")


def _restore(talk: Conversation, session: Session) -> None:
    try:
        talk.restore(host(), session)
    except Exception as error:
        talk.restored = False
        draw_error(f"The conversation could not be read back: {in_words(error)}", key="restore-again")


def _begin(talk: Conversation, session: Session, typed: ChatInputValue | None) -> None:
    """Begin the turn that was asked for: a message, an opener, a turn to ask again, or a button that waits."""
    if talk.under_way is not None:
        return
    opener, again = st.session_state.pop("chosen", ""), st.session_state.pop("again", None)
    message = typed.text.strip() if typed else opener
    picture = typed.files[0].getvalue() if typed and typed.files else None
    if message or picture:
        talk.ask(host(), session, message, picture)
    elif again is not None:
        turn, words = again
        talk.ask_again(host(), session, turn, words)
    else:
        talk.tell_next(host(), session)
    put_in_address()


def _draw_turns(talk: Conversation, session: Session) -> None:
    from agents.critiques import offered

    item_ids = talk.item_ids
    actions = CardActions(
        react=partial(_press, talk),
        answer=partial(_answer, talk, session) if talk.under_way is None else None,
        kept=session.thumbs(talk.user_id, item_ids),
        thumb=talk.thumb,
        summaries=session.summaries(item_ids),
        critiques=offered(session.catalogue),
        turns=len(talk.turns),
        address=address_of(talk),
    )
    tools = TurnTools(resend=_ask_again, branch=partial(_branch, talk, session))
    _draw_origin(talk, session)
    fold = folded(talk.turns)
    for number, turn in enumerate(talk.turns):
        last = number == len(talk.turns) - 1
        if turn.running is None:
            again = _ask_again if last else None
            idle = talk.under_way is None and not talk.waiting
            draw_turn(
                turn,
                session,
                number=number,
                actions=actions,
                again=again,
                tools=tools if idle else None,
                fold=turn.turn_id in fold,
            )
            if last and idle:
                draw_next(turn, reply=_choose, react=actions.react)
                _draw_spent(talk, session)
            continue
        follow(turn, session, number=number, actions=actions, first=not host().is_warm(talk.profile))
        _finish(talk, session)
        st.rerun()


def _draw_origin(talk: Conversation, session: Session) -> None:
    """Where a branch came from; and why one could not be begun."""
    if failure := st.session_state.pop("branch_failed", ""):
        st.warning(escaped(failure))
    branch = session.services.thread_branches.of(talk.user_id).get(talk.thread_id) if talk.thread_id else None
    if branch is not None:
        with st.container(key="small-origin", horizontal=True, vertical_alignment="center", gap="small"):
            st.caption("A branch of another conversation.", width="content")
            st.button(
                "Go there",
                key="branch-origin",
                type="tertiary",
                icon=":material/alt_route:",
                on_click=open_thread,
                args=(branch.from_thread, talk.catalogue),
            )


def _draw_spent(talk: Conversation, session: Session) -> None:
    """What the conversation took so far; nothing where no turn of it is recorded."""
    from graphs.conversations import Conversations

    if talk.thread_id and (spent := Conversations.of(session.services, talk.user_id).spent(talk.thread_id)).turns:
        say(f"This conversation so far: {spent}", key="small-spent")


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


def _press(talk: Conversation, pressed: Pressed) -> None:
    talk.waiting.append(pressed)


def _answer(talk: Conversation, session: Session) -> None:
    """Draw the whole page where a button under a card waits to be told; of a thumb only once it is over, or soon."""
    if not talk.waiting:
        return
    if isinstance(talk.waiting[0], Reaction) and talk.tell_next(host(), session) and talk.under_way is not None:
        talk.under_way.wait(THUMB_S)
    st.rerun()


def _ask_again(turn: ShownTurn, message: str | None = None) -> None:
    st.session_state.again = turn, message


def _choose(opener: str) -> None:
    st.session_state.chosen = opener


def _branch(talk: Conversation, session: Session, turn: ShownTurn) -> None:
    from graphs.conversations import Conversations

    try:
        own = Conversations.of(session.services, talk.user_id)
        branch = own.branch(talk.thread_id, turn.turn_id, catalogue=session.catalogue.name)
    except Exception as error:
        st.session_state.branch_failed = in_words(error)
        return
    open_thread(branch, talk.catalogue)
