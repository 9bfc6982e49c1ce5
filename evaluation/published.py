"""The published candidate lists of MLLM-MSR, built anew from sequences.

Source: Ye et al., AAAI-25, arXiv 2408.09698, as its code has it: users with six items and more, items with five users
and more; of each user the six most popular items, the latest of them to be found among 20 items drawn evenly; users
are split, not time. Taking the target from a user's most popular items raises every figure.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence

from agents.blending import NEGATIVES
from evaluation.held_out import HeldOut

FEWEST_ITEMS, FEWEST_USERS, KEPT = 6, 5, 6
SHARE = 0.1  # of the users are tested on, and as many fitted on

Sequences = Mapping[str, Sequence[str]]


def core(sequences: Sequences) -> dict[str, tuple[str, ...]]:
    """What is left when users with too few items and items with too few users are dropped until none is."""
    kept = {user: tuple(dict.fromkeys(own)) for user, own in sequences.items()}
    while True:
        counts = Counter(item for own in kept.values() for item in own)
        fewer = {user: tuple(item for item in own if counts[item] >= FEWEST_USERS) for user, own in kept.items()}
        fewer = {user: own for user, own in fewer.items() if len(own) >= FEWEST_ITEMS}
        if fewer == kept:
            return kept
        kept = fewer


def split(sequences: Sequences, *, seed: int = 0) -> tuple[list[str], list[str], list[str]]:
    """Users to count, to fit on and to test on, at random."""
    users = sorted(sequences)
    random.Random(seed).shuffle(users)
    share = int(SHARE * len(users))
    return users[2 * share :], users[share : 2 * share], users[:share]


def published_lists(
    users: Sequence[str], sequences: Sequences, touched: Mapping[str, Sequence[str]], *, seed: int = 0
) -> list[HeldOut]:
    """A list for each of the users. touched: all that a user ever met; none of it is drawn."""
    counts = Counter(item for own in sequences.values() for item in own)
    items, lists = sorted(counts), []
    for user in users:
        own, draw, met = sequences[user], random.Random(f"{seed}:{user}"), set(touched[user])
        most = sorted(range(len(own)), key=lambda place: (-counts[own[place]], place))[:KEPT]
        *history, target = (own[place] for place in sorted(most))
        drawn: dict[str, None] = {}
        while len(drawn) < NEGATIVES:
            if (one := items[draw.randrange(len(items))]) not in met:
                drawn.setdefault(one)
        lists.append(HeldOut(user, tuple(history), target, tuple(drawn)))
    return lists
