"""The fitted blend: what a candidate's signals add up to, as log odds of a liking; a pure function of numbers.

Each signal counts by a curve, so what it adds can be read off and told; the sum is calibrated on lists of one liking
among `NEGATIVES` items drawn evenly, which is what its probabilities mean. Items that nobody has liked yet have curves
of their own, over what is told of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from memory.guessing import Values
from memory.signals import SIGNALS, Signals

NEGATIVES = 20
BASE: Final = "base"  # the part that is the same for every candidate
_COLUMNS = {signal.name: (column, signal.part) for column, signal in enumerate(SIGNALS)}


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Curve(_Stored):
    """What one signal adds. knots: its values, rising; adds: log odds there; straight between, flat beyond."""

    signal: str
    knots: tuple[float, ...] = Field(min_length=2)
    adds: tuple[float, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _refuse_what_is_no_curve(self) -> Self:
        if self.signal not in _COLUMNS:
            raise ValueError(f"there is no signal {self.signal!r}, only {', '.join(_COLUMNS)}; fit the blend again")
        if len(self.knots) != len(self.adds):
            raise ValueError(f"{len(self.knots)} knots have {len(self.adds)} values; fit the blend again")
        if not all(np.diff(self.knots) > 0) or not all(map(np.isfinite, self.adds)):
            raise ValueError(f"the knots of {self.signal!r} do not rise or a value is not finite; fit the blend again")
        return self


class ModelWeight(_Stored):
    """How a model's p(yes) and the other signals count beside each other, fitted on lists that this model judged.

    Their log odds become `offset + signals * (theirs) + weight * (log odds of p(yes))`. model, kind: as its decisions
    name them; of another model or kind this says nothing.
    """

    model: str
    kind: str
    offset: float
    signals: float = Field(ge=0)
    weight: float = Field(ge=0)
    lists: int


class Curves(_Stored):
    """What the signals of one kind of candidate add up to, on `offset`."""

    offset: float
    curves: tuple[Curve, ...] = ()

    def added(self, features: Values) -> dict[str, Values]:
        """Part → (n,) the log odds it adds to each candidate, the offset as `BASE`; 0 where a signal is NaN.

        features: (n, len(SIGNALS)) as `Signals.features` gives them.
        """
        parts: dict[str, Values] = {BASE: np.full(len(features), self.offset)}
        for curve in self.curves:
            column, part = _COLUMNS[curve.signal]
            adds = np.interp(features[:, column], curve.knots, curve.adds)
            parts[part] = parts.get(part, 0.0) + np.where(np.isnan(features[:, column]), 0.0, adds)
        return parts


class Blend(_Stored):
    """Curves for candidates that people liked and for those that nobody has; `judged` where a model judged lists."""

    seen: Curves
    told: Curves
    judged: ModelWeight | None = None
    format: Literal[1] = 1  # raised when an older one cannot be read as it was meant

    def added(self, features: Values) -> dict[str, Values]:
        """Part → (n,) the log odds it adds to each candidate, as its kind says; see `Curves.added`."""
        fresh = is_fresh(features)
        found: dict[str, Values] = {}
        for rows, curves in ((~fresh, self.seen), (fresh, self.told)):
            for part, adds in curves.added(features[rows]).items():
                found.setdefault(part, np.zeros(len(features)))[rows] = adds
        return found

    def log_odds(self, features: Values) -> Values:
        """(n,) of a liking, by all signals together; no model's judgement is in it."""
        return np.asarray(sum(self.added(features).values(), np.zeros(len(features))))

    @property
    def asks_a_model(self) -> bool:
        """Whether a model's p(yes) changes any order: it was weighed, and found to help."""
        return self.judged is not None and self.judged.weight > 0

    def weight_of(self, model: str, kind: str) -> ModelWeight | None:
        """How this model's p(yes) counts; None where it judged no lists."""
        judged = self.judged
        return judged if judged is not None and (judged.model, judged.kind) == (model, kind) else None


def is_fresh(features: Values) -> npt.NDArray[np.bool_]:
    """(n,) whether nobody had liked the candidate, so that only what is told of it speaks."""
    return np.isnan(features[:, _COLUMNS["popularity"][0]])


@dataclass(frozen=True)
class Fitted:
    """A blend and the signals it reads, of one catalogue."""

    blend: Blend
    signals: Signals

    def nearness(self, history: Sequence[str], item_ids: Sequence[str]) -> Values:
        """(n,) how near each item is to what is liked, by the company they keep; a source, before all is weighed."""
        return self.signals.nearness(history, item_ids)

    def weigh(self, history: Sequence[str], item_ids: Sequence[str]) -> Weighed | None:
        """What is known of the items, for someone who likes this, oldest first; None where none of it is known."""
        if not self.signals.know(history):
            return None
        parts = self.blend.added(self.signals.features(history, item_ids))
        return Weighed(parts, np.asarray(sum(parts.values(), np.zeros(len(item_ids)))))


class Weighed(NamedTuple):
    """Some items weighed. parts: name → (n,) what it adds to them. log_odds: (n,) of a liking, the sum."""

    parts: dict[str, Values]
    log_odds: Values

    def told(self, row: int) -> dict[str, float]:
        """What each part adds to one item."""
        return {name: float(values[row]) for name, values in self.parts.items()}
