"""Interactions: what a user did or said, the record everything else is rebuilt from."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

InteractionKind = Literal["view", "like", "dislike", "rating", "purchase", "wish"]
OwnHandKind = Literal["edit", "take_back"]  # what changes the record itself; no fold reads these


class Interaction(BaseModel):
    """One event of one user about one item, one stated wish, or one change of the record by their own hand.

    An `edit` is of their taste. A `take_back` makes void every earlier like and dislike of the same item by the same
    user: they stay in the log and count no more. One whose text names a turn, as `turn:<turn id>`, makes void what that
    turn taught about the item, or its wishes where it names no item; see `memory.replaced_turns`.

    event_id: given by the event log, rising in the order of acceptance; 0 before it is accepted. item_id: empty for a
    wish and an edit. value: a rating on a scale of 5, else None. text: of a wish, the user's own words; of an edit, its
    JSON. at: timezone-aware. source: what caused it, `turn:<turn id>`, `import:<name>` or `edit`. key: makes acceptance
    idempotent; the same key of the same user is accepted once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    user_id: str = Field(min_length=1)
    catalogue: str = Field(min_length=1)
    kind: InteractionKind | OwnHandKind
    item_id: str = ""
    value: float | None = None
    text: str = ""
    at: datetime
    source: str = ""
    key: str = ""
    event_id: int = 0

    @property
    def liking(self) -> int:
        """+1 for a like, a purchase or a rating of 4 and more; -1 for a dislike or a rating of 2 and less; else 0."""
        if self.kind in ("like", "purchase"):
            return 1
        if self.kind == "dislike":
            return -1
        if self.kind == "rating" and self.value is not None:
            return 1 if self.value >= 4 else -1 if self.value <= 2 else 0
        return 0
