"""How well a memory follows a taste, gauged by simulated people whose true taste is known at every moment.

The recurrence is the product's own, run over real stores in an empty folder. Prints come with the description a perfect
summarizer would write, so that only the memory is gauged.
"""

from __future__ import annotations

import statistics
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from agents.budget import Budget
from agents.folding import agreeing_prose
from agents.hand_edits import SetFact
from agents.judging import judge
from catalog.demo.people import Trait
from evaluation.lives import CATALOGUE, Life, Shop
from evaluation.metrics import Estimate, auc, estimate
from graphs.everyone import FoldedEveryone, fold_everyone
from graphs.services import Services
from graphs.taste import Taste
from memory.preferences import Fact, Preference
from tracing.recorder import Recorder

Report = Callable[[str, int, int], None]
STAGES = (1, 2, 4, 8, 12, 20, 32, 50, 75, 100)  # blocks after which the memory is looked at
SURE = 0.4  # from this strength on a fact is more than slight
SETTLED = 20  # blocks after which the taste of someone who stays as they are should stay, too


@dataclass(frozen=True)
class Seen:
    """One version of a taste, and how many events it has seen."""

    events: int
    preference: Preference


@dataclass(frozen=True)
class Stage:
    """The memory of all people after so many blocks each.

    precision: of the facts surer than slight, the share that is true of the person then; recall: of what is true, the
    share that is held. tokens: in and out, of one fold since the stage before. refused: the share of folds that failed.
    """

    blocks: int
    precision: float
    recall: float
    tokens: float
    refused: float


@dataclass(frozen=True)
class Gauges:
    """All gauges.

    pins_kept: the share of facts that people pinned, against their own taste, and still hold unchanged at the end.
    contradictions: of all versions, the share whose prose says the opposite of a fact. drift: of people whose taste
    stays, the share of sure facts that come or go between two stages, from SETTLED blocks on. recovered: of people who
    changed their heart, the share whose memory came to hold the new love above the old one, and the blocks that took.
    longest: of all prose, in words. auc: of p(yes) for prints never met, by the kind of memory that travels.
    """

    people: int
    stages: tuple[Stage, ...]
    pins_kept: float
    contradictions: float
    drift: float
    recovered: float
    blocks_to_recover: float | None
    longest: int
    longest_allowed: int
    auc: Mapping[str, Estimate]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


async def gauge(services: Services, shop: Shop, blocks: int, report: Report = lambda what, done, of: None) -> Gauges:
    """Live, fold and look, stage by stage. services: opened on an empty folder. Raises ModelError, StoreError."""
    shop.install(services)
    size = services.profile.memory.block_size
    pinned = {life.person.user_id: pin_against_taste(services, life) for life in shop.lives}
    stages, before = list[Stage](), 0
    for stop in [stage for stage in STAGES if stage <= blocks]:
        shop.live(services, before * size, stop * size)
        done = await fold_everyone(services, CATALOGUE)
        stages.append(_stage(services, shop, stop, (stop - before) * len(shop.lives), done))
        before = stop
        report("blocks folded", stop, blocks)
    histories = [_versions(services, life) for life in shop.lives]
    every = [seen.preference for versions in histories for seen in versions]
    moved = [life.shift is not None and life.shift[1] < life.day(before * size) for life in shop.lives]
    recoveries = [
        blocks_to_recover(life, versions, size)
        for life, versions, over in zip(shop.lives, histories, moved, strict=True)
        if over
    ]
    found = [one for one in recoveries if one is not None]
    return Gauges(
        people=len(shop.lives),
        stages=tuple(stages),
        pins_kept=_mean([_kept(versions, fact) for versions, fact in zip(histories, pinned.values(), strict=True)]),
        contradictions=_mean([agreeing_prose(one.prose, one.holding) != one.prose for one in every]),
        drift=_drift(shop.lives, histories, size),
        recovered=_mean([one is not None for one in recoveries]),
        blocks_to_recover=statistics.median(found) if found else None,
        longest=max((len(one.prose.split()) for one in every), default=0),
        longest_allowed=services.profile.memory.words,
        auc=await _auc_by_memory(services, shop),
    )


def pin_against_taste(services: Services, life: Life) -> Fact:
    """Let a person insist on liking what everything they do speaks against."""
    weights = life.person.phases[0][1].weights
    aspect, value = min((trait for trait in weights if trait[0] == "style"), key=lambda trait: weights[trait])
    taste = Taste.of(services, life.person.user_id, CATALOGUE)
    return taste.edit(SetFact(polarity="like", aspect=aspect, value=value)).holding[0]


