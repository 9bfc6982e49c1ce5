"""The page of models: who plays which role in each profile, a check by a small call, and two profiles side by side."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import streamlit as st

from tracing.reading import cost_told
from ui.choosing import begin_with, put_in_address
from ui.compare_page import draw_comparison
from ui.conversation import Conversation, in_words
from ui.gate import may_manage
from ui.look import say
from ui.opening import draw_error, host, opened
from ui.plain import escaped
from ui.profile_choice import (
    begins_with,
    choose_for_all,
    pick_profile,
    profile_of,
    profiles_known,
    short_name,
    started_profile,
)

if TYPE_CHECKING:
    from graphs.model_check import Check, ModelInfo, ProfileInfo
    from graphs.session import Session
    from profiles.for_all import Beginning
    from tracing.events import Trace

LONGEST_S = 600
LONGEST_MESSAGE = 4000


def draw_models() -> None:
    """Draw the whole page."""
    talk: Conversation = st.session_state.talk
    session = opened(talk)
    if session is None:
        return
    from graphs.model_check import profiles_told

    st.header("Models", anchor=False)
    st.markdown("A profile says which model plays which role. Choosing another goes on with the same conversation.")
    first = begins_with()
    _draw_beginning(first)
    try:
        for told in profiles_told(profiles_known()):
            _draw_profile(told, talk, session, first)
        _draw_side_by_side(talk, session)
    except Exception as error:
        draw_error(in_words(error), key="models-again")


def _draw_beginning(first: Beginning) -> None:
    """What new conversations begin with and where that is from, why a choice does not count, and the way back."""
    started, again = escaped(short_name(started_profile())), ""
    if first.chosen:
        told = f"New conversations begin with **{escaped(short_name(first.profile))}**, chosen here for all."
        st.markdown(f"{told} The server was started with {started}.")
        again = f"Begin with {started} again"
    else:
        st.markdown(f"New conversations begin with **{started}**, the profile this server was started with.")
    if first.problem:
        st.warning(escaped(first.problem), icon=":material/warning:")
        again = "Forget that choice"
    if failure := st.session_state.pop("for-all-failure", ""):
        st.error(escaped(failure), icon=":material/error:")
    if again and may_manage():
        st.button(
            again, key="begin-as-started", icon=":material/undo:", on_click=_choose_for_all, args=(started_profile(),)
        )


def _draw_profile(told: ProfileInfo, talk: Conversation, session: Session, first: Beginning) -> None:
    in_use, for_all = told.name == short_name(talk.profile), told.name == short_name(first.profile)
    notes = [told.name]
    notes += ["in use here"] if in_use else []
    notes += ["chosen for all"] if for_all and first.chosen else []
    notes += [f"needs {', '.join(told.missing)}"] if told.missing else []
    label = " · ".join(notes)
    box = st.expander(escaped(label), key=f"profile-{told.name}", on_change="rerun", expanded=in_use)
    if not box.open:
        return
    with box:
        if told.wrong:
            st.error(escaped(told.wrong), icon=":material/error:")
            return
        if told.about:
            say(told.about, key=f"about-{told.name}")
        for number, model in enumerate(told.models):
            _draw_model(told, model, f"{told.name}-{number}", session)
        with st.container(horizontal=True):
            _draw_uses(
                told.name, in_use=in_use, for_all=for_all, never=bool(told.missing) or talk.under_way is not None
            )


def _draw_uses(name: str, *, in_use: bool, for_all: bool, never: bool) -> None:
    st.button(
        "Use it in this conversation",
        key=f"use-{name}",
        icon=":material/check:",
        disabled=in_use or never,
        on_click=_use,
        args=(name,),
    )
    if may_manage():
        st.button(
            "Use it for all",
            key=f"use-for-all-{name}",
            icon=":material/done_all:",
            disabled=(in_use and for_all) or never,
            on_click=_use_for_all,
            args=(name,),
            help="New conversations begin with it, other people's too. Those that go on keep the profile they have.",
        )


def _draw_model(told: ProfileInfo, model: ModelInfo, key: str, session: Session) -> None:
    with st.container(border=True, gap="xxsmall", key=f"model-{key}"):
        say(f"{model.name}: {model.spec.label}", key=f"title-model-{key}")
        roles = ", ".join(role.replace("_", " ") for role in model.roles) or "only when another fails"
        say(f"plays {roles}", key=f"small-roles-{key}")
        say(f"{model.spec.backend} · {model.told}", key=f"small-can-{key}")
        checks: dict[str, Check] = st.session_state.setdefault("model-checks", {})
        if st.button(
            "Ask it something small",
            key=f"check-{key}",
            icon=":material/vital_signs:",
            disabled=bool(told.missing),
            help="Loads the model where it is not yet, and may cost a fraction of a cent.",
        ):
            checks[key] = _checked(told.name, model.name, session)
        if key in checks:
            _draw_check(checks[key], key)


def _checked(profile: str, model: str, session: Session) -> Check:
    from graphs.model_check import check_model

    with st.spinner("Asking"):
        check: Check = host().wait(check_model(host().cast(profile, session).models, model), timeout_s=LONGEST_S)
    return check


def _draw_check(check: Check, key: str) -> None:
    if check.error:
        st.error(escaped(check.error), icon=":material/error:")
        return
    loaded = f", after {check.load_s:.1f} s of loading" if check.load_s >= 0.05 else ""
    say(f"It answered in {check.seconds:.2f} s{loaded} · cost {cost_told(check.cost_usd)}", key=f"figure-check-{key}")
    say(f"“{check.said}”", key=f"small-check-{key}")


def _draw_side_by_side(talk: Conversation, session: Session) -> None:
    st.subheader("The same message on two profiles", anchor=False)
    with st.form("side-by-side", border=True):
        message = st.text_input("Message", max_chars=LONGEST_MESSAGE, key="trial-message")
        left, right = st.columns(2)
        first = pick_profile(left, "First", key="trial-first")
        second = pick_profile(right, "Second", key="trial-second", first=1)
        st.caption("Both begin from your taste as it is now. Nothing of it reaches your conversations or your taste.")
        asked = st.form_submit_button("Ask both", icon=":material/compare_arrows:")
    if asked and message and message.strip():
        st.session_state.trials = _tried(message, (first, second), talk, session)
    if trials := st.session_state.get("trials"):
        one, other = trials
        if one.started.user_id == talk.user_id:
            same = one.started.catalogue == session.catalogue.name
            draw_comparison(one, other, session.catalogue if same else None)


def _tried(message: str, profiles: tuple[str, str], talk: Conversation, session: Session) -> tuple[Trace, Trace] | None:
    from graphs.replay import try_message

    name = uuid.uuid4().hex[:8]
    traces: list[Trace] = []
    try:
        for profile in profiles:
            with st.spinner(escaped(f"Asking {short_name(profile)}")):
                cast = host().cast(profile, session)
                work = try_message(session.services, talk.user_id, session.catalogue.name, message, by=cast, trial=name)
                traces.append(host().wait(work, timeout_s=LONGEST_S))
    except Exception as error:
        st.error(escaped(in_words(error)), icon=":material/error:")
        return None
    return traces[0], traces[1]


def _use(name: str) -> None:
    if (profile := profile_of(name)) is not None:
        st.session_state.profile = profile
        put_in_address()


def _use_for_all(name: str) -> None:
    if (profile := profile_of(name)) is not None and _choose_for_all(profile):
        begin_with(profile)
        put_in_address()


def _choose_for_all(profile: str) -> bool:
    """Whether the choice is kept; where not, the page says why."""
    try:
        choose_for_all(profile)
    except OSError as error:
        told = f"It could not be kept ({error.strerror}), so new conversations begin as before."
        st.session_state["for-all-failure"] = told
        return False
    return True
