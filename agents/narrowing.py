"""The candidates before any signal: rows of a catalogue, made into candidates only where one is looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import overload

import numpy as np
import numpy.typing as npt

from agents.state import Candidate
from catalog.items import Catalogue

Rows = npt.NDArray[np.int64]


class Unscored(Sequence[Candidate]):
    """What is left of a catalogue, in its order. A million items take no longer than their numbers do.

    rows: of the catalogue, rising.
    """

    def __init__(self, catalogue: Catalogue, rows: Rows) -> None:
        self._catalogue, self.rows = catalogue, rows

    @classmethod
    def among(cls, catalogue: Catalogue, candidates: Sequence[Candidate]) -> Unscored:
        """These candidates, whatever was known of them, as rows. Raises KeyError for one that is not in it."""
        if isinstance(candidates, Unscored) and candidates._catalogue is catalogue:
            return candidates
        return cls(catalogue, np.array([catalogue.row_of[one.item_id] for one in candidates], dtype=np.int64))

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> Candidate: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Candidate]: ...

    def __getitem__(self, place: int | slice) -> Candidate | Sequence[Candidate]:
        if isinstance(place, slice):
            return Unscored(self._catalogue, self.rows[place])
        return Candidate(self._catalogue.item_ids[self.rows[place]])

    def __iter__(self) -> Iterator[Candidate]:
        return (Candidate(item_id) for item_id in self.item_ids)

    @cached_property
    def item_ids(self) -> tuple[str, ...]:
        """The ids, in order."""
        ids = self._catalogue.item_ids
        return tuple(ids[row] for row in self.rows.tolist())
