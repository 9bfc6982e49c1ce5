"""What one turn knows so far, and what a node may hand back.

Pictures appear as content hashes only: the state is written to checkpoints, the pictures are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypedDict, get_args

from langgraph.channels import UntrackedValue

from catalog.filters import Filter

Intent = Literal["recommend", "critique", "feedback", "question", "correct_taste", "small_talk"]
ReactionKind = Literal["like", "dislike", "take_back"]
REACTIONS: tuple[ReactionKind, ...] = get_args(ReactionKind)
PointedWish = Literal["more_like", "instead_of"]
CitationKind = Literal["fact", "summary", "wish", "picture", "filter", "neighbours"]


@dataclass(frozen=True)
class Message:
    """One message of the conversation, as it was shown."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True)
class Reaction:
    """A like or dislike of one item, by a button or in words; or `take_back`, which makes void those before it."""

    item_id: str
    kind: ReactionKind


@dataclass(frozen=True)
class FunnelStep:
    """One step that narrowed the catalogue. count: what was left after it. rule: what it did, in words."""

    step: str
    count: int
    rule: str = ""


@dataclass(frozen=True)
class Candidate:
    """An item under consideration and what each part thinks of it; higher is better.

    semantic: cosine to the wish and the preference. cooccurrence: to what was liked before. popularity in [0, 1].
    weighed: what each signal adds by the fitted blend, None without one. p_yes: None before the decision. model, kind:
    who gave it, and how. blend: the sum the slate is ordered by.
    """

    item_id: str
    semantic: float = 0.0
    cooccurrence: float = 0.0
    popularity: float = 0.0
    weighed: Mapping[str, float] | None = None
    p_yes: float | None = None
    mass: float | None = None
    model: str = ""
    kind: str = ""
    blend: float = 0.0


@dataclass(frozen=True)
class Citation:
    """Evidence for a reason. ref: a fact id, an item id, an attribute, whatever the kind names; text: its words."""

    kind: CitationKind
    ref: str
    text: str


@dataclass(frozen=True)
class SlateItem:
    """One item as it is shown. p: p(yes) of the decision, None where no model could decide."""

    item_id: str
    title: str
    p: float | None
    kind: str
    reason: str = ""
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True)
class TurnState:
    """What one turn knows so far.

    The first group comes with the message, the second stays for the whole thread, the rest is filled on the way.
    more_like, instead_of: the item under whose card a button asked for others. upload_summary: what the picture sent
    shows, or what the item is like that more are wanted of; in force, as wishes are, until something else is asked for.
    wishes are those in force, new_wishes those this message added. relaxations: filters that would have to go for
    anything to be left, with how many items each would free. candidates: of no use after the turn, so no checkpoint
    holds them; the trace does.
    problems: what went wrong on the way and was worked around, in words for the user.
    """

    user_id: str = ""
    turn_id: str = ""
    message: str = ""
    upload: str = ""
    reactions: tuple[Reaction, ...] = ()
    more_like: str = ""
    instead_of: str = ""

    history: tuple[Message, ...] = ()
    shown: tuple[str, ...] = ()
    last_slate: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    wishes: tuple[str, ...] = ()
    upload_summary: str = ""

    intent: Intent = "recommend"
    understood_by: tuple[str, ...] = ()
    new_wishes: tuple[str, ...] = ()
    mentioned: tuple[str, ...] = ()
    fresh_only: bool = False
    news: str = ""
    candidates: Annotated[tuple[Candidate, ...], UntrackedValue] = ()
    funnel: tuple[FunnelStep, ...] = ()
    relaxations: tuple[str, ...] = ()
    slate: tuple[SlateItem, ...] = ()
    reply: str = ""
    problems: tuple[str, ...] = ()


class TurnUpdate(TypedDict, total=False):
    """What a node may hand back. Every key is a field of `TurnState`; a test holds the two together."""

    history: tuple[Message, ...]
    shown: tuple[str, ...]
    last_slate: tuple[str, ...]
    filters: tuple[Filter, ...]
    wishes: tuple[str, ...]
    reactions: tuple[Reaction, ...]
    intent: Intent
    understood_by: tuple[str, ...]
    new_wishes: tuple[str, ...]
    mentioned: tuple[str, ...]
    fresh_only: bool
    upload_summary: str
    news: str
    candidates: tuple[Candidate, ...]
    funnel: tuple[FunnelStep, ...]
    relaxations: tuple[str, ...]
    slate: tuple[SlateItem, ...]
    reply: str
    problems: tuple[str, ...]


class TurnInput(TurnUpdate, total=False):
    """What starts a turn."""

    user_id: str
    turn_id: str
    message: str
    upload: str
    more_like: str
    instead_of: str


def fresh_turn(
    *,
    user_id: str,
    turn_id: str,
    message: str,
    upload: str = "",
    reactions: tuple[Reaction, ...] = (),
    more_like: str = "",
    instead_of: str = "",
) -> TurnInput:
    """The input that starts a turn: what belongs to one turn is emptied, what belongs to the thread stays as it was."""
    return TurnInput(
        user_id=user_id,
        turn_id=turn_id,
        message=message,
        upload=upload,
        reactions=reactions,
        more_like=more_like,
        instead_of=instead_of,
        intent="recommend",
        understood_by=(),
        new_wishes=(),
        mentioned=(),
        fresh_only=False,
        news="",
        candidates=(),
        funnel=(),
        relaxations=(),
        slate=(),
        reply="",
        problems=(),
    )
