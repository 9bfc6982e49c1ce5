"""What a user may change in their taste by their own hand, free of any model.

An edit takes effect at once and is a version of its own. What it sets or removes is pinned unless the user says
otherwise, so no later fold overrules it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from agents.evidence import mentions
from agents.folding import apply_edits
from agents.wording import one_line
from memory.errors import UnknownFact
from memory.preferences import Edit, EditOp, Fact, Polarity, Preference, fact_id_of

BY_HAND = 0.8  # the strength of a fact set without one
_VERBS = {"like": "They like", "dislike": "They avoid", "must": "They insist on", "must_not": "They rule out"}


class _Edit(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = Field(default="", max_length=400)


class SetFact(_Edit):
    """Add a fact or change one.

    strength in (0, 1]; None keeps what the fact has, `BY_HAND` for a new one. replaces: the id of a fact that this one
    takes the place of; it is retracted.
    """

    op: Literal["set"] = "set"
    polarity: Polarity
    aspect: str = Field(max_length=80)
    value: str = Field(max_length=120)
    strength: float | None = Field(default=None, gt=0, le=1)
    replaces: str = ""
    pinned: bool = True

    @field_validator("aspect", "value", mode="before")
    @classmethod
    def _words(cls, text: object) -> str:
        line = one_line(str(text))
        if not re.search(r"\w", line) or not line.isprintable():
            raise ValueError("holds no word that can be shown; write at least one letter or digit")
        return line

    @property
    def fact_id(self) -> str:
        """The id of the fact it sets."""
        return fact_id_of(self.polarity, self.aspect, self.value)


class RemoveFact(_Edit):
    """Retract a fact. pinned: no fold brings it back."""

    op: Literal["remove"] = "remove"
    fact_id: str
    pinned: bool = True


class PinFact(_Edit):
    """Pin a fact, so that no fold changes it, or let it go again."""

    op: Literal["pin"] = "pin"
    fact_id: str
    pinned: bool = True


class Restore(_Edit):
    """Bring back the prose and the facts of a version. fold_again: let what happened since be folded anew."""

    op: Literal["undo"] = "undo"
    version: int = Field(ge=0)
    fold_again: bool = False


HandEdit = Annotated[SetFact | RemoveFact | PinFact | Restore, Field(discriminator="op")]
FactEdit = SetFact | RemoveFact | PinFact
hand_edit_of: TypeAdapter[HandEdit] = TypeAdapter(HandEdit)


def refusal_of(error: ValidationError) -> str:
    """What is wrong with the values of an edit, in words: `the value holds no word that can be shown; write …`."""
    first = error.errors(include_url=False)[0]
    where = f"the {first['loc'][0]} " if first["loc"] else ""
    return f"{where}{first['msg'].removeprefix('Value error, ')}"


def apply_hand_edit(preference: Preference, edit: FactEdit, *, event_id: int, words: int, now: datetime) -> Preference:
    """The next version, by the user's own hand. Events that wait for a fold go on waiting.

    event_id: of the edit in the event log; it becomes evidence of the fact that is set. words: the bound of the prose,
    which loses the sentences that name what is gone and says what is new. Raises UnknownFact.
    """
    facts = {fact.fact_id: fact for fact in preference.facts}
    prose = preference.prose
    match edit:
        case SetFact():
            edits = _set(facts, edit, event_id, now)
            replaced = {one.value for one in edits if one.op == "retract"}
            old = next((one for one in preference.holding if one.fact_id == edit.fact_id), None)
            turned = {old.value} if old is not None and old.polarity != edit.polarity else set()
            said = [facts[edit.fact_id]] if edits[-1].op == "add" else []
            prose = revised_prose(prose, gone=sorted(replaced | turned), said=said, facts=tuple(facts.values()))
        case RemoveFact():
            fact = _held(facts, edit.fact_id)
            facts[edit.fact_id] = fact.model_copy(update={"retracted": True, "pinned": edit.pinned})
            edits = [_told("retract", fact, edit.reason, event_id)]
            if not fact.retracted:
                prose = revised_prose(prose, gone=[fact.value], said=[], facts=tuple(facts.values()))
        case PinFact():
            fact = _held(facts, edit.fact_id)
            facts[edit.fact_id] = fact.model_copy(update={"pinned": edit.pinned})
            edits = [_told("pin" if edit.pinned else "unpin", fact, edit.reason, event_id)]
    after = apply_edits(
        preference.model_copy(update={"facts": tuple(facts.values())}),
        (),
        prose=prose,
        words=words,
        watermark=preference.watermark,
        now=now,
    )
    return after.model_copy(update={"edits": tuple(edits), "made_by": "edit"})


def restored(preference: Preference, earlier: Preference, edit: Restore, *, now: datetime) -> Preference:
    """The next version, with the prose and the facts of an earlier one.

    Its watermark never falls behind what either version has seen: those events are not folded twice, and the ones that
    still wait go on waiting. With `fold_again` it is exactly the earlier version's, whose facts have counted nothing
    later: the events since then wait anew. So it is where an undo is itself undone, which leaves no mark of either.
    """
    undone = preference.made_by == "undo" and earlier.version == preference.version - 1
    exactly = edit.fold_again or undone
    watermark = earlier.watermark if exactly else max(preference.watermark, earlier.watermark)
    return Preference(
        user_id=preference.user_id,
        version=preference.version + 1,
        prose=earlier.prose,
        facts=earlier.facts,
        watermark=watermark,
        updated_at=now,
        made_by="undo",
        restores=earlier.version,
        counts=earlier.counts if exactly else preference.counts,
    )


def revised_prose(prose: str, *, gone: Sequence[str], said: Sequence[Fact], facts: Sequence[Fact]) -> str:
    """The prose without the sentences that name a value that is gone, and with one for each fact newly said.

    A held fact that only a lost sentence named gets a sentence of its own.
    """
    kept = [
        sentence
        for sentence in re.split(r"(?<=[.!?])\s+", one_line(prose))
        if not any(mentions(sentence, value) for value in gone)
    ]
    rest = " ".join(kept)
    new = [fact for fact in said if not mentions(rest, fact.value)]
    orphaned = [
        fact
        for fact in facts
        if not fact.retracted and fact not in said and mentions(prose, fact.value) and not mentions(rest, fact.value)
    ]
    return " ".join(filter(None, [*map(_sentence, new), rest, *map(_sentence, orphaned)]))


def in_words(edit: HandEdit) -> str:
    """The edit as the user would say it: `set like subject: fox`, `removed subject:fox`."""
    match edit:
        case SetFact():
            return f"set {edit.polarity.replace('_', ' ')} {edit.aspect}: {edit.value}"
        case RemoveFact():
            return f"removed {edit.fact_id}"
        case PinFact():
            return f"{'pinned' if edit.pinned else 'unpinned'} {edit.fact_id}"
        case Restore():
            return f"went back to version {edit.version}"


def _set(facts: dict[str, Fact], edit: SetFact, event_id: int, now: datetime) -> list[Edit]:
    """Put the fact of the edit among the facts, and tell what that did; the last tells of the fact itself."""
    old, edits = facts.get(edit.fact_id), list[Edit]()
    heir = old if old is not None and not old.retracted and old.polarity == edit.polarity else None
    op: EditOp = "add"
    if heir is not None:
        strength = heir.strength if edit.strength is None else edit.strength
        op = "strengthen" if strength > heir.strength else "weaken" if strength < heir.strength else "keep"
    if edit.replaces and edit.replaces != edit.fact_id:
        replaced = _held(facts, edit.replaces)
        facts[edit.replaces] = replaced.model_copy(update={"retracted": True, "pinned": False})
        if not replaced.retracted:
            edits.append(_told("retract", replaced, edit.reason, event_id))
            heir = heir or (replaced if _wanted(replaced.polarity) == _wanted(edit.polarity) else None)
    inherited = heir.strength if heir is not None else BY_HAND
    fact = Fact(
        polarity=edit.polarity,
        aspect=edit.aspect,
        value=edit.value,
        strength=inherited if edit.strength is None else edit.strength,
        evidence=(*(heir.evidence if heir is not None else ()), event_id),
        since=heir.since if heir is not None else now,
        pinned=edit.pinned,
    )
    facts[edit.fact_id] = fact
    return [*edits, _told(op, fact, edit.reason, event_id)]


def _held(facts: dict[str, Fact], fact_id: str) -> Fact:
    if fact_id not in facts:
        raise UnknownFact(fact_id, ())
    return facts[fact_id]


def _told(op: EditOp, fact: Fact, reason: str, event_id: int) -> Edit:
    return Edit(
        op=op,
        polarity=fact.polarity,
        aspect=fact.aspect,
        value=fact.value,
        reason=reason or "by your own hand",
        evidence=(event_id,),
    )


def _wanted(polarity: Polarity) -> bool:
    return polarity in ("like", "must")


def _sentence(fact: Fact) -> str:
    return f"{_VERBS[fact.polarity]} {fact.value}."
