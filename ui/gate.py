"""Who looks at the page: anybody who says so, or with `auth` set whoever an OpenID Connect provider has signed in.

Every page is drawn behind `admitted`, on every run of the script; a user id comes from signed claims and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

import streamlit as st

from ui.plain import escaped, plain

if TYPE_CHECKING:
    from profiles.schema import AuthSettings
    from profiles.settings import Loaded

Given = ParamSpec("Given")

SIGNED = "oidc:"  # how the user ids of people who signed in begin; no name that is typed may
LONGEST_NAME = 80
SLACK_S = 300  # by which the clocks of two machines may differ
_NAMES = ("name", "preferred_username", "email")


@dataclass(frozen=True)
class Person:
    """Someone signed in. user_id: of issuer and subject alone. name: what to call them; they may have chosen it."""

    user_id: str
    name: str


class NotSignedIn(Exception):
    """Nobody is signed in, or their sign-in counts no longer; says why, in words for them."""


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]  # Streamlit is read as untyped
def started_with() -> Loaded:
    """The profile this server was started with, whatever a page has chosen. Raises ProfileError."""
    from profiles.settings import load_profile

    return load_profile(keys_required=False)


def auth_settings() -> AuthSettings | None:
    """The `auth` of the profile this server was started with. Raises ProfileError."""
    auth: AuthSettings | None = started_with().profile.auth
    return auth


def admitted() -> bool:
    """Whether the page may be drawn; where not, what there is to do instead was drawn. Call it first on every run."""
    try:
        auth = auth_settings()
    except Exception as error:  # without settings nobody knows whether a sign-in is needed, so it is
        _draw_error(str(error))
        return False
    try:
        person = _present(auth)
    except NotSignedIn as reason:
        _keep_only(None)
        _draw_sign_in(str(reason))
        return False
    _keep_only(person)
    return True


def still_admitted(draw: Callable[Given, None]) -> Callable[Given, None]:
    """The same part of a page, for one that draws itself anew without the rest: it asks first, as the page does."""

    @wraps(draw)
    def asked(*given: Given.args, **named: Given.kwargs) -> None:
        try:
            same = _present(auth_settings()) == signed_in()
        except Exception:  # whatever it is: nobody is let in by a failure
            same = False
        if not same:
            st.rerun()  # the whole page, which says why
        draw(*given, **named)

    return asked


def signed_in() -> Person | None:
    """Who is signed in; None where `auth` is not set. Only after `admitted`."""
    person: Person | None = st.session_state.get("signed_in")
    return person


def may_manage() -> bool:
    """Whether who looks may change what all share, or spend on it: where people sign in, only the command line may."""
    return signed_in() is None


def shown_name(user_id: str) -> str:
    """What a page calls them: a user id by itself says nothing to who signed in."""
    person = signed_in()
    return person.name if person is not None and person.user_id == user_id else user_id


def person_of(claims: Mapping[str, Any], auth: AuthSettings, *, now: float) -> Person:
    """Who these claims of an ID token name.

    claims: as they were verified when they were signed in with. now: seconds since 1970. Raises NotSignedIn where they
    are not of this provider, not for this app, incomplete, or older than a sign-in lasts.
    """
    if claims.get("is_logged_in") is not True:
        raise NotSignedIn("Your taste and your conversations are yours alone, so Palate has to know who you are.")
    issuer, subject, at = claims.get("iss"), claims.get("sub"), claims.get("iat")
    audience = claims.get("aud")
    if not isinstance(issuer, str) or issuer.rstrip("/") != auth.issuer.rstrip("/"):
        raise NotSignedIn("You are signed in with another provider than the one of this app.")
    if auth.client_id not in (audience if isinstance(audience, list) else [audience]):
        raise NotSignedIn("You are signed in to another app than this one.")
    if not isinstance(subject, str) or not subject:
        raise NotSignedIn("The provider did not say who you are.")
    if isinstance(at, bool) or not isinstance(at, int | float) or not math.isfinite(at):
        raise NotSignedIn("The provider did not say when you signed in.")
    if not now - auth.hours * 3600 <= at <= now + SLACK_S:
        raise NotSignedIn(f"Your sign-in has ended: one lasts {auth.hours:g} hours.")
    return Person(user_id_of(auth.issuer.rstrip("/"), subject), _name(claims))


def user_id_of(issuer: str, subject: str) -> str:
    """`oidc:` and 40 hexadecimal digits, other ones for every other pair; neither can be read from it."""
    return SIGNED + hashlib.sha256(json.dumps([issuer, subject]).encode()).hexdigest()[:40]


def local_name(typed: str, otherwise: str) -> str:
    """What somebody typed as their name, made fit to be a user id; nobody becomes a person who signs in that way."""
    name = typed.strip()[:LONGEST_NAME].strip()
    return otherwise if not name or name.lower().startswith(SIGNED) else name


def draw_sign_out(person: Person) -> None:
    """Who is signed in, and the button that ends it."""
    left, right = st.columns([3, 2], vertical_alignment="center")
    with left, st.container(key="small-signed-in", gap=None):
        st.text(plain(person.name))
    right.button("Sign out", key="sign-out", icon=":material/logout:", width="stretch", on_click=_sign_out)


def _present(auth: AuthSettings | None) -> Person | None:
    return None if auth is None else person_of(_claims(), auth, now=time.time())


def _claims() -> Mapping[str, Any]:
    """What Streamlit read from the cookie it signed; nothing where a proxy's headers could have been mixed in."""
    if st.get_option("server.trustedUserHeaders"):
        raise NotSignedIn("This server takes names from headers (`server.trustedUserHeaders`); its keeper must not.")
    return dict(st.user.to_dict())


def _name(claims: Mapping[str, Any]) -> str:
    given = (claims.get(name) for name in _NAMES)
    names = (" ".join(plain(one).split())[:LONGEST_NAME].strip() for one in given if isinstance(one, str))
    return next((name for name in names if name), "you")


def _keep_only(person: Person | None) -> None:
    """Empty the browser session where it was another's."""
    if st.session_state.get("signed_in") != person:
        _leave()
        if person is not None:
            st.session_state.signed_in = person


def _leave() -> None:
    talk = st.session_state.get("talk")
    if talk is not None and talk.under_way is not None:
        talk.under_way.stop()
    st.session_state.clear()


def _sign_out() -> None:
    _leave()
    st.logout()


def _draw_sign_in(reason: str) -> None:
    st.header("Sign in to Palate", anchor=False)
    st.text(plain(reason))
    if st.button("Sign in", key="sign-in", type="primary", icon=":material/login:"):
        try:
            st.login()
        except Exception as error:  # Authlib or the secrets are missing: the server was started without `palate ui`
            _draw_error(f"Nobody can sign in here: {error} Its keeper starts it by: palate ui")


def _draw_error(told: str) -> None:
    st.error(escaped(told), icon=":material/error:")
    st.button("Try again", key="gate-again", icon=":material/refresh:")
