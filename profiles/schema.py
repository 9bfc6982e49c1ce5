"""What a profile holds: models, who plays which role, where things are kept, and the bounds of a turn."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from memory.embedding import EmbedderSpec
from models.local.feature_store import DEFAULT_MB
from models.roles import ROLES, Role
from models.spec import ModelSpec

CandidateView = Literal["summary", "picture", "both"]
_MODEL_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StoreSettings(_Section):
    """Where state lives.

    home: the folder of everything (`PALATE_HOME`). database: an SQLAlchemy URL, None for SQLite under `home`.
    chroma: the URL of a Chroma server, None for a directory under `home` that one process owns.
    features_mb: the most that is kept of what local models made of pictures, in megabytes; 0 keeps nothing.
    """

    home: Path = Path(".palate")
    database: str | None = None
    chroma: str | None = None
    features_mb: float = Field(default=DEFAULT_MB, ge=0)

    @property
    def database_url(self) -> str:
        """Where the event log, the catalogues and the traces are."""
        return self.database or f"sqlite:///{self.home / 'palate.sqlite'}"

    @property
    def chroma_place(self) -> str:
        """Where summaries, preferences and vectors are: a URL or a folder."""
        return self.chroma or str(self.home / "chroma")

    @property
    def pictures(self) -> Path:
        """The folder of pictures, by content hash."""
        return self.home / "pictures"

    @property
    def features(self) -> Path:
        """The folder of what local models made of pictures."""
        return self.home / "features"

    @property
    def blends(self) -> Path:
        """The folder of fitted blends."""
        return self.home / "blends"

    @property
    def results(self) -> Path:
        """The folder of what evaluations came to."""
        return self.home / "results"

    @property
    def checkpoints(self) -> Path:
        """The SQLite file of the conversations' checkpoints."""
        return self.home / "threads.sqlite"

    @property
    def marks(self) -> Path:
        """The folder that tells who is being forgotten; empty unless somebody is."""
        return self.home / "forgetting"


class MemorySettings(_Section):
    """The memory of a taste.

    mode: `recurrent` folds block after block; for comparison, `one_shot` makes the taste anew of the latest
    `catch_up_blocks` blocks in one prompt each time a block is full, and `none` keeps no taste, so that only the raw
    items speak. block_size: new interactions per fold. words: the longest prose. recent: raw items that travel beside
    it. catch_up_blocks: most blocks one turn folds; for someone whose history is longer, the most recent ones.
    """

    mode: Literal["recurrent", "one_shot", "none"] = "recurrent"
    block_size: int = Field(default=3, ge=1, le=100)
    catch_up_blocks: int = Field(default=4, ge=1, le=1000)
    words: int = Field(default=120, ge=20, le=1000)
    recent: int = Field(default=5, ge=0, le=50)


class BlendWeights(_Section):
    """How much each part counts in the blend, at least 0; at least one is above 0.

    semantic: nearness in meaning to the taste; where something is asked for now, in words, by a picture or by an item,
    `likeness` is how much nearness to that counts, in its place. asked: what an item is known to have of what is wished
    for in words; where it is small, a strong taste shows people what they did not ask for. critiques: how far the
    summary goes along what more or less was asked of, such as "darker".
    """

    model: float = Field(default=1.0, ge=0)
    cooccurrence: float = Field(default=0.5, ge=0)
    popularity: float = Field(default=0.1, ge=0)
    semantic: float = Field(default=0.3, ge=0)
    likeness: float = Field(default=2.0, ge=0)
    asked: float = Field(default=6.0, ge=0)
    critiques: float = Field(default=4.0, ge=0)

    @model_validator(mode="after")
    def _refuse_nothing(self) -> Self:
        if not any(self.model_dump(exclude={"likeness", "asked", "critiques"}).values()):
            raise ValueError("all weights are 0, so nothing would rank; write for instance `model: 1.0`")
        return self


class RecommendSettings(_Section):
    """The funnel: at most `retrieve` candidates, of which `decide` are put to the model and `slate` are shown.

    candidate_view: what the model sees of a candidate. blend: `fitted` ranks by what `palate blend fit` learned, and by
    the weights where nothing was fitted or something is wished for; `declared` ranks by the weights always.
    diversity: 1 weighs closeness to the taste alone, 0 only the distance from what is already chosen. clarify: someone
    of whom nothing is known is asked a question first where the answer is expected to raise what they like of a slate
    by at least this share; 1 never asks.
    """

    retrieve: int = Field(default=200, ge=1, le=5000)
    decide: int = Field(default=20, ge=1, le=50)
    slate: int = Field(default=4, ge=1, le=20)
    candidate_view: CandidateView = "summary"
    blend: Literal["fitted", "declared"] = "fitted"
    weights: BlendWeights = BlendWeights()
    diversity: float = Field(default=0.7, ge=0, le=1)
    clarify: float = Field(default=0.1, ge=0, le=1)

    @model_validator(mode="after")
    def _refuse_a_widening_funnel(self) -> Self:
        if not self.slate <= self.decide <= self.retrieve:
            told = f"retrieve {self.retrieve}, decide {self.decide}, slate {self.slate}"
            raise ValueError(f"a funnel only narrows, and this one does not ({told}); write slate ≤ decide ≤ retrieve")
        return self


class BudgetSettings(_Section):
    """What one turn may spend: model calls, tokens in and out, US dollars (None: no bound), seconds."""

    calls: int = Field(default=60, ge=1)
    tokens: int = Field(default=200_000, ge=1)
    usd: float | None = Field(default=None, gt=0)
    seconds: float = Field(default=120, gt=0)


