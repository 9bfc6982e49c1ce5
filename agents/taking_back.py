"""What a taste loses when its user takes back a like or dislike that was folded into it, without any model."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from agents.folding import ADD, STRENGTHEN, apply_edits
from agents.hand_edits import revised_prose
from memory.preferences import Edit, Fact, Preference


def without_evidence(
    preference: Preference, gone: Collection[int], *, reason: str, words: int, now: datetime
) -> Preference:
    """The next version, without what rested on these events; the preference itself where nothing did.

    A fact that rested on them alone is retracted; one with other evidence loses as much strength as they gave it, and
    never all. Facts that are pinned stay as they are, and a fact that an event had ended does not come back. Events
    that wait for a fold go on waiting. words: the bound of the prose, which loses the sentences about what is gone.
    """
    edits, facts = list[Edit](), dict[str, Fact]()
    for fact in preference.facts:
        lost = tuple(event_id for event_id in fact.evidence if event_id in gone)
        less = fact if fact.pinned or fact.retracted or not lost else _lessened(fact, lost)
        facts[fact.fact_id] = less
        if less is not fact:
            edits.append(
                Edit(
                    op="retract" if less.retracted else "weaken",
                    polarity=fact.polarity,
                    aspect=fact.aspect,
                    value=fact.value,
                    reason=reason,
                    evidence=lost,
                )
            )
    if not edits:
        return preference
    retracted = [edit.value for edit in edits if edit.op == "retract"]
    kept = tuple(facts.values())
    after = apply_edits(
        preference.model_copy(update={"facts": kept}),
        (),
        prose=revised_prose(preference.prose, gone=retracted, said=(), facts=kept),
        words=words,
        watermark=preference.watermark,
        now=now,
    )
    return after.model_copy(update={"edits": tuple(edits), "made_by": "edit"})


def _lessened(fact: Fact, lost: Collection[int]) -> Fact:
    left = tuple(event_id for event_id in fact.evidence if event_id not in lost)
    if not left:
        return fact.model_copy(update={"retracted": True})
    strength = max(min(ADD, fact.strength), round(fact.strength - STRENGTHEN * len(lost), 4))
    return fact.model_copy(update={"strength": strength, "evidence": left})
