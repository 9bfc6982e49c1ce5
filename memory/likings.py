"""Who liked what, in the order of liking: the one table that the learned signals are made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Columns = npt.NDArray[np.int64]


def liked_in_order(rows: Iterable[tuple[str, str, int, int]]) -> dict[str, tuple[str, ...]]:
    """User id → the items whose last opinion of theirs is a liking, in the order in which each was first liked.

    rows: (user, item, liking, event id), oldest first, as `EventLog.matrix` gives them.
    """
    opinions: dict[str, dict[str, int]] = {}
    for user, item, liking, _ in rows:
        if liking:
            opinions.setdefault(user, {})[item] = liking  # a key keeps the place it first had
    liked = {user: tuple(item for item, liking in own.items() if liking > 0) for user, own in opinions.items()}
    return {user: items for user, items in liked.items() if items}


class Likings:
    """The liked items of every user over the items of one catalogue. Never changes once made.

    A column is an item's place in `item_ids`, a row a user's place in `user_ids`. Items outside the catalogue are left
    out, and so are users who then have none.
    """

    def __init__(self, sequences: Mapping[str, Sequence[str]], item_ids: Sequence[str]) -> None:
        """sequences: user id → liked items, oldest first, each once. item_ids: the catalogue, each once."""
        self.item_ids = tuple(item_ids)
        places = {item_id: column for column, item_id in enumerate(self.item_ids)}
        kept = {user: [places[one] for one in liked if one in places] for user, liked in sequences.items()}
        self.user_ids = tuple(sorted(user for user, columns in kept.items() if columns))
        self.counts: Columns = np.array([len(kept[user]) for user in self.user_ids], dtype=np.int64)
        self.columns: Columns = np.array(
            [column for user in self.user_ids for column in kept[user]], dtype=np.int64
        )  # user after user, oldest first

    @property
    def rows(self) -> Columns:
        """The user's row of every liking, beside `columns`."""
        return np.repeat(np.arange(len(self.user_ids)), self.counts)

    @cached_property
    def matrix(self) -> Any:
        """Users x items, 1 where liked; a scipy CSR matrix of float32."""
        from scipy.sparse import csr_matrix

        ones, shape = np.ones(len(self.columns), dtype=np.float32), (len(self.user_ids), len(self.item_ids))
        return csr_matrix((ones, (self.rows, self.columns)), shape=shape)

    @cached_property
    def likes(self) -> Columns:
        """(items,) how many users like each."""
        return np.bincount(self.columns, minlength=len(self.item_ids))