class TraceSettings(_Section):
    """What is recorded of a turn. personal_text: `keep` the person's words, or `redact` them to their length.

    keep_days, keep_mb: what is older, or beyond that size, goes when Palate is started; None keeps all. otlp: the
    address of an OTLP/HTTP collector that each trace is sent to, such as http://127.0.0.1:6006/v1/traces.
    otlp_headers_env: the NAME of the environment variable that holds its headers, as `name=value,name=value`.
    """

    enabled: bool = True
    personal_text: Literal["keep", "redact"] = "keep"
    keep_days: float | None = Field(default=None, gt=0)
    keep_mb: float | None = Field(default=None, gt=0)
    otlp: str | None = Field(default=None, pattern=r"^https?://")
    otlp_headers_env: str | None = Field(default=None, pattern=_VARIABLE)


class AuthSettings(_Section):
    """Who may look at the app, as an OpenID Connect provider tells.

    issuer: its URL, as in the `iss` of what it signs. client_id: under which it knows this app. address: where people
    open the app, without a path; the provider must allow `<address>/oauth2callback`. client_secret_env,
    cookie_secret_env: the NAMES of the environment variables that hold both secrets. hours: how long a sign-in lasts.
    profiles: what people who signed in may choose from beside the profile the server was started with; names or paths.
    """

    issuer: str
    client_id: str = Field(min_length=1)
    address: str
    client_secret_env: str = Field(default="OIDC_CLIENT_SECRET", pattern=_VARIABLE)
    cookie_secret_env: str = Field(default="OIDC_COOKIE_SECRET", pattern=_VARIABLE)
    hours: float = Field(default=24, gt=0, le=720)
    profiles: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _refuse_open_roads(self) -> Self:
        for name in ("issuer", "address"):
            problem = _url_problem(name, getattr(self, name))
            if problem:
                raise ValueError(problem)
        if urlsplit(self.address).path.strip("/"):
            raise ValueError(f"the address {self.address} has a path; write only `address: https://host:port`")
        return self


class Profile(_Section):
    """One way of running Palate, complete and checked. Read once at the entry point and passed down.

    models: by the names that `roles` and `fallback` use. roles: who plays each of the five. catalogue: the one a
    conversation is about unless another is asked for. auth: None where whoever opens the app may say who they are.
    """

    name: str = Field(min_length=1)
    about: str = ""
    models: dict[str, ModelSpec]
    roles: dict[Role, str]
    catalogue: str = Field(default="demo", min_length=1)
    embedder: EmbedderSpec = EmbedderSpec()
    stores: StoreSettings = StoreSettings()
    memory: MemorySettings = MemorySettings()
    recommend: RecommendSettings = RecommendSettings()
    budget: BudgetSettings = BudgetSettings()
    trace: TraceSettings = TraceSettings()
    auth: AuthSettings | None = None

    @model_validator(mode="after")
    def _refuse_impossible(self) -> Self:
        problem = _role_problem(self) or _model_problem(self) or _view_problem(self)
        if problem:
            raise ValueError(problem)
        return self

    def model_of(self, role: Role) -> ModelSpec:
        """The model that plays this role."""
        return self.models[self.roles[role]]

    @property
    def used_models(self) -> tuple[str, ...]:
        """Names of the models some role can reach, fallbacks included, each once, in order of first use."""
        found: dict[str, None] = {}
        for role in ROLES:
            name: str | None = self.roles[role]
            while name and name not in found:
                found[name] = None
                name = self.models[name].fallback
        return tuple(found)


def nearest(word: str, known: list[str]) -> str | None:
    """The known word that looks most like this one, or None where none comes near."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, known, n=1, cutoff=0.6)), None)


def _url_problem(name: str, url: str) -> str | None:
    """What is wrong with an address that passwords and sign-ins travel to."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        return f"the {name} {url!r} is no such address; write `{name}: https://…`"
    if parts.scheme == "http" and parts.hostname not in _THIS_MACHINE:
        return f"the {name} {url} is not encrypted, and others could sign in with what they read there; write https://"
    return None


def _role_problem(profile: Profile) -> str | None:
    for role in ROLES:
        if role not in profile.roles:
            return f"no model plays {role}; write `{role}: {next(iter(profile.models), '<model>')}` under `roles:`"
        wanted = profile.roles[role]
        if wanted not in profile.models:
            known = ", ".join(profile.models) or "none"
            better = nearest(wanted, list(profile.models)) or next(iter(profile.models), "<model>")
            return f"{role} names the model {wanted!r}, and there is {known}; write `{role}: {better}` under `roles:`"
    return None


def _model_problem(profile: Profile) -> str | None:
    for name, spec in profile.models.items():
        if not _MODEL_NAME.fullmatch(name):
            return f"a model is named {name!r}; write a name of small letters, digits, `_` and `-`"
        seen = [name]
        while spec.fallback:
            if spec.fallback not in profile.models:
                better = nearest(spec.fallback, list(profile.models)) or "<model>"
                return f"model {seen[-1]!r} falls back on unknown {spec.fallback!r}; write `fallback: {better}`"
            if spec.fallback in seen:
                circle = " → ".join([*seen, spec.fallback])
                return f"models fall back in a circle ({circle}); remove the `fallback:` of {seen[-1]!r}"
            seen.append(spec.fallback)
            spec = profile.models[spec.fallback]
    return None


def _view_problem(profile: Profile) -> str | None:
    view, name = profile.recommend.candidate_view, profile.roles["recommender"]
    if view != "summary" and not profile.models[name].vision:
        return (
            f"candidates are shown as `{view}` and the recommender's model {name!r} sees no pictures; "
            "write `candidate_view: summary` under `recommend:`"
        )
    return None
