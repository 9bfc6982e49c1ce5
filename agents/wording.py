"""How facts and events are written into prompts.

Training writes them the same way, so a model meets what it has learned.
"""

from __future__ import annotations

from agents.state import PointedWish
from memory.preferences import Fact

MAX_WORDS = {"title": 24, "summary": 80, "wish": 60, "prose": 1000}
_VERBS = {"view": "viewed", "like": "liked", "dislike": "disliked", "purchase": "bought"}


def one_line(text: str, *, words: int | None = None) -> str:
    """The text without line breaks or runs of space, cut after that many words.

    So data cannot pose as the structure of a prompt.
    """
    parts = text.split()
    if words is not None and len(parts) > words:
        parts = [*parts[:words], "…"]
    return " ".join(parts)


def cut(text: str, *, words: int) -> str:
    """The text as it is, or, where it has more words, the first of them on one line."""
    return text if len(text.split()) <= words else one_line(text, words=words)


def strength_word(strength: float) -> str:
    """`slight` below 0.4, `clear` below 0.7, `strong` from there."""
    return "slight" if strength < 0.4 else "clear" if strength < 0.7 else "strong"


def fact_line(fact: Fact) -> str:
    """A fact as prompts show it: `like subject: fox (clear)`."""
    polarity = fact.polarity.replace("_", " ")
    return f"{polarity} {one_line(fact.aspect)}: {one_line(fact.value)} ({strength_word(fact.strength)})"


def event_line(kind: str, *, title: str = "", summary: str = "", text: str = "", value: float | None = None) -> str:
    """An interaction as prompts show it.

    `liked Quiet Harbour: A woodcut of …`, `rated 4.5 of 5 Alien: …`, `wish: something calm`.
    """
    if kind == "wish":
        return f"wish: {one_line(text, words=MAX_WORDS['wish'])}"
    verb = f"rated {value:g} of 5" if kind == "rating" and value is not None else _VERBS.get(kind, kind)
    line = f"{verb} {one_line(title, words=MAX_WORDS['title'])}"
    return f"{line}: {one_line(summary, words=MAX_WORDS['summary'])}" if summary else line


def pointed_words(title: str, wish: PointedWish) -> str:
    """What a button under a card asks for, in the words that the conversation shows: `More like “Quiet Harbour”`."""
    return f"{'More like' if wish == 'more_like' else 'Something else than'} “{one_line(title)}”"
