"""Which model to reach, how, and what it can do: declared by a profile, never guessed at run time."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.decisions import DecisionKind

Backend = Literal["local", "served", "hosted"]
SchemaOutput = Literal["native", "tool", "none"]

KINDS: dict[str, tuple[DecisionKind, ...]] = {
    "local": ("local",),
    "served": ("systemone", "logprobs", "graded"),
    "hosted": ("systemone", "logprobs", "graded"),
}
DEFAULT_KINDS: dict[str, tuple[DecisionKind, ...]] = {
    "local": ("local",),
    "served": ("systemone",),
    "hosted": ("graded",),
}
SCHEMA_PACKAGE = "llguidance"  # holds a local model to a schema
_ROOT = Path(__file__).resolve().parent.parent
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class ModelSpec(BaseModel):
    """One model of a profile.

    backend: "local" runs a checkpoint in this process; "served" asks an OpenAI-compatible server by URL; "hosted" asks
    a provider by its LiteLLM name. model: a path or hub id, the server's own model name, or a LiteLLM name such as
    "openai/gpt-5-mini". adapter: a LoRA folder or hub id. api_key_env: the NAME of the environment variable that holds
    the key, never the key. schema_output: how it is held to a JSON schema; a local model by itself ("native") where the
    package for it is installed. decide: the kinds of decision it can give, best first. timeout_s: seconds until a reply
    must be complete (or, streamed, until its next piece). retries: how often a call that may succeed later is tried
    again. max_tokens: of one reply. temperature: 0 is the most certain wording; None leaves it out of requests, for
    models that refuse it. stream_usage: whether a stream is asked to end with its token counts, which some servers
    refuse; None means yes for hosted models and no for served ones. picture_px: longest side of a picture sent to the
    model.
    Prices: None where unknown.
    fallback: name of another model of the same profile that takes over when this one fails.

    Frozen and hashable; combinations that cannot work are refused with the line to write.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: Backend
    model: str = Field(min_length=1)
    adapter: str | None = None
    api_base: str | None = None
    api_key_env: str | None = None
    device: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    vision: bool = True
    streaming: bool = True
    schema_output: SchemaOutput = "none"
    decide: tuple[DecisionKind, ...] = ()
    timeout_s: float = Field(default=60.0, gt=0)
    retries: int = Field(default=2, ge=0, le=10)
    max_tokens: int = Field(default=512, ge=1)
    temperature: float | None = Field(default=0.0, ge=0, le=2)
    stream_usage: bool | None = None
    picture_px: int = Field(default=512, ge=32, le=4096)
    input_usd_per_million: float | None = Field(default=None, ge=0)
    output_usd_per_million: float | None = Field(default=None, ge=0)
    fallback: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _usual(cls, values: Any) -> Any:
        """Give what the backend usually can do where the profile does not say."""
        if not isinstance(values, dict):
            return values
        backend = str(values.get("backend"))
        usual: dict[str, Any] = {} if values.get("decide") else {"decide": DEFAULT_KINDS.get(backend, ())}
        if backend == "local" and "schema_output" not in values:
            usual["schema_output"] = "native" if find_spec(SCHEMA_PACKAGE) else "none"
        return {**values, **usual}

    @model_validator(mode="after")
    def _refuse_impossible(self) -> Self:
        problem = _local_problem(self) if self.backend == "local" else _remote_problem(self)
        problem = problem or _kinds_problem(self)
        if problem:
            raise ValueError(problem)
        return self

    @property
    def label(self) -> str:
        """The name people see in traces and errors; a checkpoint of this repository goes by its path in it."""
        parts = (self.model, self.adapter) if self.adapter else (self.model,)
        return "+".join(part.removeprefix(f"{_ROOT}/") for part in parts)

    @property
    def litellm_name(self) -> str:
        """The model's name for LiteLLM. A server is addressed as `hosted_vllm/…`, the dialect all of them speak."""
        return f"hosted_vllm/{self.model}" if self.backend == "served" else self.model


class Capabilities(BaseModel):
    """What a backend can do, as its spec declares it. decide: kinds, best first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vision: bool
    streaming: bool
    decide: tuple[DecisionKind, ...]
    schema_output: SchemaOutput
    adapter: bool


def capabilities(spec: ModelSpec) -> Capabilities:
    """Give what the model of this spec can do."""
    return Capabilities(
        vision=spec.vision,
        streaming=spec.streaming,
        decide=spec.decide,
        schema_output=spec.schema_output,
        adapter=spec.backend == "local",
    )


def _local_problem(spec: ModelSpec) -> str | None:
    if spec.api_base:
        return "a local model has no `api_base`; write `backend: served` to ask a server"
    if spec.api_key_env:
        return "a local model needs no key; remove `api_key_env` or write `backend: hosted`"
    if spec.schema_output == "tool":
        return "a local model is held to a schema without tools; write `schema_output: native` or remove it"
    return None


def _remote_problem(spec: ModelSpec) -> str | None:
    if spec.adapter:
        return f"`adapter` works in this process only; write `backend: local` (not `{spec.backend}`) or remove it"
    if spec.device != "auto" or spec.dtype != "auto":
        return f"`device` and `dtype` belong to `backend: local`; remove them from this {spec.backend} model"
    if spec.api_key_env and not _ENVIRONMENT_NAME.fullmatch(spec.api_key_env):
        return "`api_key_env` is the name of an environment variable; write for instance `api_key_env: OPENAI_API_KEY`"
    if spec.backend == "served" and not spec.api_base:
        return "a served model needs its address; write for instance `api_base: http://127.0.0.1:8000/v1`"
    if spec.api_base and not re.match(r"https?://", spec.api_base):
        return "`api_base` is a URL; write for instance `api_base: http://127.0.0.1:8000/v1`"
    if spec.backend == "hosted" and "/" not in spec.model:
        return f"a hosted model is named with its provider; write for instance `model: openai/{spec.model}`"
    return None


def _kinds_problem(spec: ModelSpec) -> str | None:
    allowed = KINDS[spec.backend]
    unknown = [kind for kind in spec.decide if kind not in allowed]
    if unknown:
        return (
            f"a {spec.backend} model cannot decide by {', '.join(unknown)}; "
            f"write `decide: [{', '.join(DEFAULT_KINDS[spec.backend])}]` (possible: {', '.join(allowed)})"
        )
    if len(set(spec.decide)) != len(spec.decide):
        return "`decide` names a kind twice; name each once, best first"
    return None
