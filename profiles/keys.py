"""Which provider keys a profile needs, by the name of their environment variable; no key is ever read into settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from profiles.schema import Profile

# providers whose LiteLLM names need a key where the profile does not name the variable itself
KEY_OF_PROVIDER = {
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "groq": "GROQ_API_KEY",
    "deepseek": "DEEPSEEK_API_KEY",
    "xai": "XAI_API_KEY",
    "cohere": "COHERE_API_KEY",
    "together_ai": "TOGETHERAI_API_KEY",
    "voyage": "VOYAGE_API_KEY",
}


@dataclass(frozen=True)
class MissingKey:
    """A key that is not set. user: the model that needs it, or `embedder`. variable: the environment variable."""

    user: str
    variable: str

    @property
    def line(self) -> str:
        """What to write in a shell."""
        return f"export {self.variable}=…"


def keys_in_use(profile: Profile, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The keys themselves, of every model, the embedder and the collector of traces: what must be written nowhere."""
    named = {_variable(spec.api_key_env, name, profile) for name, spec in profile.models.items()}
    headers = environ.get(profile.trace.otlp_headers_env or "", "").split(",")
    values = [environ.get(name or "", "") for name in (*named, _of_embedder(profile))]
    values += [one.partition("=")[2] for one in headers]
    return tuple(sorted({value.strip() for value in values if value.strip()}, key=len, reverse=True))


def missing_keys(profile: Profile, environ: Mapping[str, str]) -> tuple[MissingKey, ...]:
    """The keys that models in use need and the environment lacks; empty values count as lacking."""
    needed = [(name, _variable(profile.models[name].api_key_env, name, profile)) for name in profile.used_models]
    needed.append(("embedder", _of_embedder(profile)))
    return tuple(
        MissingKey(user, variable) for user, variable in needed if variable and not environ.get(variable, "").strip()
    )


def _of_embedder(profile: Profile) -> str | None:
    embedder = profile.embedder
    if embedder.backend != "litellm":
        return None
    guessed = None if embedder.api_base else KEY_OF_PROVIDER.get(embedder.model.split("/")[0])
    return embedder.api_key_env or guessed


def _variable(named: str | None, model: str, profile: Profile) -> str | None:
    spec = profile.models[model]
    if named or spec.backend != "hosted":
        return named
    return None if spec.api_base else KEY_OF_PROVIDER.get(spec.model.split("/")[0])
