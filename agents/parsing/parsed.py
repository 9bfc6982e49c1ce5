"""What the parser hands back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agents.parsing.axes import NO_POLE, Pole
from agents.state import Intent
from catalog.filters import Filter

Direction = Literal["less", "more"]


@dataclass(frozen=True)
class Mention:
    """An item the message means.

    said: the words that named it. score in (0, 1]: 1 for an exact title or a place in the list shown; lower for a typo;
    a title that several items share is mentioned once for each, the score divided among them.
    how: `title`, or `place` for "the second one".
    """

    item_id: str
    said: str
    score: float = 1.0
    how: Literal["title", "place"] = "title"


@dataclass(frozen=True)
class Comparison:
    """One comparison as it was said, not yet with what.

    said: the words for it: `cheaper`, `less busy`. measure: the attribute of a number that is to be `direction` of it,
    empty for a quality. pole: the words of summaries that speak for and against a quality. than: ids of the items it
    compares with; empty for all that were shown. alike: ids of items that more like are wanted of. first: nothing is
    compared, what has the most or the least of `measure` is to come first.
    """

    said: str
    measure: str = ""
    direction: Direction = "more"
    pole: Pole = NO_POLE
    than: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()
    first: bool = False


@dataclass(frozen=True)
class Unsure:
    """Words by which one item is meant, and it is not sure which.

    said: the words. item_ids: in catalogue order. why: `several` answer to a name; `shown`: several of those shown
    answer to the words; `near`: no item has that name, and these have one like it. before, after: the rest of the
    message, around the words.
    """

    said: str
    item_ids: tuple[str, ...]
    why: Literal["several", "shown", "near"] = "several"
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Parsed:
    """What was read exactly; all else of the message is left in `residual` for a model.

    filters: in the order said. relax: attributes whose earlier filters the person lifts ("any price"), schema order.
    mentioned: in the order said, each item once. likes, dislikes: ids of mentioned items the person judged.
    seen: ids of those they say they know already.
    unsure: names and descriptions that more than one item may answer to, which the message rests on. unknown: names
    that no item has. bare: whether the message only names one item. comparisons: with what was
    shown or named, not yet resolved. undo: what is to be taken back, in the words that name it, empty for the last
    change; None where nothing is. wants_new: asked for items other than those shown. count: how many are
    asked for, 0 where nothing says so. residual: the message without filters, comparisons and lifted attributes.
    intent_hint: only where an exact cue leaves no doubt.
    """

    filters: tuple[Filter, ...] = ()
    relax: tuple[str, ...] = ()
    mentioned: tuple[Mention, ...] = ()
    likes: tuple[str, ...] = ()
    dislikes: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    unsure: tuple[Unsure, ...] = ()
    unknown: tuple[str, ...] = ()
    bare: bool = False
    comparisons: tuple[Comparison, ...] = ()
    undo: str | None = None
    wants_new: bool = False
    count: int = 0
    residual: str = ""
    intent_hint: Intent | None = None
