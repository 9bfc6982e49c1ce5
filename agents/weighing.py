"""What an edit makes of a fact once it is weighed against everything counted so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from agents.strength import (
    ASKED_FOR,
    CLEAR,
    GONE,
    asked_for,
    counted,
    counts_of,
    is_wish,
    lines_naming,
    strength_of,
    with_events,
)
from memory.preferences import Counts, Edit, Fact

EVIDENCE_KEPT = 64  # the latest events of a fact; more would make each version longer than the one before, for ever


class Scale:
    """What was counted, with one block of events added.

    before: of all items, before the block. block: the events by id, as prompts show them. shown: the share of the
    catalogue that shows a value.
    """

    def __init__(self, before: Counts, block: Mapping[int, str], shown: Callable[[str], float]) -> None:
        self.block, self.shown = block, shown
        self.at = before.at + len(block)
        self.everything = counted(before, block.values(), self.at) if block else before

    def counted(self, fact: Fact) -> Fact:
        """The fact with the events of the block that name its value; one that is pinned, or not named, as it was."""
        naming = [] if fact.pinned else lines_naming(fact.value, self.block)
        return fact.model_copy(update={"counts": self._plus(counts_of(fact, self.at), naming)}) if naming else fact

    def counts(self, old: Fact | None, edit: Edit) -> Counts:
        """What an edit rests on: a wish alone where one does, else what was done about all items that show the value.

        Evidence that lies outside of the block counts as acts.
        """
        liked = is_liking(edit) == (edit.op in ("add", "strengthen"))
        if self.asked(edit):
            return asked_for(self.at, liked=liked)
        if old is not None:
            counts = counts_of(old, self.at)
        else:
            counts = self._plus(Counts(at=self.at), lines_naming(edit.value, self.block))
        outside = [event_id for event_id in edit.evidence if event_id not in self.block]
        return with_events(counts, len(outside), self.at, liked=liked)

    def asked(self, edit: Edit) -> bool:
        """Whether an edit rests on words of the user."""
        return any(is_wish(self.block.get(event_id, "")) for event_id in edit.evidence)

    def strength(self, counts: Counts, shown: float, *, liked: bool) -> float:
        """See `agents.strength.strength_of`."""
        return strength_of(counts, self.everything, shown, liked=liked)

    def _plus(self, counts: Counts, lines: list[str]) -> Counts:
        return counted(counts, lines, self.at) if any(not is_wish(line) for line in lines) else counts


@dataclass(frozen=True)
class Change:
    """A fact after an edit, and the edit as it was carried out."""

    fact: Fact
    edit: Edit


def weighed(old: Fact | None, edit: Edit, scale: Scale, now: datetime) -> Change | None:
    """What becomes of a fact; None where what was counted clearly speaks against the edit and nothing is held.

    A liking that is against what was counted does not turn a fact round, it weakens it; what is asked for in words
    does. A retraction of what is still clear weakens it, too. No edit moves a strength the other way than it says. What
    is weakened below GONE is retracted.
    """
    asked, counts = scale.asked(edit), scale.counts(old, edit)
    shown = (old.shown if old is not None else None) or scale.shown(edit.value)
    liked, learns = is_liking(edit), edit.op in ("add", "strengthen")
    strength = scale.strength(counts, shown, liked=liked)
    holds = old if old is not None and not old.retracted else None
    same = holds is not None and is_liking(holds) == liked
    if learns and not asked and not same and (other := scale.strength(counts, shown, liked=not liked)) >= CLEAR:
        if holds is None:
            return None
        turned = edit.model_copy(update={"op": "weaken", "polarity": holds.polarity})
        return Change(_next(holds, turned, counts, shown, min(holds.strength, other), now), turned)
    if learns:
        strength = max(strength, holds.strength if same and holds else 0.0, ASKED_FOR if asked else 0.0)
        return Change(_next(holds if same else None, edit, counts, shown, strength, now), edit)
    if edit.op == "retract" and same and not asked and strength >= CLEAR:
        edit = edit.model_copy(update={"op": "weaken"})
    strength = min(strength, holds.strength) if holds else 0.0
    gone = edit.op == "retract" or strength < GONE
    return Change(_next(old, edit, counts, shown, strength, now, gone=gone), edit)


def is_liking(one: Fact | Edit) -> bool:
    """Whether it speaks for the value."""
    return one.polarity in ("like", "must")


def _next(
    old: Fact | None, edit: Edit, counts: Counts, shown: float, strength: float, now: datetime, *, gone: bool = False
) -> Fact:
    evidence = dict.fromkeys([*(old.evidence if old is not None else ()), *edit.evidence])
    return Fact(
        polarity=edit.polarity,
        aspect=edit.aspect,
        value=edit.value,
        strength=strength,
        evidence=tuple(evidence)[-EVIDENCE_KEPT:],
        since=old.since if old is not None else now,
        retracted=gone,
        counts=counts,
        shown=shown,
    )
