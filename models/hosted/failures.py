"""What LiteLLM and its libraries raise, as errors sorted by who can act; and calls tried again where that may help."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from models.errors import (
    ModelAccountRefused,
    ModelBadOutput,
    ModelBusy,
    ModelError,
    ModelMisconfigured,
    ModelRefused,
    ModelTimeout,
    ModelUnreachable,
)
from models.hosted.client import api_key, litellm
from models.spec import ModelSpec

T = TypeVar("T")
PAUSE_S = 0.5  # before the first repeat; doubles with each, and is spread by half either way
LONGEST_PAUSE_S = 20.0
_SECRETS = re.compile(r"(?i)\b(bearer\s+\S+|(?:sk|pk|key|gsk|xai)-[\w*.-]{6,}|AIza[\w-]{10,})")
_TOO_LONG = re.compile(r"(?i)context[ _](length|window)|too many tokens|prompt is too long|input is too long")
_PREFIXES = re.compile(r"^(litellm\.\w+: ?|[A-Za-z_]*(Exception|Error) ?[-:] ?)+")
_TIMED_OUT = re.compile(r"\btime(d )?out on reading|\btimed out\b", re.IGNORECASE)
_NO_CREDIT = re.compile(r"(?i)insufficient_quota|exceeded your current quota|billing|payment required|credit balance")
_REFUSED = re.compile(r"(?i)content[_ ]?(policy|filter|management)|safety system|moderation")
_NO_CONNECTION = re.compile(
    r"(?i)connection error|cannot connect to host|connection refused|name or service not known|connect call failed"
    r"|all connection attempts failed|nodename nor servname|temporary failure in name resolution"
)


_CONNECTION_ERRORS = frozenset(
    {"ConnectError", "ClientConnectorError", "ClientConnectorDNSError", "ConnectionRefusedError", "gaierror"}
)
_UNREADABLE = ("jsondecode", "expecting value", "invalid response object", "validation error", "'choices'")


async def with_repeats(spec: ModelSpec, call: Callable[[], Awaitable[T]]) -> tuple[T, int]:
    """Give the call's result and how many repeats it took.

    Only errors that may pass are tried again, at most `spec.retries` times (a time-out once), after a growing, uneven
    pause or the one the server asks for. Raises ModelError and nothing else; its notes tell how often it was tried.
    """
    repeats = 0
    while True:
        try:
            return await call(), repeats
        except Exception as raised:
            error = translate(raised, spec)
            allowed = min(1, spec.retries) if isinstance(error, ModelTimeout) else spec.retries
            if not error.retryable or repeats >= allowed:
                if repeats:
                    error.add_note(f"tried {repeats + 1} times")
                if error is raised:
                    raise
                raise error from _without_secrets(raised, spec)
            await asyncio.sleep(pause(repeats, asked_s=_asked_pause(raised)))
            repeats += 1


def pause(repeats: int, *, asked_s: float | None = None) -> float:
    """Give the seconds to wait before the next repeat: what the server asks, up to 20 s, or 0.5, 1, 2 … ± half."""
    if asked_s is not None:
        return min(max(asked_s, 0.0), LONGEST_PAUSE_S)
    return float(min(PAUSE_S * 2**repeats, LONGEST_PAUSE_S) * random.uniform(0.5, 1.5))


def translate(error: BaseException, spec: ModelSpec) -> ModelError:
    """Give the error of ours that says what happened and what to do, without any secret in it."""
    if isinstance(error, ModelError):
        return error
    known = litellm().exceptions
    if isinstance(error, known.MidStreamFallbackError) and error.original_exception is not None:
        return translate(error.original_exception, spec)
    detail = clean(error, spec)
    if isinstance(error, (known.Timeout, TimeoutError)) or type(error).__name__.endswith("Timeout"):
        return ModelTimeout(spec.label, spec.timeout_s)
    if _is_no_connection(error):
        return ModelUnreachable(spec.label, spec.api_base or "its provider")
    return _by_class(error, detail, spec, known) or _by_status(error, detail, spec)


def _by_class(error: BaseException, detail: str, spec: ModelSpec, known: Any) -> ModelError | None:
    """Sort by the classes whose status says too little."""
    if isinstance(error, (known.ContentPolicyViolationError, known.RejectedRequestError)):
        return ModelRefused(spec.label, detail)
    if isinstance(error, known.ContextWindowExceededError):
        return _too_long(spec)
    if isinstance(error, known.UnsupportedParamsError):
        return ModelMisconfigured(
            spec.label, f"it does not take what was asked ({detail})", _unsupported_remedy(detail)
        )
    if isinstance(error, known.APIResponseValidationError):
        return ModelBadOutput(spec.label, detail)
    return None


def _by_status(error: BaseException, detail: str, spec: ModelSpec) -> ModelError:
    status = getattr(error, "status_code", None)
    match status:
        case 401 | 403:
            remedy = f"set {spec.api_key_env} to a valid key" if spec.api_key_env else "name its key in `api_key_env`"
            return ModelAccountRefused(spec.label, f"its key is refused ({detail})", remedy)
        case 402:
            return _no_credit(spec)
        case 404:
            remedy = "correct `model`" + (" or `api_base`" if spec.api_base else "")
            return ModelMisconfigured(spec.label, f"the server does not know it ({detail})", remedy)
        case 429 if _NO_CREDIT.search(detail):
            return _no_credit(spec)
        case 408:
            return ModelTimeout(spec.label, spec.timeout_s)
        case 429:
            return ModelBusy(spec.label, "too many requests")
        case int() if 400 <= status < 500 and _TOO_LONG.search(detail):
            return _too_long(spec)
        case int() if 400 <= status < 500 and _REFUSED.search(detail):
            return ModelRefused(spec.label, detail)
        case int() if 400 <= status < 500:
            remedy = _unsupported_remedy(detail)
            return ModelMisconfigured(spec.label, f"it refuses the request ({detail})", remedy)
    if _TIMED_OUT.search(detail):
        return ModelTimeout(spec.label, spec.timeout_s)
    if _is_unreadable(error):
        return ModelBadOutput(spec.label, "its answer is not what the protocol promises", detail)
    return ModelBusy(spec.label, detail)


def _no_credit(spec: ModelSpec) -> ModelError:
    return ModelAccountRefused(spec.label, "the account has no credit left", "add credit or choose another model")


def _too_long(spec: ModelSpec) -> ModelError:
    remedy = "shorten the text or choose a model with a longer context"
    return ModelMisconfigured(spec.label, "the prompt is too long for it", remedy)


def clean(error: BaseException, spec: ModelSpec) -> str:
    """Give the first line of an error, at most 200 characters, without class names of libraries and without secrets."""
    text = str(getattr(error, "message", None) or error).strip()
    text = _PREFIXES.sub("", text)
    with contextlib.suppress(ValueError, TypeError, KeyError):  # servers wrap the message in JSON
        text = str(json.loads(text[text.index("{") :])["error"]["message"])
    return redact((text.splitlines() or [type(error).__name__])[0], spec)[:200]


def redact(text: str, spec: ModelSpec) -> str:
    """Give the text without the model's key and without anything that looks like one."""
    try:
        key = api_key(spec)
    except ModelMisconfigured:
        key = None
    if key:
        text = text.replace(key, "[key]")
    return _SECRETS.sub("[key]", text)


