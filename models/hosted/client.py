"""LiteLLM, imported where it is used, kept quiet and offline; and the arguments every call shares."""

from __future__ import annotations

import logging
import os
from functools import cache
from typing import Any

from models.errors import ModelAccountRefused, ModelMisconfigured
from models.spec import ModelSpec


@cache
def litellm() -> Any:
    """Give LiteLLM: local price list, no telemetry, no repeats of its own, nothing dropped from a request.

    Importing takes two to three seconds. Raises ModelMisconfigured where it is not installed.
    """
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    try:
        import litellm as module
    except ImportError as error:
        remedy = 'install it with `pip install "palate[hosted]"`'
        raise ModelMisconfigured("litellm", "the package for hosted and served models is missing", remedy) from error
    module.telemetry = False
    module.drop_params = False
    module.suppress_debug_info = True
    module.turn_off_message_logging = True
    module.num_retries = 0
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return module


def api_key(spec: ModelSpec) -> str | None:
    """Give the key the spec names, or None where it names none. Raises ModelAccountRefused when it is not set."""
    if spec.api_key_env is None:
        return None
    key = os.environ.get(spec.api_key_env, "").strip()
    if not key:
        detail = f"its key is missing: the environment variable {spec.api_key_env} is not set"
        raise ModelAccountRefused(spec.label, detail, f"run `export {spec.api_key_env}=...`")
    return key


def check_reachable_by_settings(spec: ModelSpec) -> None:
    """Refuse what cannot work before anything is sent: no key, an unknown provider. Raises ModelMisconfigured."""
    module = litellm()
    key = api_key(spec)
    if spec.backend == "served":
        return
    try:
        module.get_llm_provider(spec.litellm_name, api_base=spec.api_base)
    except module.exceptions.BadRequestError as error:
        remedy = "write `model: provider/name` with a provider LiteLLM knows, for instance `openai/gpt-5-mini`"
        raise ModelMisconfigured(spec.label, "its provider is unknown", remedy) from error
    missing = [] if key else module.validate_environment(spec.litellm_name)["missing_keys"]
    if missing:
        detail = f"its key is missing: the environment variable {' and '.join(missing)} is not set"
        raise ModelAccountRefused(spec.label, detail, f"run `export {missing[0]}=...` or name another in `api_key_env`")


def call_arguments(spec: ModelSpec) -> dict[str, Any]:
    """Give the arguments of every request: model, address, key and time limit. Never print them: the key is inside."""
    arguments: dict[str, Any] = {"model": spec.litellm_name, "timeout": spec.timeout_s}
    if spec.api_base:
        arguments["api_base"] = spec.api_base
    if key := api_key(spec):
        arguments["api_key"] = key
    return arguments


def known_price(spec: ModelSpec, input_tokens: int, output_tokens: int, cached_tokens: int) -> float | None:
    """Give LiteLLM's own price in US dollars, or None where its list has none for this model."""
    if spec.backend != "hosted":
        return None
    try:
        parts = litellm().cost_per_token(
            model=spec.litellm_name,
            prompt_tokens=input_tokens,
            completion_tokens=output_tokens,
            cache_read_input_tokens=cached_tokens,
        )
    except Exception:  # its list raises a bare Exception for a model that it does not hold
        return None
    return float(sum(parts))
