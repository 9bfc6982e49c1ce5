"""What one turn knows so far, and what a node may hand back.

Pictures appear as content hashes only: the state is written to checkpoints, the pictures are not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Literal, TypedDict, cast, get_args

from langgraph.channels import UntrackedValue

from catalog.filters import Filter

Intent = Literal["recommend", "critique", "feedback", "question", "correct_taste", "small_talk"]
ReactionKind = Literal["like", "dislike", "take_back"]
REACTIONS: tuple[ReactionKind, ...] = get_args(ReactionKind)
PointedWish = Literal["more_like", "instead_of"]
CitationKind = Literal["fact", "summary", "wish", "picture", "critique", "filter", "neighbours"]


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
class Critique:
    """A change that was asked of what was shown: in force for the thread until taken back, and no part of a taste.

    said: the words it is shown and taken back by, unique in a thread: `cheaper than 40 EUR`, `darker`. about: ids of
    the items it compares with. condition: the filter that a comparison of numbers comes to. quality: what it is more or
    less of; the later of two that speak of the same holds. towards, away: words of summaries that speak for and against
    an item. likeness: what is known of the item that more like are wanted of. order: the attribute of a number by which
    the slate is ordered, the least of it first where it is `rising`.
    """

    said: str
    about: tuple[str, ...] = ()
    condition: Filter | None = None
    quality: str = ""
    towards: tuple[str, ...] = ()
    away: tuple[str, ...] = ()
    likeness: str = ""
    order: str = ""
    rising: bool = False


@dataclass(frozen=True)
class Standing:
    """What was asked for before a turn changed it, and what was on the screen: what an undo goes back to."""

    filters: tuple[Filter, ...] = ()
    wishes: tuple[str, ...] = ()
    critiques: tuple[Critique, ...] = ()
    upload_summary: str = ""
    shown: tuple[str, ...] = ()


@dataclass(frozen=True)
class FunnelStep:
    """One step that narrowed the catalogue. count: what was left after it. rule: what it did, in words."""

    step: str
    count: int
    rule: str = ""


@dataclass(frozen=True)
class Candidate:
    """An item under consideration and what each part thinks of it; higher is better.

    semantic: cosine to the wish and the preference. asked: how much of what is wished for in words it is known to have,
    in [0, 1]. cooccurrence: to what was liked before. popularity in [0, 1]. leaning: how far its summary goes along the
    critiques, in [-1, 1]. weighed: what each signal adds by the fitted blend, None without one. p_yes: None before the
    decision. model, kind: who gave it, and how. blend: the sum that the slate is ordered by.
    """

    item_id: str
    semantic: float = 0.0
    asked: float = 0.0
    cooccurrence: float = 0.0
    popularity: float = 0.0
    leaning: float = 0.0
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
    more_like, instead_of: the item under whose card a button asked for others; critique_of: the one that the message
    is about, by a button. undo: the critique that a button takes back. upload_summary: what the picture sent shows, or
    what the item is like that more are wanted of; in force, as wishes are, until something else is asked for.
    last_cards: the last slate with its reasons. meant: the one item that the last message was about, which "that one"
    means then. wishes and critiques are those in force, new_wishes and new_critiques
    those this message added (the latter by what they are called); count: how many items it asks for, 0 where it does
    not say; earlier: what stood before each of the last changes, the latest last; undone: what this turn took back, in
    words. relaxations: filters that would have to go for
    anything to be left, with how many items each would free. candidates: of no use after the turn, so no checkpoint
    holds them; the trace does. effects: what is to be said before the answer: names that no item
    has, and what critiques changed in the slate. question: what is asked instead
    of a slate; asked: the answers that were offered with it, until the next reply. quick_replies: short answers,
    offered to be sent as they are.
    problems: what went wrong on the way and was worked around, in words for the user.
    """

    user_id: str = ""
    turn_id: str = ""
    message: str = ""
    upload: str = ""
    reactions: tuple[Reaction, ...] = ()
    more_like: str = ""
    instead_of: str = ""
    critique_of: str = ""
    undo: str = ""

    history: tuple[Message, ...] = ()
    shown: tuple[str, ...] = ()
    last_slate: tuple[str, ...] = ()
    last_cards: tuple[SlateItem, ...] = ()
    filters: tuple[Filter, ...] = ()
    wishes: tuple[str, ...] = ()
    critiques: tuple[Critique, ...] = ()
    upload_summary: str = ""
    earlier: tuple[Standing, ...] = ()
    asked: tuple[str, ...] = ()
    meant: str = ""

    intent: Intent = "recommend"
    understood_by: tuple[str, ...] = ()
    new_wishes: tuple[str, ...] = ()
    new_critiques: tuple[str, ...] = ()
    undone: str = ""
    mentioned: tuple[str, ...] = ()
    fresh_only: bool = False
    count: int = 0
    news: str = ""
    candidates: Annotated[Sequence[Candidate], UntrackedValue] = ()
    funnel: tuple[FunnelStep, ...] = ()
    relaxations: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    question: str = ""
    slate: tuple[SlateItem, ...] = ()
    reply: str = ""
    quick_replies: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def conditions(self) -> tuple[Filter, ...]:
        """Every filter in force: those asked for, then those that critiques come to."""
        return (*self.filters, *(one.condition for one in self.critiques if one.condition is not None))


class TurnUpdate(TypedDict, total=False):
    """What a node may hand back. Every key is a field of `TurnState`; a test holds the two together."""

    history: tuple[Message, ...]
    shown: tuple[str, ...]
    last_slate: tuple[str, ...]
    last_cards: tuple[SlateItem, ...]
    filters: tuple[Filter, ...]
    wishes: tuple[str, ...]
    critiques: tuple[Critique, ...]
    earlier: tuple[Standing, ...]
    asked: tuple[str, ...]
    meant: str
    reactions: tuple[Reaction, ...]
    intent: Intent
    understood_by: tuple[str, ...]
    new_wishes: tuple[str, ...]
    new_critiques: tuple[str, ...]
    undone: str
    mentioned: tuple[str, ...]
    fresh_only: bool
    count: int
    upload_summary: str
    news: str
    candidates: Sequence[Candidate]
    funnel: tuple[FunnelStep, ...]
    relaxations: tuple[str, ...]
    effects: tuple[str, ...]
    question: str
    slate: tuple[SlateItem, ...]
    reply: str
    quick_replies: tuple[str, ...]
    problems: tuple[str, ...]


class TurnInput(TurnUpdate, total=False):
    """What starts a turn."""

    user_id: str
    turn_id: str
    message: str
    upload: str
    more_like: str
    instead_of: str
    critique_of: str
    undo: str


def fresh_turn(
    *,
    user_id: str,
    turn_id: str,
    message: str,
    upload: str = "",
    reactions: tuple[Reaction, ...] = (),
    more_like: str = "",
    instead_of: str = "",
    critique_of: str = "",
    undo: str = "",
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
        critique_of=critique_of,
        undo=undo,
        intent="recommend",
        understood_by=(),
        new_wishes=(),
        new_critiques=(),
        undone="",
        mentioned=(),
        fresh_only=False,
        count=0,
        news="",
        candidates=(),
        funnel=(),
        relaxations=(),
        effects=(),
        question="",
        slate=(),
        reply="",
        quick_replies=(),
        problems=(),
    )


def carried(before: TurnState) -> TurnInput:
    """What a conversation carries from one turn to the next: all that `fresh_turn` does not begin anew."""
    begun = fresh_turn(user_id="", turn_id="", message="")
    kept = {field.name: getattr(before, field.name) for field in fields(TurnState) if field.name not in begun}
    return cast(TurnInput, kept)
