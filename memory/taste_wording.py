"""Facts, their changes and who made a version, in words that the screen and the command line share."""

from __future__ import annotations

from memory.preferences import Fact, Polarity, Preference
from memory.taste_history import ChangeKind, FactChange

SIGNS: dict[ChangeKind, str] = {
    "added": "+", "turned": "⇄", "stronger": "↑", "weaker": "↓", "retracted": "−", "pinned": "●", "unpinned": "○",
    "noted": "·",
}  # fmt: skip
HEADINGS = {"turned": "turned round", "noted": "otherwise"}
POLARITIES: dict[Polarity, str] = {"must": "Must", "must_not": "Must not", "like": "Likes", "dislike": "Dislikes"}
MAKERS = {"fold": "fold", "edit": "you", "undo": "undo"}


def fact_line(fact: Fact) -> str:
    """`subject: fox`, with a mark on one that was pinned."""
    return f"{fact.aspect}: {fact.value}{' 📌' if fact.pinned else ''}"


def liking(change: FactChange, fact: Fact) -> str:
    """`like`, or `like → dislike` where it was turned round."""
    told = fact.polarity.replace("_", " ")
    if change.kind == "turned" and change.before is not None:
        return f"{change.before.polarity.replace('_', ' ')} → {told}"
    return told


def strengths(change: FactChange) -> str:
    """`0.30 → 0.45`, or one number where it stayed; `0.30 → gone` for a fact that holds no more."""
    before, after = change.before, change.after
    if change.kind == "retracted" or after is None:
        return f"{before.strength:.2f} → gone" if before is not None else ""
    if before is None or before.retracted or before.strength == after.strength:
        return f"{after.strength:.2f}"
    return f"{before.strength:.2f} → {after.strength:.2f}"


def change_line(change: FactChange) -> str:
    """A change in a line: `added like subject: fox 0.60`; empty for one that only concerns evidence or history."""
    fact = change.after or change.before
    if change.kind == "noted" or fact is None:
        return ""
    heading = HEADINGS.get(change.kind, change.kind)
    return f"{heading} {liking(change, fact)} {fact.aspect}: {fact.value} {strengths(change)}".rstrip()


def maker(version: Preference) -> str:
    """Who made a version: `fold`, `you`, or `undo, to 3`."""
    return f"undo, to {version.restores}" if version.restores is not None else MAKERS[version.made_by]