def truths(life: Life, preference: Preference, day: float) -> tuple[float | None, float]:
    """Precision of the facts surer than slight, None where there are none, and recall of all that is true that day."""
    truth = life.truth(day)
    held = {_trait(fact): fact.polarity in ("like", "must") for fact in preference.holding if not fact.pinned}
    sure = {_trait(fact) for fact in preference.holding if fact.strength >= SURE and not fact.pinned}
    right = [truth.get(trait) == held[trait] for trait in sure]
    found = [held.get(trait) == liked for trait, liked in truth.items()]
    return (_mean(right) if right else None), _mean(found)


def blocks_to_recover(life: Life, versions: Sequence[Seen], size: int) -> int | None:
    """Blocks after a change of heart until the new love is held above the old one; None if it never is.

    versions: oldest first.
    """
    if life.shift is None or life.heart is None:
        return None
    old, new = life.heart
    before = sum(life.day(number) < life.shift[1] for number in range(1, len(life.events) + 1))
    for seen in versions:
        if seen.events >= before and liking(seen.preference, new) > max(0.0, liking(seen.preference, old)):
            return max(0, -(-(seen.events - before) // size))
    return None


def liking(preference: Preference, trait: Trait) -> float:
    """How strongly the value is held to be liked, negative where it is held to be disliked, 0 where nothing is held."""
    held = [fact for fact in preference.holding if _trait(fact) == trait and not fact.pinned]
    return sum(fact.strength if fact.polarity in ("like", "must") else -fact.strength for fact in held)


def _stage(services: Services, shop: Shop, blocks: int, wanted: int, done: FoldedEveryone) -> Stage:
    size, precisions, recalls = services.profile.memory.block_size, list[float](), list[float]()
    for life in shop.lives:
        preference = services.preferences.current(life.person.user_id, CATALOGUE)
        precision, recall = truths(life, preference, life.day(blocks * size))
        precisions += [] if precision is None else [precision]
        recalls.append(recall)
    return Stage(
        blocks, _mean(precisions), _mean(recalls), done.tokens / max(1, done.folds), 1 - done.folds / max(1, wanted)
    )


def _versions(services: Services, life: Life) -> list[Seen]:
    """Every version of a taste with how many events it has seen, oldest first."""
    ids = [event.event_id for event in services.log.of_user(life.person.user_id, CATALOGUE)]
    kept = reversed(services.preferences.versions(life.person.user_id, CATALOGUE))
    return [Seen(bisect_right(ids, preference.watermark), preference) for preference in kept]


def _kept(versions: Sequence[Seen], fact: Fact) -> bool:
    return any(one == fact for one in versions[-1].preference.holding)


def _drift(lives: Sequence[Life], histories: Sequence[Sequence[Seen]], size: int) -> float:
    """See `Gauges.drift`; 0 where there are not two stages to compare."""
    changed = list[float]()
    for life, versions in zip(lives, histories, strict=True):
        seen = {version.events // size: version.preference for version in versions}
        stages = [seen[stage] for stage in STAGES if stage >= SETTLED and stage in seen and life.shift is None]
        for one, other in pairwise(stages):
            ours, theirs = _sure(one), _sure(other)
            changed += [len(ours ^ theirs) / len(ours | theirs)] if ours | theirs else []
    return _mean(changed)


def _sure(preference: Preference) -> set[tuple[Trait, str]]:
    return {(_trait(fact), fact.polarity) for fact in preference.holding if fact.strength >= SURE and not fact.pinned}


async def _auc_by_memory(services: Services, shop: Shop) -> dict[str, Estimate]:
    """AUC of p(yes) by person for prints never met: with the taste and the latest items, with the items alone, …"""
    lists: dict[str, list[float]] = {"taste and latest items": [], "latest items alone": [], "taste alone": []}
    for life in shop.lives:
        labels = [int(liked) for _, liked in life.offered]
        user_id, ids = life.person.user_id, [made.item.item_id for made, _ in life.offered]
        context = services.turn_context(CATALOGUE, Recorder(None), Budget.unlimited())
        latest = context.recent(user_id, context.memory.recent)[::-1]
        taste, nothing = context.taste(user_id), Preference(user_id=user_id)
        for kind, preference, recent in zip(lists, (taste, nothing, taste), (latest, latest, []), strict=True):
            decisions = await judge(ids, preference, recent, "", context)
            value = auc([answer.p_yes for answer in decisions.answers], labels)
            lists[kind] += [] if value is None else [value]
    return {kind: estimate(values) for kind, values in lists.items() if values}


def _trait(fact: Fact) -> Trait:
    return fact.aspect, fact.value


def _mean(values: Sequence[float | bool]) -> float:
    return sum(values) / len(values) if values else 0.0
