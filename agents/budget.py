"""What one turn may spend, and how much of it is gone."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass, field
from typing import Self

from models.decisions import Usage
from models.errors import ModelError


class BudgetSpent(ModelError):
    """The turn has used up what it may spend. It ends with the best answer so far."""

    def __init__(self, what: str, limit: float) -> None:
        super().__init__(what, limit)
        self.what, self.limit = what, limit

    def __str__(self) -> str:
        return f"this turn may use {self.limit:g} {self.what} and has; raise `budget.{self.what}` in the profile"


@dataclass
class Budget:
    """Limits of one turn and what is used of them.

    calls: model calls; tokens: input and output together; usd: None for no limit (unknown costs count as nothing);
    seconds: of wall time since it was made. model_seconds: time spent waiting for models.
    """

    calls: int
    tokens: int
    seconds: float
    usd: float | None = None
    used_calls: int = 0
    used_tokens: int = 0
    used_usd: float = 0.0
    model_seconds: float = 0.0
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def unlimited(cls) -> Self:
        """For work outside any turn: it only counts."""
        return cls(calls=sys.maxsize, tokens=sys.maxsize, seconds=math.inf)

    def left_s(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.seconds - (time.monotonic() - self.started))

    def check(self) -> None:
        """Raise BudgetSpent when any limit is reached."""
        if self.used_calls >= self.calls:
            raise BudgetSpent("calls", self.calls)
        if self.used_tokens >= self.tokens:
            raise BudgetSpent("tokens", self.tokens)
        if self.usd is not None and self.used_usd >= self.usd:
            raise BudgetSpent("usd", self.usd)
        if self.left_s() <= 0:
            raise BudgetSpent("seconds", self.seconds)

    def update_used(self, usage: Usage, seconds: float) -> None:
        """Count one finished call."""
        self.used_calls += 1
        self.used_tokens += usage.input_tokens + usage.output_tokens
        self.used_usd += usage.cost_usd or 0.0
        self.model_seconds += seconds
