"""What a taste loses when its user takes back a like or dislike that was folded into it, without any model."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from agents.folding import apply_edits
from agents.hand_edits import revised_prose
from agents.strength import USUAL_SHARE, counts_of, strength_of, with_events
from agents.weighing import is_liking
from memory.preferences import Counts, Edit, Fact, Preference


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
        less = fact if fact.pinned or fact.retracted or not lost else _lessened(fact, lost, preference.counts)
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


def _lessened(fact: Fact, lost: Collection[int], everything: Counts) -> Fact:
    left = tuple(event_id for event_id in fact.evidence if event_id not in lost)
    if not left:
        return fact.model_copy(update={"retracted": True})
    liked, at = is_liking(fact), everything.at
    counts = with_events(counts_of(fact, at), -len(lost), at, liked=liked)
    strength = min(fact.strength, strength_of(counts, everything, fact.shown or USUAL_SHARE, liked=liked))
    return fact.model_copy(update={"strength": strength, "evidence": left, "counts": counts})
