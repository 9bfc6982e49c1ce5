"""Loading a profile: file < environment < command line, each value with its origin, checked before anything starts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from models.roles import ROLES, Role
from profiles.errors import ProfileError
from profiles.keys import MissingKey, missing_keys
from profiles.refusals import refusal
from profiles.schema import (
    AuthSettings,
    BlendWeights,
    BudgetSettings,
    CandidateView,
    MemorySettings,
    Profile,
    RecommendSettings,
    StoreSettings,
    TraceSettings,
    nearest,
)
from profiles.sources import Nested, from_environment, from_file, from_overrides, merged, parse_settings

__all__ = [
    "ROLES", "AuthSettings", "BlendWeights", "BudgetSettings", "CandidateView", "Loaded", "MemorySettings",
    "MissingKey", "Profile", "ProfileError", "RecommendSettings", "Role", "StoreSettings", "TraceSettings",
    "load_profile", "missing_keys", "parse_settings", "profile_names", "require_keys",
]  # fmt: skip

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent


@dataclass(frozen=True)
class Loaded:
    """A profile in force. origins: dotted key → where its value is from, for every value. path: the file read."""

    profile: Profile
    origins: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = None


def profile_names() -> tuple[str, ...]:
    """The names of the profiles that come with Palate, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load_profile(
    name_or_path: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    keys_required: bool = True,
) -> Loaded:
    """Read a profile by its name or the path of a YAML file; None means `PALATE_PROFILE`, else `demo`.

    overrides: dotted key → value, as `parse_settings` reads `--set`. environ: None means that of this process.
    keys_required: refuse a model in use whose key is not in the environment.
    Relative paths of models and adapters that exist beside the file or in the repository are made absolute.
    Raises ProfileError: no such profile, an unknown or wrong value, an impossible combination, a missing key.
    """
    environ = os.environ if environ is None else environ
    path = _find(str(name_or_path or environ.get("PALATE_PROFILE") or "demo"))
    values: Nested = {}
    origins: dict[str, str] = {}
    for more, where in (from_file(path), from_environment(environ), from_overrides(overrides or {})):
        values = merged(values, more)
        origins |= where
    values.setdefault("name", path.stem)
    origins.setdefault("name", str(path))
    try:
        profile = Profile.model_validate(values)
    except ValidationError as error:
        raise refusal(error, values, origins, path) from error
    loaded = Loaded(_resolved(profile, path.parent), _all_origins(profile, origins), path)
    if keys_required:
        require_keys(loaded.profile, environ)
    return loaded


def require_keys(profile: Profile, environ: Mapping[str, str]) -> None:
    """Raise ProfileError where a model in use needs a key that the environment lacks, with the lines to write."""
    missing = missing_keys(profile, environ)
    if missing:
        told = ", ".join(f"model {one.user!r} needs {one.variable}" for one in missing)
        lines = "\n".join(dict.fromkeys(f"  {one.line}" for one in missing))
        raise ProfileError(f"profile {profile.name!r}: {told}, which is not set", f"write first:\n{lines}")


def _find(name: str) -> Path:
    if name.endswith((".yaml", ".yml")) or "/" in name or os.sep in name:
        path = Path(name).expanduser()
        if not path.is_file():
            raise ProfileError(f"there is no profile file {name}", f"write its path or one of {_names()}")
        return path.resolve()
    path = FOLDER / f"{name}.yaml"
    if not path.is_file():
        better = nearest(name, list(profile_names())) or "demo"
        raise ProfileError(f"there is no profile {name!r}, only {_names()}", f"write --profile {better}")
    return path


def _names() -> str:
    return ", ".join(profile_names())


def _resolved(profile: Profile, folder: Path) -> Profile:
    """The same with absolute paths of local models and of `home`."""
    models = {}
    for name, spec in profile.models.items():
        if spec.backend == "local":
            found = {"model": _absolute(spec.model, folder)}
            if spec.adapter:
                found["adapter"] = _absolute(spec.adapter, folder)
            spec = spec.model_copy(update=found)
        models[name] = spec
    home = profile.stores.home.expanduser().absolute()
    stores = profile.stores.model_copy(update={"home": home})
    return profile.model_copy(update={"models": models, "stores": stores})


def _absolute(name: str, folder: Path) -> str:
    """The folder of that name: beside the file, else in the repository; a name that is neither is a hub id."""
    for base in (folder, ROOT):
        path = base / Path(name).expanduser()
        if path.is_dir():
            return str(path.resolve())
    looks_like_path = name.startswith((".", "~", "/", "checkpoints/"))
    return str((ROOT / Path(name).expanduser()).resolve()) if looks_like_path else name


def _all_origins(profile: Profile, given: Mapping[str, str]) -> dict[str, str]:
    """An origin for every value of the profile, in the profile's order."""
    return {dotted: given.get(dotted, "default") for dotted in _leaves(profile.model_dump(), "")}


def _leaves(value: Any, prefix: str) -> Iterator[str]:
    for key, inner in value.items():
        if isinstance(inner, dict) and inner:
            yield from _leaves(inner, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"