def _without_secrets(error: BaseException, spec: ModelSpec) -> BaseException:
    """Give a cause that is safe to print: libraries put requests and headers into theirs."""
    return RuntimeError(f"{type(error).__name__}: {clean(error, spec)}")


def _is_no_connection(error: BaseException) -> bool:
    chain: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and step not in chain:
        chain.append(step)
        step = step.__cause__ or step.__context__
    names = {type(one).__name__ for one in chain}
    if names & _CONNECTION_ERRORS:
        return True
    return type(error).__name__ == "APIConnectionError" and bool(_NO_CONNECTION.search(str(error)))


def _is_unreadable(error: BaseException) -> bool:
    text = f"{type(error).__name__} {error}".lower()
    return any(hint in text for hint in _UNREADABLE)


def _unsupported_remedy(detail: str) -> str:
    if "temperature" in detail.lower():
        return "write `temperature: null` for this model"
    if "response_format" in detail or "json_schema" in detail:
        return "write `schema_output: none` for this model"
    if "stream_options" in detail:
        return "write `stream_usage: false` for this model"
    return "correct the model's settings, or choose another model"


def _asked_pause(error: BaseException) -> float | None:
    headers = getattr(error, "litellm_response_headers", None) or {}
    try:
        return float(headers["retry-after"])
    except (KeyError, TypeError, ValueError):
        return None
