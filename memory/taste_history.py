"""A taste through its versions: what differs between two of them, and which one was in force when."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from memory.errors import UnknownFact
from memory.preferences import Fact, Preference, fact_id_of

ChangeKind = Literal["added", "turned", "stronger", "weaker", "retracted", "pinned", "unpinned", "noted"]
NEAR = 3  # facts named to somebody whose fact is unknown


class FactChange(BaseModel):
    """How one fact differs between two versions. before, after: None where the version has no such fact.

    added: it holds now and did not. turned: it holds in both, for the opposite liking. stronger, weaker: its strength.
    retracted: it held and does not. pinned, unpinned: only that. noted: the rest, such as more evidence for it, or a
    difference of a fact that holds in neither.
    """

    model_config = ConfigDict(frozen=True)

    kind: ChangeKind
    fact_id: str
    before: Fact | None
    after: Fact | None


class ProsePiece(BaseModel):
    """Words that both proses share, that only the older one has, or only the newer one."""

    model_config = ConfigDict(frozen=True)

    op: Literal["same", "removed", "added"]
    words: str


class TasteDiff(BaseModel):
    """What leads from one version to another. before, after: their numbers.

    changes: a fact at most once, the kinds in the order of `ChangeKind`. prose: pieces in reading order.
    """

    model_config = ConfigDict(frozen=True)

    before: int
    after: int
    changes: tuple[FactChange, ...]
    prose: tuple[ProsePiece, ...]

    def of(self, kind: ChangeKind) -> tuple[FactChange, ...]:
        """The changes of one kind."""
        return tuple(change for change in self.changes if change.kind == kind)


def diff(before: Preference, after: Preference) -> TasteDiff:
    """What leads from one version to another; either may be the older."""
    old, new = ({fact.fact_id: fact for fact in preference.facts} for preference in (before, after))
    changes = [
        FactChange(kind=kind, fact_id=fact_id, before=old.get(fact_id), after=new.get(fact_id))
        for fact_id in dict.fromkeys([*new, *old])
        if (kind := _kind(old.get(fact_id), new.get(fact_id))) is not None
    ]
    changes.sort(key=lambda change: _ORDER.index(change.kind))
    prose = prose_diff(before.prose, after.prose)
    return TasteDiff(before=before.version, after=after.version, changes=tuple(changes), prose=prose)


def apply_changes(facts: Iterable[Fact], changes: Iterable[FactChange]) -> tuple[Fact, ...]:
    """The facts after the changes, in the order versions keep them: `apply_changes(a.facts, diff(a, b).changes)` is
    `b.facts`.
    """
    held = {fact.fact_id: fact for fact in facts}
    for change in changes:
        if change.after is None:
            held.pop(change.fact_id, None)
        else:
            held[change.fact_id] = change.after
    return ordered(held.values())


def ordered(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """The order versions keep their facts in: those that hold first, the strongest first, then by id."""
    return tuple(sorted(facts, key=lambda fact: (fact.retracted, -fact.strength, fact.fact_id)))


def prose_diff(before: str, after: str) -> tuple[ProsePiece, ...]:
    """The two texts word by word. Runs of space count as one; empty when neither has a word."""
    old, new = before.split(), after.split()
    pieces = []
    for tag, i, j, k, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(ProsePiece(op="same", words=" ".join(old[i:j])))
            continue
        if j > i:
            pieces.append(ProsePiece(op="removed", words=" ".join(old[i:j])))
        if m > k:
            pieces.append(ProsePiece(op="added", words=" ".join(new[k:m])))
    return tuple(pieces)


def in_force(versions: Sequence[Preference], moment: datetime) -> Preference | None:
    """The version that was current at a moment, which is aware: the newest made then or before; None before the first.

    versions: newest first. Where the clock was turned back between two versions, the later version counts.
    """
    return next((one for one in versions if one.updated_at is not None and one.updated_at <= moment), None)


def find_fact(preference: Preference, name: str) -> Fact:
    """The fact a person names by its id, as `aspect: value`, or by its value alone; those that hold come first.

    Raises UnknownFact where none fits, with the nearest, or where several do, with all of those.
    """
    wanted = name.strip().casefold()
    aspect, _, value = wanted.partition(":")
    ids = {wanted, *(fact_id_of(polarity, aspect, value) for polarity in ("like", "must"))} if value else {wanted}
    found = [fact for fact in preference.facts if fact.fact_id in ids]
    found = found or [fact for fact in preference.facts if fact.value.casefold() == wanted]
    found = [fact for fact in found if not fact.retracted] or found
    if len(found) == 1:
        return found[0]
    if found:
        raise UnknownFact(name, tuple(fact.fact_id for fact in found), several=True)
    spellings = {
        spelling: fact.fact_id for fact in preference.facts for spelling in (fact.fact_id, fact.value.casefold())
    }
    near = difflib.get_close_matches(wanted, spellings, n=2 * NEAR, cutoff=0.5)
    raise UnknownFact(name, tuple(dict.fromkeys(spellings[spelling] for spelling in near))[:NEAR])


_ORDER: tuple[ChangeKind, ...] = (
    "added", "turned", "stronger", "weaker", "retracted", "pinned", "unpinned", "noted",
)  # fmt: skip


def _kind(before: Fact | None, after: Fact | None) -> ChangeKind | None:
    """What kind of change it is; None for no change at all."""
    if before == after:
        return None
    held, holds = before is not None and not before.retracted, after is not None and not after.retracted
    if held != holds:
        return "added" if holds else "retracted"
    if before is None or after is None or not holds:
        return "noted"
    if before.polarity != after.polarity:
        return "turned"
    if before.strength != after.strength:
        return "stronger" if after.strength > before.strength else "weaker"
    if before.pinned != after.pinned:
        return "pinned" if after.pinned else "unpinned"
    return "noted"
