"""Lists to be ranked that hold out what people liked last: what was known before, and one liking among negatives."""

from __future__ import annotations

import bisect
import itertools
import random
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal

from agents.blending import NEGATIVES

LastOf = Literal["last", "last_but_one"]
DrawnBy = Literal["uniform", "popularity"]
FEWEST = 3  # likings someone needs, so that one is left to go by when the last two are held out
POWER = 0.75  # of popularity, for negatives drawn by it

Sequences = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class HeldOut:
    """One list. history: what the person liked before, oldest first. negatives: items they never did anything about."""

    user_id: str
    history: tuple[str, ...]
    target: str
    negatives: tuple[str, ...]

    @property
    def candidates(self) -> tuple[str, ...]:
        """The items to order, the target last, where nothing is gained by its place."""
        return (*self.negatives, self.target)

    @property
    def labels(self) -> tuple[int, ...]:
        """1 for the target, beside the candidates."""
        return (*[0] * len(self.negatives), 1)


def known_before(sequences: Sequences, moment: LastOf) -> dict[str, tuple[str, ...]]:
    """What everyone had liked before the moment: the last liking, or the last two, gone from who has enough to ask for.

    sequences: user id → liked items, oldest first. Someone with fewer than `FEWEST` likings keeps all of them.
    """
    gone = 1 if moment == "last" else 2
    return {user: tuple(liked[:-gone] if len(liked) >= FEWEST else liked) for user, liked in sequences.items()}


def held_out_lists(
    sequences: Sequences,
    touched: Mapping[str, Set[str]],
    item_ids: Sequence[str],
    moment: LastOf,
    *,
    limit: int | None = None,
    drawn_by: DrawnBy = "uniform",
    negatives: int = NEGATIVES,
    seed: int = 0,
) -> list[HeldOut]:
    """A list for everyone with enough likings, or for `limit` of them drawn at random; sorted by user.

    sequences: liked items of the catalogue alone. touched: user id → every item they have any event about, at any time;
    none of them is drawn. drawn_by: popularity counts what is known before the moment. Someone who has touched nearly
    all items has no list. The same arguments give the same lists, and each user's is the same whoever else is drawn.
    """
    known = known_before(sequences, moment)
    users = sorted(user for user, liked in sequences.items() if len(liked) >= FEWEST)
    if limit is not None and limit < len(users):
        users = sorted(random.Random(f"{seed}:users").sample(users, limit))
    sums = _sums(item_ids, known) if drawn_by == "popularity" else None
    lists = []
    for user in users:
        seen, place = touched.get(user, set()) | set(sequences[user]), len(known[user])
        drawn = _draw(item_ids, seen, negatives, sums, random.Random(f"{seed}:{moment}:{user}"))
        if drawn is not None:
            lists.append(HeldOut(user, known[user], sequences[user][place], drawn))
    return lists


def _sums(item_ids: Sequence[str], known: Sequences) -> list[float]:
    likes = dict.fromkeys(item_ids, 0)
    for liked in known.values():
        for item_id in liked:
            if item_id in likes:
                likes[item_id] += 1
    return list(itertools.accumulate((1 + likes[item_id]) ** POWER for item_id in item_ids))


def _draw(
    item_ids: Sequence[str], seen: Set[str], count: int, sums: Sequence[float] | None, rng: random.Random
) -> tuple[str, ...] | None:
    """So many different items that are not seen; None where there are too few."""
    drawn: dict[str, None] = {}
    for _ in range(20 * count):
        if len(drawn) == count:
            return tuple(drawn)
        place = rng.randrange(len(item_ids)) if sums is None else bisect.bisect(sums, rng.random() * sums[-1])
        if item_ids[place] not in seen:
            drawn.setdefault(item_ids[place])
    left = [item_id for item_id in item_ids if item_id not in seen and item_id not in drawn]
    return (*drawn, *rng.sample(left, count - len(drawn))) if len(left) >= count - len(drawn) else None
