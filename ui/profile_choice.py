"""The profiles to choose from, and the one that new conversations begin with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from ui.gate import auth_settings, may_manage, started_with

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from profiles.for_all import Beginning

LOOK_AGAIN_S = 10.0  # until a profile that could not be used, or could, is read again


def profiles_known() -> list[str]:
    """The profiles to choose from, the server's own first; where people sign in, those that its `auth` names."""
    from profiles.settings import profile_names

    auth = auth_settings()
    return list(dict.fromkeys([started_profile(), *(profile_names() if auth is None else auth.profiles)]))


def started_profile() -> str:
    """The profile that the server was started with, by PALATE_PROFILE: a name, or the path of one that is not ours."""
    from profiles.settings import FOLDER

    given = os.environ.get("PALATE_PROFILE") or "demo"
    return Path(given).stem if Path(given).parent == FOLDER else given


def begins_with() -> Beginning:
    """What new conversations begin with. Where people sign in, that is the profile of the server, always."""
    from profiles.for_all import Beginning, beginning

    started = started_profile()
    if auth_settings() is not None:
        return Beginning(started)
    return beginning(_home(), started, profiles_known(), unusable=_why_not)


def choose_for_all(profile: str) -> None:
    """Let all new conversations begin with it; the server's own takes the choice away. Raises OSError."""
    from profiles import for_all

    if not may_manage():
        return
    if profile == (started := started_profile()):
        for_all.begin_as_started(_home())
    else:
        for_all.choose_for_all(_home(), profile, started=started)


def profile_of(name: str) -> str | None:
    """The profile of a short name, as it is known here; None where there is none."""
    return next((one for one in profiles_known() if short_name(one) == name), None)


def short_name(profile: str) -> str:
    """The name of a profile, whether it was given by name or by path."""
    return Path(profile).stem


def pick_profile(column: DeltaGenerator, label: str, *, key: str, first: int = 0, **more: Any) -> str:
    """Draw a picker of profiles and return one that may be chosen. first: which stands there, counted from 0."""
    known = profiles_known()
    place = min(first, len(known) - 1)
    picked: str = column.selectbox(label, known, place, key=key, format_func=short_name, **more)
    return picked


def _home() -> Path:
    home: Path = started_with().profile.stores.home
    return home


@st.cache_resource(show_spinner=False, ttl=LOOK_AGAIN_S)  # type: ignore[untyped-decorator]  # Streamlit is read as untyped
def _why_not(profile: str) -> str:
    from profiles.for_all import why_not

    return why_not(profile)
