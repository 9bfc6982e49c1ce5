"""Decisions to be learned and lists to be ranked: what was liked among items that were not met."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from memory.collaborative import Collaborative
from memory.interactions import Interaction
from palate.progress import Report
from training.finetune.corpus import Corpus
from training.finetune.examples import Candidates, HeldOutList, candidates_example, preference_before
from training.finetune.negatives import NegativeKind, Negatives, Score
from training.finetune.settings import DpoSettings, TrainSettings
from training.finetune.splits import Split, Target

Known = dict[str, list[Interaction]]  # user → the events that training may read, oldest first
Judge = Callable[[Candidates], Sequence[float]]  # p(yes) of each candidate by the model as it is


class Draw:
    """Draws what stands beside each liking. The same seed draws the same, whatever else is drawn."""

    def __init__(self, corpus: Corpus, split: Split, known: Known, seed: int) -> None:
        self._corpus, self._split, self._known, self._seed = corpus, split, known, seed
        self._warm = Negatives((one for one in corpus.catalogue.item_ids if one not in split.cold), split.known)

    def decisions(self, settings: TrainSettings, judge: Judge | None, report: Report) -> Iterator[Candidates]:
        """Each liking of training, the latest of every user, among items they had not met. judge: for hard ones."""
        targets = self.latest(settings)
        for number, target in enumerate(targets, 1):
            score = partial(_scores, judge, self._corpus, target) if judge else None
            yield self._group("train", target, settings.negatives_per_positive, settings.negatives, score)
            report("making the examples", number, len(targets))

    def latest(self, settings: TrainSettings) -> list[Target]:
        """The likings that are learned from: the latest ones of each user, oldest first, and of all these as many as
        `likings` says, drawn."""
        kept: dict[str, list[Target]] = defaultdict(list)
        for one in self._split.train:
            kept[one.event.user_id] = [*kept[one.event.user_id], one][-settings.targets_per_user :]
        targets = [one for ones in kept.values() for one in ones]
        if settings.likings is None or len(targets) <= settings.likings:
            return targets
        return random.Random(f"{self._seed}:likings").sample(targets, settings.likings)

    def pool(self, dpo: DpoSettings) -> Iterator[Candidates]:
        """Some of the likings of training, each among many items, for hard negatives to be found in."""
        targets = list(self._split.train)
        if len(targets) > dpo.likings:
            targets = random.Random(f"{self._seed}:pool").sample(targets, dpo.likings)
        for target in targets:
            free = self._warm.free(self._touched(target))
            yield self._group("pool", target, min(dpo.pool, free), "uniform", None)

    def lists(self, targets: Sequence[Target], kind: NegativeKind, settings: TrainSettings) -> list[HeldOutList]:
        """Held-out targets among items their user never met, with the scores of popularity and item-kNN."""
        corpus, split = self._corpus, self._split
        counts = Collaborative(
            [(one.user_id, one.item_id, one.liking, one.event_id) for one in split.known if one.item_id]
        )
        pool = Negatives(split.cold or corpus.catalogue.item_ids, split.known)
        chosen = sorted(targets, key=lambda one: one.event.event_id)
        if len(chosen) > settings.lists:
            chosen = random.Random(f"{self._seed}:lists").sample(chosen, settings.lists)
        lists = []
        for target in chosen:
            rng = random.Random(f"{self._seed}:{kind}:{target.event.event_id}")
            touched = {event.item_id for event in corpus.logs[target.event.user_id]}
            drawn = pool.draw(settings.list_negatives, kind=kind, touched=touched, rng=rng)
            item_ids = _shuffled([target.event.item_id, *drawn], rng)
            liked = list(dict.fromkeys(event.item_id for event in target.history if event.liking > 0))
            baselines = {
                "popularity": tuple(counts.popularity(one) for one in item_ids),
                "item_knn": tuple(float(score) for score in counts.score(liked, item_ids)),
            }
            lists.append(HeldOutList(_asked(corpus, target, item_ids), baselines))
        return lists

    def _group(self, what: str, target: Target, wanted: int, kind: NegativeKind, score: Score | None) -> Candidates:
        """A liking among as many others: at most half what its user disliked later, the rest what they never met."""
        rng = random.Random(f"{self._seed}:{what}:{target.event.event_id}")
        met = {event.item_id for event in target.history} | {target.event.item_id}
        mine = self._known[target.event.user_id]
        disliked = sorted({one.item_id for one in mine if one.item_id and one.liking < 0} - met)
        chosen = rng.sample(disliked, min(len(disliked), wanted // 2))
        left = wanted - len(chosen)
        chosen += self._warm.draw(left, kind=kind, touched=self._touched(target), rng=rng, score=score)
        return _asked(self._corpus, target, _shuffled([target.event.item_id, *chosen], rng))

    def _touched(self, target: Target) -> set[str]:
        return {event.item_id for event in self._known[target.event.user_id]} | {target.event.item_id}


def _scores(judge: Judge, corpus: Corpus, target: Target, item_ids: Sequence[str]) -> Sequence[float]:
    return judge(_asked(corpus, target, item_ids))


def _asked(corpus: Corpus, target: Target, item_ids: Sequence[str]) -> Candidates:
    user = target.event.user_id
    preference = preference_before(corpus.versions.get(user, ()), target.event, corpus.logs[user])
    return candidates_example(target, preference, item_ids, corpus.context)


def _shuffled(item_ids: list[str], rng: random.Random) -> list[str]:
    """The answer may stand anywhere."""
    return rng.sample(item_ids, len(item_ids))
