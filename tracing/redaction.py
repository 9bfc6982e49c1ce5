"""What is taken out of a trace before it is written: secrets always, personal text by policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
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
      | eyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]*   # JSON web tokens
    )
    """,
    re.VERBOSE,
)
_PEM = re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)", re.DOTALL)
_HEADER = re.compile(r"(?i)\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{6,}")
_LABELLED = re.compile(
    r"""(?ix) (
        (?:api[_-]?key|access[_-]?key|secret[_-]?key|client[_-]?secret|auth[_-]?token|access[_-]?token
          |refresh[_-]?token|password|passwd|secret|authorization|x-goog-api-key|token)
        ["']? \s{0,3} [:=] \s{0,3} ["']? )
        (?!\[key\]) (?!(?:bearer|basic)\s) [^\s"',;&}\]]{6,}
    """
)
_LABELS = tuple(  # how every label of the pattern above ends, with what follows it
    re.compile(rf"{label}[\"']?\s{{0,3}}[:=]") for label in ("key", "secret", "token", "passw(?:or)?d", "authorization")
)
_URL_LOGIN = re.compile(r"\b([a-z][a-z0-9+.-]{0,20}://[^\s/:@]{0,100}):[^\s/@]{1,200}@", re.IGNORECASE)
_MAIL = re.compile(r"\b[\w.%+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}\b")
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

_FIGURES = re.compile(r"\d[\d\s().\-/]{5,}\d")
_TELLING = (str, list, dict)  # what of JSON can hold a text
_SHORTEST_KEY = 15  # characters without a space among them; no alternative of _KEYS matches fewer

# what names things and says nothing of a person: never changed, but for objects that lie in it, as in a state's slate
_NAMING = frozenset(
    """type trace_id replay_of user_id thread_id profile catalogue at step role model kind prompt pictures item_id slate
    op attribute intent shown last_slate mentioned understood_by parts polarity upload picture turn_id""".split()
)
_PERSONAL = frozenset(
    """message reply rendered output prose prose_before prose_after reason value aspect state_changes rule detail error
    said wishes history news text title ref""".split()
)
# our own names of fields; any other key may itself hold a secret
_OURS = _NAMING | _PERSONAL | set("after_s seconds model_seconds p_yes mass blend place count dropped".split())


def redact(text: str, *, secrets: Collection[str] = ()) -> str:
    """The text without API keys, bearer headers, passwords in URLs, e-mail addresses and phone numbers.

    secrets: further strings that must not stay, such as the keys in use. What goes is replaced by `[key]`, `[e-mail]`
    or `[phone]`. A text beyond 50,000 characters is cut, and says so.
    """
    text = _shortened(text)
    for secret in secrets:
        if len(secret) >= 6:
            text = text.replace(secret, "[key]")
    return _without_patterns(text)


def _without_patterns(text: str) -> str:
    """Look first, with what is quick, whether a pattern can match at all: most texts hold nothing of the kind."""
    lowered = text.casefold()
    if "private key-----" in lowered:
        text = _PEM.sub("[key]", text)
    if "bearer" in lowered or "basic" in lowered:
        text = _HEADER.sub(r"\1\2[key]", text)
    if _KEYS.search(" ".join(word for word in text.split() if len(word) >= _SHORTEST_KEY)):
        text = _KEYS.sub("[key]", text)
    if any(label.search(lowered) for label in _LABELS):
        text = _LABELLED.sub(r"\1[key]", text)
    if "@" in text:
        text = _MAIL.sub("[e-mail]", _URL_LOGIN.sub(r"\1:[key]@", text))
    if _FIGURES.search(text):
        text = _PHONE_PLAIN.sub("[phone]", _PHONE_SPOKEN.sub("[phone]", text))
    return text


def _shortened(text: str) -> str:
    """At most the longest text allowed, cut between words where there are any, so that no half of a secret stays."""
    if len(text) <= LONGEST_TEXT:
        return text
    kept = text[:LONGEST_TEXT]
    if not text[LONGEST_TEXT].isspace():
        kept = kept.rpartition(" ")[0] or kept
    return f"{kept}… ({len(text) - len(kept)} more characters)"


def is_clean(events: Iterable[Mapping[str, JsonValue]], *, secrets: Collection[str] = ()) -> bool:
    """Whether `redact_event` would leave all these events as they are, personal text kept.

    Looks at all their texts at once, which is several times as fast; where it says no, a closer look may still find
    nothing.
    """
    texts = list[str]()
    for event in events:
        _gather(event, texts)
    if max(map(len, texts), default=0) > LONGEST_TEXT:
        return False
    joined = "\n\n".join(texts)
    return not any(len(secret) >= 6 and secret in joined for secret in secrets) and _without_patterns(joined) == joined


def _gather(value: JsonValue | Mapping[str, JsonValue], into: list[str]) -> None:
    """Every text that may be changed: values and keys alike, but for what only names things."""
    if isinstance(value, str):
        into.append(value)
    elif isinstance(value, list):
        for part in value:
            if isinstance(part, _TELLING):
                _gather(part, into)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            if key not in _OURS:
                into.append(key)
            if isinstance(part, _TELLING) and (key not in _NAMING or _holds_objects(part)):
                _gather(part, into)


def _holds_objects(value: JsonValue | Mapping[str, JsonValue]) -> bool:
    if isinstance(value, list):
        return any(_holds_objects(part) for part in value)
    return isinstance(value, Mapping)


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

    change = _Change(scrub, hide if personal_text == "redact" else scrub)
    return change.fields(event, change.scrub)


@dataclass(frozen=True)
class _Change:
    """What is done to every text, and to a personal one."""

    scrub: Callable[[str], str]
    personal: Callable[[str], str]

    def fields(self, fields: Mapping[str, JsonValue], change: Callable[[str], str]) -> dict[str, JsonValue]:
        changed = {}
        for key, value in fields.items():
            inner = self.personal if key in _PERSONAL else change
            kept = key if key in _OURS else self.scrub(key)
            named = key in _NAMING and not _holds_objects(value)
            changed[kept] = value if named else self.value(value, inner)
        return changed

    def value(self, value: JsonValue, change: Callable[[str], str]) -> JsonValue:
        if isinstance(value, str):
            return change(value)
        if isinstance(value, list):
            return [self.value(part, change) for part in value]
        return self.fields(value, change) if isinstance(value, dict) else value
