"""What a taste loses when turns were replaced: all that they taught, and whatever was concluded from it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

from agents.context import TurnContext
from agents.events import Progress
from agents.hand_edits import Restore, restored
from agents.preference_memory import fold, save_change, tell_change
from agents.taking_back import without_evidence
from memory.errors import StaleVersion
from memory.interactions import Interaction
from memory.preferences import Preference
from memory.replaced_turns import Void
from memory.taste_history import in_force

_TRIES = 5  # when somebody else saves a version between our reading and our writing
_REASON = "you replaced the turn it came from"


async def settle(
    context: TurnContext,
    user_id: str,
    void: Sequence[Void],
    *,
    announce: Callable[[Progress], object] = lambda progress: None,
) -> Preference:
    """The taste without what replaced turns taught, saved and traced if it had seen any of it.

    The version before those turns is brought back, and the other events that were folded since are folded anew. Where
    the user put their taste right by hand since then, that is kept: each fact loses the strength those events gave it.
    Once done it has nothing left to do, so it may be run any number of times, and finishes what a kill left undone.
    Raises StoreError, and ModelError where folding anew failed; those events wait for the next fold.
    """
    for _ in range(_TRIES - 1):
        with suppress(StaleVersion):
            return await _settled(context, user_id, void, announce)
        context.forget_taste(user_id)
    return await _settled(context, user_id, void, announce)


async def _settled(
    context: TurnContext, user_id: str, void: Sequence[Void], announce: Callable[[Progress], object]
) -> Preference:
    before = context.taste(user_id)
    seen = _seen(before, void)
    if not seen:
        return before
    name, first = context.catalogue.name, seen[0].event
    since = context.log.of_user(user_id, name, after=first.event_id, edits=True)
    if any(event.kind == "edit" for event in since):
        after = _without(context, before, {one.event.event_id for one in void})
        if after is not before:
            save_change(context, before, after)
        return after
    versions = context.preferences.versions(user_id, name)
    earlier = in_force(versions, first.at) or Preference(user_id=user_id)
    made = [restored(before, earlier, Restore(version=earlier.version, fold_again=True), now=context.now())]
    evidence = [event_id for fact in made[0].holding for event_id in fact.evidence]
    after = _without(context, made[0], context.log.taken_back(user_id, evidence))
    made += [after] if after is not made[0] else []
    for one, other in pairwise([before, *made]):
        tell_change(context, one, other)
    try:
        await _folded_anew(context, made, before.watermark, announce)
    finally:
        context.prepare([made[-1].prose])
        context.save_taste(*made)  # at once, so that no kill leaves a taste that only lacks what is to be folded anew
    return made[-1]


def _without(context: TurnContext, before: Preference, gone: Collection[int]) -> Preference:
    return without_evidence(before, gone, reason=_REASON, words=context.memory.words, now=context.now())


def _seen(taste: Preference, void: Sequence[Void]) -> list[Void]:
    """Those events that the taste has seen, and that no version since they became void has left out; in their order."""
    evidence = {event_id for fact in taste.holding if not fact.pinned for event_id in fact.evidence}
    return [one for one in void if one.event.event_id in evidence or _may_show(taste, one)]


def _may_show(taste: Preference, void: Void) -> bool:
    """Whether the taste is of a time when the event counted, and later than it."""
    event, updated_at = void.event, taste.updated_at
    if updated_at is None or updated_at > void.since:
        return False
    return updated_at >= event.at if event.kind == "take_back" else taste.watermark >= event.event_id


async def _folded_anew(
    context: TurnContext, made: list[Preference], watermark: int, announce: Callable[[Progress], object]
) -> None:
    """Add to the versions those after the events that still stand and had been folded, up to a watermark."""

    async def keep(version: Preference) -> None:
        made.append(version)

    last = made[-1]
    waiting = context.log.of_user(last.user_id, context.catalogue.name, after=last.watermark)
    again, size = [event for event in waiting if event.event_id <= watermark], context.memory.block_size
    for start in range(0, len(again), size):
        announce(Progress("update_preference", "rewriting your taste"))
        await fold(replace(context, keep=keep), made[-1], again[start : start + size])


def told(taught: Sequence[Interaction]) -> str:
    """What is taken back with replaced turns, in words: `1 wish and 2 thumbs`; empty where they taught nothing."""
    wishes = sum(one.kind == "wish" for one in taught)
    thumbs = len(taught) - wishes
    parts = [f"{wishes} wish{'es' * (wishes != 1)}"] * bool(wishes) + [f"{thumbs} thumb{'s' * (thumbs != 1)}"] * bool(
        thumbs
    )
    return " and ".join(parts)
