"""Text from models, catalogues and files, made safe for a terminal."""

from __future__ import annotations

import unicodedata


def printable(text: str) -> str:
    """The text without control characters, so that nothing in it can move the cursor or change the title bar.

    Line breaks and tabs stay; invisible direction marks go as well.
    """
    return "".join(one for one in text if one in "\n\t" or not _hidden(one))


def shortened(text: str, limit: int = 90) -> str:
    """The text on one line, cut with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or character in "\u202a\u202b\u202c\u202d\u202e"
