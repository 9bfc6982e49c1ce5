"""What each profile's models can do as declared, and whether one answers: a small call with its time and its cost."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import ModelError
from models.roles import ROLES, Role, RoleModels
from models.spec import ModelSpec
from profiles.settings import Profile, ProfileError, load_profile, missing_keys

QUESTION = "Say in three words that you are ready."
LONGEST_TOKENS = 16


@dataclass(frozen=True)
class ModelInfo:
    """One model of a profile. roles: those it plays; empty for one that only takes over. spec: what it declares."""

    name: str
    roles: tuple[Role, ...]
    spec: ModelSpec

    @property
    def told(self) -> str:
        """What it can do: `sees pictures, streams, decides by local`."""
        spec = self.spec
        can = ["sees pictures" if spec.vision else "sees no pictures"]
        can += ["streams"] if spec.streaming else []
        can += [f"decides by {', '.join(spec.decide)}"] if spec.decide else []
        can += [f"schemas: {spec.schema_output}"] if spec.schema_output != "none" else []
        return ", ".join(can)


@dataclass(frozen=True)
class ProfileInfo:
    """One profile that comes with Palate. missing: variables of keys that are not set. wrong: why it cannot be read."""

    name: str
    about: str
    models: tuple[ModelInfo, ...]
    missing: tuple[str, ...] = ()
    wrong: str = ""


@dataclass(frozen=True)
class Check:
    """What came of asking one model. load_s: until it could be asked, near 0 where it was loaded before.

    seconds: of the answer. cost_usd: None where no price is known. error: empty where it answered.
    """

    said: str = ""
    load_s: float = 0.0
    seconds: float = 0.0
    cost_usd: float | None = None
    error: str = ""


def profiles_told(given: Sequence[str], environ: Mapping[str, str] = os.environ) -> list[ProfileInfo]:
    """These profiles, by names or paths, sorted by name; needs no key and loads nothing."""
    told = []
    for one in sorted(given, key=lambda one: Path(one).stem):
        name = Path(one).stem
        try:
            profile = load_profile(one, environ=environ, keys_required=False).profile
        except ProfileError as error:
            told.append(ProfileInfo(name, "", (), wrong=str(error)))
            continue
        missing = tuple(dict.fromkeys(one.variable for one in missing_keys(profile, environ)))
        told.append(ProfileInfo(name, profile.about, models_told(profile), missing))
    return told


def models_told(profile: Profile) -> tuple[ModelInfo, ...]:
    """The models some role can reach, fallbacks included, in the order of their first use."""
    return tuple(
        ModelInfo(name, tuple(role for role in ROLES if profile.roles[role] == name), profile.models[name])
        for name in profile.used_models
    )


async def check_model(models: RoleModels, name: str) -> Check:
    """Ask a model one small thing. What goes wrong is told, not raised."""
    from langchain_core.messages import HumanMessage

    began = time.perf_counter()
    try:
        chat = await models.chat(name)
        loaded = time.perf_counter()
        answer = await chat.ainvoke([HumanMessage(QUESTION)], max_tokens=LONGEST_TOKENS)
    except ModelError as error:
        return Check(seconds=time.perf_counter() - began, error=str(error))
    seconds = time.perf_counter() - loaded
    cost = answer.response_metadata.get("cost_usd")
    return Check(str(answer.text).strip(), loaded - began, seconds, cost)
