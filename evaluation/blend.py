"""Fitting the blend and measuring it, without a leak: fitted on everyone's last liking but one, tested on the last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit

from agents.blending import Blend, is_fresh
from catalog.items import Item
from evaluation.baselines import baseline_scores
from evaluation.curves import Labels, fit_curves
from evaluation.earning import earning_parts
from evaluation.held_out import HeldOut, LastOf, held_out_lists, known_before
from evaluation.metrics import Estimate, evaluate
from evaluation.reliability import Bin, calibration_error, reliability
from memory.collaborative import Collaborative
from memory.describing import Descriptions
from memory.guessing import Values
from memory.learned import Learned, Telling
from memory.likings import Columns, Likings, liked_in_order
from memory.signals import PARTS, SEEN, SIGNALS, TOLD, Signals, offered
from memory.vectors import Vectors

FEWEST_LISTS = 30
LISTS = 5000  # to fit on, and as many to test on; more change the third digit

Report = Callable[[str, int, int], None]  # what is being done, done so far, of how many
Rows = Sequence[tuple[str, str, int, int]]  # user, item, liking, event id; oldest first


class TooFewLists(ValueError):
    """A log in which too few people liked enough to learn from."""

    def __init__(self, catalogue: str, lists: int) -> None:
        super().__init__(catalogue, lists)
        self.catalogue, self.lists = catalogue, lists

    def __str__(self) -> str:
        return (
            f"in {self.catalogue!r} {self.lists} people have three likings and more, and a blend takes "
            f"{FEWEST_LISTS} to fit; the declared weights rank until more is known: see recommend.weights"
        )


@dataclass(frozen=True)
class Log:
    """What is fitted on.

    rows: as `EventLog.matrix` gives them. items: of the catalogue. texts, summaries: (items, d) vectors of what is said
    of them, zeros for none; d is 0 where there is no embedder.
    """

    catalogue: str
    rows: Rows
    items: Sequence[Item]
    texts: Vectors
    summaries: Vectors

    @cached_property
    def item_ids(self) -> tuple[str, ...]:
        """In the order of the items."""
        return tuple(item.item_id for item in self.items)

    @cached_property
    def telling(self) -> Telling:
        """How what is told becomes numbers; no liking is in it."""
        return Telling.learned(self.items, self.texts, self.summaries)

    @cached_property
    def descriptions(self) -> Descriptions:
        """What is told of the items."""
        return self.telling.of(self.items, self.texts, self.summaries)

    @cached_property
    def likings(self) -> dict[str, tuple[str, ...]]:
        """User id → the items of the catalogue they like, oldest first."""
        there = set(self.item_ids)
        return {
            user: kept
            for user, liked in liked_in_order(self.rows).items()
            if (kept := tuple(one for one in liked if one in there))
        }

    @cached_property
    def touched(self) -> dict[str, set[str]]:
        """User id → every item they have an event about."""
        found: dict[str, set[str]] = {}
        for user, item, _, _ in self.rows:
            found.setdefault(user, set()).add(item)
        return found


@dataclass(frozen=True)
class Measured:
    """How well a blend ranks the test lists, and how far its probabilities can be trusted.

    figures: scorer → metric → estimate; the blend, every part fitted alone, and the `BASELINES`. table: of the blend.
    """

    figures: Mapping[str, Mapping[str, Estimate]]
    table: tuple[Bin, ...]

    @property
    def calibration_error(self) -> float:
        """Of the blend."""
        return calibration_error(self.table)


@dataclass(frozen=True)
class Worth:
    """What the parts that are in a blend are worth there, as `earning_parts` tells it: by kind of candidate."""

    seen: Mapping[str, float]
    told: Mapping[str, float]


@dataclass(frozen=True)
class FitResult:
    """A blend with what it reads, learned from the whole log, and what it reached on the test lists before that.

    alone: part → the blend of it alone. fitted_on: the lists. odds: (lists, candidates) the log odds that the blend
    gives them. tested_on: how many.
    """

    blend: Blend
    alone: Mapping[str, Blend]
    worth: Worth
    learned: Learned
    measured: Measured
    fitted_on: Sequence[HeldOut]
    odds: Values
    tested_on: int


def learned(log: Log, sequences: Mapping[str, Sequence[str]], *, als: bool = True) -> tuple[Signals, Learned]:
    """All signals from these likings alone."""
    rows = [(user, item_id, 1, 0) for user, liked in sequences.items() for item_id in liked]
    found = Learned.of(Likings(sequences, log.item_ids), log.telling, log.descriptions, als=als)
    return Signals(found.vectors, Collaborative(rows), log.descriptions), found


def features_of(
    signals: Signals, lists: Sequence[HeldOut], report: Callable[[int], None] = lambda done: None
) -> Values:
    """(lists, candidates, len(SIGNALS)) the features of every list; all lists are as long."""
    found = []
    for done, one in enumerate(lists, 1):
        found.append(signals.features(one.history, one.candidates))
        report(done)
    return np.stack(found)


def fit_blend(
    log: Log,
    *,
    lists: int = LISTS,
    als: bool = True,
    seed: int = 0,
    report: Report = lambda what, done, of: None,
) -> FitResult:
    """Fit on what was known before everyone's last liking but one, and test on what was known before the last.

    The vectors that are kept are then learned anew from all likings. als: False where `implicit` is not installed.
    The same log and seed give the same blend. Raises TooFewLists.
    """

    def stage(moment: LastOf) -> tuple[list[HeldOut], Values]:
        drawn = held_out_lists(log.likings, log.touched, log.item_ids, moment, limit=lists, seed=seed)
        if len(drawn) < FEWEST_LISTS:
            raise TooFewLists(log.catalogue, len(drawn))
        name = "before the last" if moment == "last" else "before the last but one"
        report(f"learning {name}", 0, 1)
        signals, _ = learned(log, known_before(log.likings, moment), als=als)
        report(f"learning {name}", 1, 1)
        return drawn, features_of(signals, drawn, lambda done: report(f"lists {name}", done, len(drawn)))

    fitted_on, features = stage("last_but_one")
    report("fitting", 0, 1)
    blend, worth = fitted(features, labels_of(fitted_on))
    alone = fitted_alone(features, labels_of(fitted_on))
    odds = blend.log_odds(features.reshape(-1, len(SIGNALS))).reshape(features.shape[:2])
    report("fitting", 1, 1)
    tested_on, features = stage("last")
    measured = measure({"blend": blend} | alone, features, tested_on, seed=seed)
    report("learning from all", 0, 1)
    _, found = learned(log, log.likings, als=als)
    report("learning from all", 1, 1)
    return FitResult(blend, alone, worth, found, measured, fitted_on, odds, len(tested_on))


def fitted(features: Values, labels: Labels) -> tuple[Blend, Worth]:
    """The blend of these lists, of the parts that earn their place, and what those are worth.

    features: (lists, candidates, len(SIGNALS)). labels: (lists, candidates). The curves for items that nobody liked are
    fitted on all candidates, each as if nobody had: its own likes are not in what is guessed of it.
    """
    rows, flat = features.reshape(-1, len(SIGNALS)), labels.ravel()
    numbers: Columns = np.repeat(np.arange(len(features)), features.shape[1])
    seen = ~is_fresh(rows)
    seen_rows, told_rows = np.where(SEEN, rows, np.nan)[seen], np.where(TOLD, rows, np.nan)
    worth = Worth(
        earning_parts(seen_rows, flat[seen], numbers[seen]),
        earning_parts(told_rows, flat, numbers),
    )
    blend = Blend(
        seen=fit_curves(offered(seen_rows, worth.seen.keys()), flat[seen]),
        told=fit_curves(offered(told_rows, worth.told.keys()), flat),
    )
    return blend, worth


def fitted_alone(features: Values, labels: Labels) -> dict[str, Blend]:
    """Part → the blend of it alone, for whatever candidates it speaks of."""
    rows, flat = features.reshape(-1, len(SIGNALS)), labels.ravel()
    seen, found = ~is_fresh(rows), {}
    for part in PARTS:
        own = offered(rows, {part})
        found[part] = Blend(
            seen=fit_curves(np.where(SEEN, own, np.nan)[seen], flat[seen]),
            told=fit_curves(np.where(TOLD, own, np.nan), flat),
        )
    return found


def measure(blends: Mapping[str, Blend], features: Values, lists: Sequence[HeldOut], *, seed: int = 0) -> Measured:
    """The figures of each blend that reads anything of what people liked, and how far the first can be trusted."""
    flat = features.reshape(-1, len(SIGNALS))
    odds = {name: blend.log_odds(flat) for name, blend in blends.items() if blend.seen.curves}
    scores = {f"{name} alone" if name in PARTS else name: found for name, found in odds.items()}
    figures = {
        name: evaluate(
            [(row.tolist(), one.labels) for row, one in zip(found.reshape(features.shape[:2]), lists, strict=True)],
            seed=seed,
        )
        for name, found in (scores | baseline_scores(features)).items()
    }
    first = next(iter(odds.values()), np.zeros(0))
    table = reliability(expit(first).tolist(), labels_of(lists).ravel().astype(int).tolist()) if len(first) else []
    return Measured(figures, tuple(table))


def labels_of(lists: Sequence[HeldOut]) -> Labels:
    """(lists, candidates) 1 for every target."""
    return np.array([one.labels for one in lists], dtype=np.float64)
