"""A person's taste now: prose and typed facts, with a version and a watermark."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Polarity = Literal["like", "dislike", "must", "must_not"]
EditOp = Literal["add", "keep", "strengthen", "weaken", "retract", "pin", "unpin"]
Maker = Literal["fold", "edit", "undo"]


def fact_id_of(polarity: str, aspect: str, value: str) -> str:
    """The stable id of a fact: the same aspect and value keep one id, whether liked or disliked.

    >>> fact_id_of("like", "Subject", "red fox")
    'subject:red-fox'
    """

    def slug(text: str) -> str:
        return re.sub(r"[^\w]+", "-", text.casefold()).strip("-")

    prefix = "must/" if polarity.startswith("must") else ""
    return f"{prefix}{slug(aspect)}:{slug(value)}"


class Counts(BaseModel):
    """What somebody made of the items that show one thing, or of all items they met.

    liked, disliked, passed: events, at least 0; each weighs 1 when it happens and less the more follow. at: how many
    events of theirs there had been then.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    liked: float = Field(default=0, ge=0)
    disliked: float = Field(default=0, ge=0)
    passed: float = Field(default=0, ge=0)
    at: int = Field(default=0, ge=0)


class Fact(BaseModel):
    """One thing held to be true of a taste.

    strength in [0, 1]. evidence: ids of the interactions it rests on, oldest first. since: when it was first added.
    pinned: set by the user; no fold may change it. retracted: kept for the history, no longer used. counts: what was
    done about all items that show it; None where nobody counted, as for a fact set by hand. shown: the share of the
    catalogue that shows it, where it was looked up.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    polarity: Polarity
    aspect: str = Field(min_length=1)
    value: str = Field(min_length=1)
    strength: float = Field(ge=0, le=1)
    evidence: tuple[int, ...] = ()
    since: datetime
    pinned: bool = False
    retracted: bool = False
    counts: Counts | None = None
    shown: float | None = Field(default=None, gt=0, le=1)

    @property
    def fact_id(self) -> str:
        """Stable across versions; what citations name."""
        return fact_id_of(self.polarity, self.aspect, self.value)

    def __str__(self) -> str:
        return f"{self.polarity.replace('_', ' ')}s {self.aspect}: {self.value}"


class Preference(BaseModel):
    """A taste at one moment. Version 0 is the empty taste of someone unknown.

    facts: retracted ones included, strongest first among those that hold. watermark: the id of the last interaction it
    has seen; later ones wait for the next fold. made_by: a fold, an edit by the user's own hand, or an undo, which
    names in `restores` the version whose prose and facts it brought back. counts: of all items met in the folds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    user_id: str
    version: int = Field(default=0, ge=0)
    prose: str = ""
    facts: tuple[Fact, ...] = ()
    watermark: int = Field(default=0, ge=0)
    updated_at: datetime | None = None
    edits: tuple[Edit, ...] = ()  # what led from the version before to this one
    made_by: Maker = "fold"
    restores: int | None = Field(default=None, ge=0)
    counts: Counts = Counts()

    @property
    def holding(self) -> tuple[Fact, ...]:
        """The facts that are not retracted."""
        return tuple(fact for fact in self.facts if not fact.retracted)


class Edit(BaseModel):
    """One change that a fold, or the user by hand, made to a fact, with its reason.

    evidence: ids of interactions. A fact that no edit names is kept as it was.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    op: EditOp
    polarity: Polarity
    aspect: str = Field(min_length=1, max_length=80)
    value: str = Field(min_length=1, max_length=120)
    reason: str = ""
    evidence: tuple[int, ...] = ()

    @property
    def fact_id(self) -> str:
        """The id of the fact it changes."""
        return fact_id_of(self.polarity, self.aspect, self.value)


Preference.model_rebuild()
