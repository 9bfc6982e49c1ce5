"""What signing in needs beside the profile, two secrets and Authlib, and the file that Streamlit takes it from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from profiles.errors import ProfileError
from profiles.schema import AuthSettings, Profile

CALLBACK = "/oauth2callback"
SHORTEST_SECRET = 32  # characters of the secret that cookies are signed with


@dataclass(frozen=True)
class AuthLack:
    """What is missing before anyone can sign in. line: what to write in a shell."""

    what: str
    line: str


def missing_for_auth(auth: AuthSettings, environ: Mapping[str, str]) -> tuple[AuthLack, ...]:
    """All that is missing, in the order to put it right; no secret is in it."""
    found: list[AuthLack] = []
    if not find_spec("authlib") or not find_spec("httpx"):
        found.append(AuthLack("Authlib, which is not installed", "pip install 'palate[ui,auth]'"))
    if not environ.get(auth.client_secret_env, "").strip():
        found.append(AuthLack(f"{auth.client_secret_env}, which is not set", f"export {auth.client_secret_env}=…"))
    length = len(environ.get(auth.cookie_secret_env, "").strip())
    if length < SHORTEST_SECRET:
        told = f"which has {length} characters, not {SHORTEST_SECRET}" if length else "which is not set"
        line = f"export {auth.cookie_secret_env}=$(python -c 'import secrets; print(secrets.token_hex(32))')"
        found.append(AuthLack(f"{auth.cookie_secret_env}, {told}", line))
    return tuple(found)


def require_auth(profile: Profile, environ: Mapping[str, str]) -> None:
    """Raise ProfileError where `auth` is set and something it needs is missing, with the lines to write."""
    if profile.auth is None:
        return
    missing = missing_for_auth(profile.auth, environ)
    if missing:
        told = ", ".join(one.what for one in missing)
        lines = "\n".join(f"  {one.line}" for one in missing)
        raise ProfileError(f"profile {profile.name!r}: `auth` needs {told}", f"write first:\n{lines}")


def secrets_for_streamlit(auth: AuthSettings, environ: Mapping[str, str]) -> str:
    """The TOML that Streamlit signs people in by. It holds both secrets: for a file that nobody else can read."""
    values = {
        "redirect_uri": auth.address.rstrip("/") + CALLBACK,
        "cookie_secret": environ[auth.cookie_secret_env].strip(),
        "client_id": auth.client_id,
        "client_secret": environ[auth.client_secret_env].strip(),
        "server_metadata_url": auth.issuer.rstrip("/") + "/.well-known/openid-configuration",
    }
    lines = [f"{key} = {_toml(value)}" for key, value in values.items()]
    return "\n".join(["[auth]", *lines, ""])


def _toml(text: str) -> str:
    """A basic string: JSON's is one, but for DEL, which TOML wants escaped."""
    return json.dumps(text).replace("\x7f", "\\u007f")
