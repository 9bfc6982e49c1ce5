"""How well items are ranked that nobody has liked yet: some are taken out of every count, and then looked for."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from agents.blending import NEGATIVES
from evaluation.blend import Log
from evaluation.held_out import HeldOut

FEWEST_LIKES = 5  # of other items, for someone to be asked about
FEWEST_EVENTS = 5  # about an item, to be taken out

Among = Literal["new", "all"]


def without(log: Log, count: int, *, seed: int = 0) -> tuple[Log, frozenset[str]]:
    """The log and the catalogue without some items at random, and which those are."""
    events = Counter(item_id for _, item_id, _, _ in log.rows)
    known = sorted(item_id for item_id in log.item_ids if events[item_id] >= FEWEST_EVENTS)
    gone = frozenset(random.Random(seed).sample(known, count))
    rows = [row for row in log.rows if row[1] not in gone]
    places = [place for place, item_id in enumerate(log.item_ids) if item_id not in gone]
    items = [log.items[place] for place in places]
    fewer = replace(log, rows=rows, items=items, texts=log.texts[places], summaries=log.summaries[places])
    return fewer, gone


def newcomer_lists(log: Log, new: frozenset[str], *, among: Among, seed: int = 0) -> list[HeldOut]:
    """For everyone who likes one of the new items and enough others: the last new one, beside 20 they never met.

    log: with the new items and what was done with them. history: all other likings. among: which items are drawn.
    """
    pool: Sequence[str] = sorted(new) if among == "new" else log.item_ids
    lists = []
    for user, liked in sorted(log.likings.items()):
        history = tuple(one for one in liked if one not in new)
        targets = [one for one in liked if one in new]
        left = [one for one in pool if one not in log.touched[user]]
        if targets and len(history) >= FEWEST_LIKES and len(left) >= NEGATIVES:
            drawn = random.Random(f"{seed}:{user}").sample(left, NEGATIVES)
            lists.append(HeldOut(user, history, targets[-1], tuple(drawn)))
    return lists
