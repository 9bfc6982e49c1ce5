"""What an import gives back, and what it could not take."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from catalog.items import AttributeSpec, Item
from memory.interactions import Interaction

ProgressCallback = Callable[[int, int | None], None]
SHOWN_PER_KIND: Final = 200
LONGEST_SILENCE_S: Final = 0.2  # rows with large pictures take long


@dataclass(frozen=True)
class RefusedRow:
    """One row that was not taken, or not taken whole.

    source: the file, relative to the folder imported. line: counted from 1, the header included; 0 when no single line
    is meant. reason: what is wrong. remedy: what to do. kept: the row was taken, only the cell at fault was left out.
    """

    source: str
    line: int
    reason: str
    remedy: str
    kept: bool = False

    def __str__(self) -> str:
        where = f"{self.source}:{self.line}" if self.line else self.source
        return f"{where}: {self.reason}; {self.remedy}"


@dataclass(frozen=True)
class ImportResult:
    """A catalogue read, not yet saved.

    items: in the order of the source, ids unique. interactions: oldest first; each names an item of `items`.
    refused: in the order met; of one kind in one file at most 200 are listed and the rest are counted in a last row.
    notes: what was guessed or left aside, one sentence each.
    """

    schema: tuple[AttributeSpec, ...]
    items: list[Item]
    interactions: list[Interaction]
    refused: list[RefusedRow]
    notes: list[str] = field(default_factory=list)


class ImportFailed(Exception):
    """Nothing could be imported. what: what happened, to what. remedy: what to do. refused: the rows refused so far."""

    def __init__(self, what: str, remedy: str, refused: Sequence[RefusedRow] = ()) -> None:
        super().__init__(what, remedy, refused)
        self.what, self.remedy, self.refused = what, remedy, tuple(refused)

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}"


class Refusals:
    """Collects refused rows without growing with a file that is wrong in every line."""

    def __init__(self) -> None:
        self._rows: list[RefusedRow] = []
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, source: str, line: int, reason: str, remedy: str, *, kept: bool = False) -> None:
        """Note one row; rows of one source with one remedy are of one kind."""
        self._counts[source, remedy] += 1
        if self._counts[source, remedy] <= SHOWN_PER_KIND:
            self._rows.append(RefusedRow(source, line, reason, remedy, kept))

    @property
    def count(self) -> int:
        """How many rows so far, those taken in part too."""
        return sum(self._counts.values())

    def rows(self) -> list[RefusedRow]:
        """All that was noted, the surplus of each kind as one row with line 0."""
        surplus = [
            RefusedRow(source, 0, f"{count - SHOWN_PER_KIND:,} more rows like those listed", remedy)
            for (source, remedy), count in self._counts.items()
            if count > SHOWN_PER_KIND
        ]
        return self._rows + surplus


class Progress:
    """Counts rows and tells the callback now and then: the first, every fiftieth, after a while, and the end."""

    def __init__(self, callback: ProgressCallback, total: int | None) -> None:
        self._callback, self._total, self._done, self._told_at = callback, total, 0, 0.0

    def step(self) -> None:
        """One row more."""
        self._done += 1
        now = time.monotonic()
        if self._done % 50 == 1 or now - self._told_at > LONGEST_SILENCE_S:
            self._told_at = now
            total = None if self._total is None else max(self._total, self._done)
            self._callback(self._done, total)

    def finish(self) -> None:
        """All rows are read."""
        self._callback(self._done, self._done)
