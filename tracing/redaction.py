"""What is taken out of a trace before it is written: secrets always, personal text by policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Literal

from pydantic import JsonValue

PersonalText = Literal["keep", "redact"]

LONGEST_TEXT = 50_000  # characters of one text that are kept
_KEYS = re.compile(
    r"""
    \b(?:
        sk-[A-Za-z0-9_-]{12,}                 # OpenAI, Anthropic, OpenRouter, DeepSeek and others
      | AIza[A-Za-z0-9_-]{20,}                # Google
      | ya29\.[A-Za-z0-9_-]{10,}
      | (?:gsk|xai|r8|hf|pplx|nvapi|fw|csk|tvly|rk|pk|sk)[_-][A-Za-z0-9_-]{16,}
      | (?:AKIA|ASIA)[A-Z0-9]{12,}            # AWS
      | gh[opusr]_[A-Za-z0-9]{16,} | github_pat_[A-Za-z0-9_]{16,} | glpat-[A-Za-z0-9_-]{12,}
      | xox[abeoprs]-[A-Za-z0-9-]{10,}        # Slack
      | eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*   # JSON web tokens
    )
    """,
    re.VERBOSE,
)
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_HEADER = re.compile(r"(?i)\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{6,}")
_LABELLED = re.compile(
    r"""(?ix) (
        (?:[a-z0-9]+[_-])*(?:api[_-]?key|access[_-]?key|secret[_-]?key|client[_-]?secret|auth[_-]?token|access[_-]?token
          |refresh[_-]?token|password|passwd|secret|authorization|x-goog-api-key|token)
        ["']? \s* [:=] \s* ["']? )
        (?!\[key\]) (?!(?:bearer|basic)\s) [^\s"',;&}\]]{6,}
    """
)
_URL_LOGIN = re.compile(r"\b([a-z][a-z0-9+.-]*://[^\s/:@]*):[^\s/@]+@", re.IGNORECASE)
_MAIL = re.compile(r"\b[\w.%+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}\b")
_PHONE_SPOKEN = re.compile(
    r"""
    (?<![\w.,+]) (?:
        \+\d[\d\s().\-/]{6,18}\d
      | \(\d{2,5}\)[\s.-]?\d{3,5}[\s.-]?\d{2,6}
      | 0\d{1,5}[\s./-]\d[\d\s./-]{4,12}\d
      | \d{3}[\s.-]\d{3}[\s.-]\d{4}
    ) (?![\w])
    """,
    re.VERBOSE,
)
_PHONE_PLAIN = re.compile(r"(?<![\w.,])(?:00?[1-9]\d{8,12}|[2-9]\d{9})(?![\w.])")

# what names things and says nothing of a person: never changed
_NAMING = frozenset(
    """type trace_id user_id thread_id profile catalogue at step role model kind prompt pictures item_id slate op
    attribute intent shown last_slate mentioned understood_by parts polarity upload picture""".split()
)
_PERSONAL = frozenset(
    """message reply rendered output prose prose_before prose_after reason value aspect state_changes rule detail error
    said wishes history news text title""".split()
)


def redact(text: str, *, secrets: Collection[str] = ()) -> str:
    """The text without API keys, bearer headers, passwords in URLs, e-mail addresses and phone numbers.

    secrets: further strings that must not stay, such as the keys in use. What goes is replaced by `[key]`, `[e-mail]`
    or `[phone]`. A text beyond 50,000 characters is cut, and says so.
    """
    for secret in secrets:
        if len(secret) >= 6:
            text = text.replace(secret, "[key]")
    text = _PEM.sub("[key]", text)
    text = _HEADER.sub(r"\1\2[key]", text)
    text = _KEYS.sub("[key]", text)
    text = _LABELLED.sub(r"\1[key]", text)
    text = _URL_LOGIN.sub(r"\1:[key]@", text)
    text = _MAIL.sub("[e-mail]", text)
    text = _PHONE_SPOKEN.sub("[phone]", text)
    if any(mark.isspace() for mark in text):  # a figure all alone is an id
        text = _PHONE_PLAIN.sub("[phone]", text)
    if len(text) > LONGEST_TEXT:
        text = f"{text[:LONGEST_TEXT]}… ({len(text) - LONGEST_TEXT} more characters)"
    return text


def redact_event(
    event: Mapping[str, JsonValue], *, personal_text: PersonalText, secrets: Collection[str] = ()
) -> dict[str, JsonValue]:
    """An event, as JSON holds it, ready to be written.

    Ids, labels and content hashes stay as they are. With `redact`, whatever a person or a model wrote is replaced by
    its length, `<42 characters>`, also inside lists and objects.
    """

    def scrub(text: str) -> str:
        return redact(text, secrets=secrets)

    def hide(text: str) -> str:
        return f"<{len(text)} characters>" if text else ""

    personal = hide if personal_text == "redact" else scrub
    return {
        key: value
        if key in _NAMING
        else _each_text(value, personal if key in _PERSONAL else scrub, personal)
        for key, value in event.items()
    }  # fmt: skip


def _each_text(value: JsonValue, change: Callable[[str], str], personal: Callable[[str], str]) -> JsonValue:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_each_text(part, change, personal) for part in value]
    if isinstance(value, dict):
        return {
            redact(key): part
            if key in _NAMING
            else _each_text(part, personal if key in _PERSONAL else change, personal)
            for key, part in value.items()
        }  # fmt: skip
    return value
