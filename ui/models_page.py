"""The page of models: who plays which role in each profile, a check by a small call, and two profiles side by side."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import streamlit as st

from tracing.reading import cost_told
from ui.choosing import pick_profile, profiles_known, put_in_address, short_name
from ui.compare_page import draw_comparison
from ui.conversation import Conversation, in_words
from ui.look import say
from ui.opening import draw_error, host, opened
from ui.plain import escaped

if TYPE_CHECKING:
    from graphs.model_check import Check, ModelInfo, ProfileInfo
    from graphs.session import Session
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
    try:
        for told in profiles_told(profiles_known()):
            _draw_profile(told, talk, session)
        _draw_side_by_side(talk, session)
    except Exception as error:
        draw_error(in_words(error), key="models-again")


def _draw_profile(told: ProfileInfo, talk: Conversation, session: Session) -> None:
    in_use = told.name == short_name(talk.profile)
    lacks = f" · needs {', '.join(told.missing)}" if told.missing else ""
    label = f"{told.name}{' · in use here' if in_use else ''}{lacks}"
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
        st.button(
            "Use it in this conversation",
            key=f"use-{told.name}",
            icon=":material/check:",
            disabled=in_use or bool(told.missing) or talk.under_way is not None,
            on_click=_use,
            args=(told.name,),
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


def _use(profile: str) -> None:
    st.session_state.profile = next(one for one in profiles_known() if short_name(one) == profile)
    put_in_address()
