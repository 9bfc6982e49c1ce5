"""What a user did not choose: drawn evenly, as popular as what is chosen, or the hardest for the model as it is."""

from __future__ import annotations

import bisect
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from memory.interactions import Interaction
from training.finetune.errors import TrainingRefused

NegativeKind = Literal["uniform", "popularity", "hard"]
POPULARITY_POWER = 0.75
MINED, TOP = 8, 2  # hard ones: of 8 drawn for each wanted, one of the best-scored 2 for each wanted
Score = Callable[[Sequence[str]], Sequence[float]]


class Negatives:
    """Draws items for one catalogue. Popularity is counted on the events given and on nothing else."""

    def __init__(self, item_ids: Iterable[str], known: Iterable[Interaction]) -> None:
        """item_ids: what may be drawn, each once. known: events whose likings make items popular."""
        self._item_ids = sorted(set(item_ids))
        likes = Counter(event.item_id for event in known if event.liking > 0)
        weights = [(1 + likes[item_id]) ** POPULARITY_POWER for item_id in self._item_ids]
        self._sums = list(itertools.accumulate(weights))

    def free(self, touched: set[str]) -> int:
        """How many items there are to draw outside `touched`."""
        return sum(item_id not in touched for item_id in self._item_ids)

    def draw(
        self,
        count: int,
        *,
        kind: NegativeKind,
        touched: set[str],
        rng: random.Random,
        score: Score | None = None,
    ) -> list[str]:
        """`count` different items outside `touched`, in no meaningful order.

        score: how probably the user likes each item by the present model; needed for `hard`, which takes some of the
        best-scored among those drawn evenly, not the very best alone: these are often liked in truth.
        Raises TrainingRefused when there are not enough items.
        """
        if kind == "hard":
            if score is None:
                raise ValueError("hard negatives need a model's score")
            return self._hard(count, touched, rng, score)
        chosen: dict[str, None] = {}
        draw = self._by_popularity if kind == "popularity" else self._evenly
        for _ in range(20 * count + 50):
            if len(chosen) == count:
                return list(chosen)
            item_id = draw(rng)
            if item_id not in touched:
                chosen.setdefault(item_id)
        rest = [item_id for item_id in self._item_ids if item_id not in touched and item_id not in chosen]
        if len(rest) < count - len(chosen):
            raise TrainingRefused(
                f"{count} items are wanted that a user has not met, and there are {len(rest) + len(chosen)}",
                "bring a larger catalogue, or write a smaller --negatives-per-positive or --list-negatives",
            )
        return [*chosen, *rng.sample(rest, count - len(chosen))]

    def _hard(self, count: int, touched: set[str], rng: random.Random, score: Score) -> list[str]:
        drawn = self.draw(max(count, min(MINED * count, self.free(touched))), kind="uniform", touched=touched, rng=rng)
        scores = score(drawn)
        order = sorted(range(len(drawn)), key=lambda number: (-scores[number], number))
        return [drawn[number] for number in rng.sample(order[: TOP * count], count)]

    def _evenly(self, rng: random.Random) -> str:
        if not self._item_ids:
            raise TrainingRefused("there is no item to draw as a negative", "bring a larger catalogue")
        return rng.choice(self._item_ids)

    def _by_popularity(self, rng: random.Random) -> str:
        if not self._item_ids:
            return self._evenly(rng)
        return self._item_ids[bisect.bisect(self._sums, rng.random() * self._sums[-1])]
