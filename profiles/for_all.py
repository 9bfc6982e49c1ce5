"""The profile that every new conversation in the app begins with: the server's own, or one that was chosen for all.

The choice is a small file in the folder of the stores. It says instead of which profile it counts, so that a server
started with another profile begins with that one: whoever started it spoke last.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from profiles.errors import ProfileError
from profiles.settings import load_profile

FILE_NAME = "profile-for-all.json"
LONGEST = 8192  # bytes; what is longer was not written here


@dataclass(frozen=True)
class Beginning:
    """What new conversations begin with. chosen: somebody chose it for all. problem: why a choice does not count."""

    profile: str
    chosen: bool = False
    problem: str = ""


def why_not(profile: str) -> str:
    """Why a profile, by its name or path, cannot be used, such as a key that is missing; empty where it can."""
    try:
        load_profile(profile)
    except ProfileError as error:
        return str(error)
    return ""


def choose_for_all(home: Path, profile: str, *, started: str) -> None:
    """Let new conversations begin with a profile on servers started with `started`. Raises OSError."""
    from memory.durable import write_whole

    write_whole(home / FILE_NAME, json.dumps({"profile": profile, "instead_of": started}).encode())


def begin_as_started(home: Path) -> None:
    """Let new conversations begin with the profile that the server is started with. Raises OSError."""
    (home / FILE_NAME).unlink(missing_ok=True)


def beginning(
    home: Path, started: str, offered: Sequence[str], *, unusable: Callable[[str], str] = why_not
) -> Beginning:
    """What new conversations begin with. Never fails: a choice that cannot count is told as `problem`.

    started: the profile of the server, by name or path. offered: the profiles that may be chosen. unusable: tells why
    one cannot be used.
    """
    try:
        choice = _read(home / FILE_NAME)
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else "nothing Palate wrote"
        return Beginning(started, problem=f"What was chosen for all cannot be read: {home / FILE_NAME} ({why}).")
    if choice is None:
        return Beginning(started)
    profile, instead_of = choice
    chosen = f"“{Path(profile).stem}” was chosen for all"
    if instead_of != started:
        told = f"{chosen} of a server started with “{Path(instead_of).stem}”; this one was started with another."
        return Beginning(started, problem=told)
    if profile not in offered:
        return Beginning(started, problem=f"{chosen}, and there is no such profile here; choose again.")
    if why := unusable(profile):
        return Beginning(started, problem=f"{chosen}, and it cannot be used: {why}")
    return Beginning(profile, chosen=True)


def _read(path: Path) -> tuple[str, str] | None:
    """The profile chosen, and instead of which. Raises OSError, and ValueError for what nobody here has written."""
    try:
        with path.open("rb") as file:
            written = file.read(LONGEST)
    except FileNotFoundError:
        return None
    match json.loads(written):
        case {"profile": str(profile), "instead_of": str(instead_of)}:
            return profile, instead_of
    raise ValueError("it does not say which profile")
