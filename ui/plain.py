"""Text from models, catalogues and people, made safe for the page.

What can be is drawn by `st.text`, which reads no Markdown; `escaped` is for the places that only take Markdown.
"""

from __future__ import annotations

import re
import unicodedata

_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_JOINER = "\u2060"  # no width, no line break: parts a pattern that is looked for after Markdown was read
_PATTERNS = re.compile(r"(?<=:)(?=\S)|(?<=@)(?=\S)|(?<=[wW]{3})(?=\.)|(?<=\S)(?=:)")


def plain(text: str) -> str:
    """The text without control characters and invisible direction marks; line breaks and tabs stay."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(one for one in lines if one in "\n\t" or not _hidden(one))


def escaped(text: str) -> str:
    """Markdown that shows exactly the text: no formatting, no HTML, no link, no picture, no emoji, no formula.

    Every mark is escaped; bare addresses and `:names:`, which are looked for in the finished text, are parted by
    characters without width. Line breaks become spaces.
    """
    words = " ".join(plain(text).split())
    return _PUNCTUATION.sub(r"\\\1", _PATTERNS.sub(_JOINER, words))


def without_numbered(text: str, places: int) -> str:
    """The text without the lines numbered 1 to `places`: those are told on the cards of the slate."""
    kept = []
    for line in text.splitlines():
        match = re.match(r"\s*(\d+)[.)]\s", line)
        if match is None or not 1 <= int(match[1]) <= places:
            kept.append(line)
    return "\n".join(kept).strip()


def _hidden(one: str) -> bool:
    return one in _DIRECTION or unicodedata.category(one) in ("Cc", "Cs")
