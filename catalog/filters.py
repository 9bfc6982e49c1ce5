"""Hard filters: typed conditions on attributes, exact and free of any model."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from catalog.items import Item

FilterOp = Literal["at_least", "at_most", "above", "below", "is", "is_not", "has", "has_not"]


class Filter(BaseModel):
    """One hard condition on one attribute.

    `at_least`, `at_most`, `above`, `below` compare numbers and dates; `is`, `is_not` compare whole values, text without
    regard to case; `has`, `has_not` ask whether a list holds a word, or a text contains it as a word.
    said: the words of the user that asked for it, for the trace and the funnel.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    attribute: str
    op: FilterOp
    value: float | str | date
    said: str = ""

    def matches(self, item: Item) -> bool:
        """Whether the item meets the condition. An item without the attribute meets only `is_not` and `has_not`."""
        have = item.attributes.get(self.attribute)
        negated = self.op in ("is_not", "has_not")
        if have is None:
            return negated
        if self.op in ("at_least", "at_most", "above", "below"):
            return _compares(have, self.op, self.value)
        words = have if isinstance(have, tuple) else (have,)
        found = any(_same(word, self.value) for word in words)
        return found != negated

    def __str__(self) -> str:
        signs = {"at_least": "≥", "at_most": "≤", "above": ">", "below": "<", "is": "=", "is_not": "≠"}
        sign = signs.get(self.op, self.op.replace("_", " "))
        value = f"{self.value:g}" if isinstance(self.value, float) else str(self.value)
        return f"{self.attribute} {sign} {value}"


def passes(item: Item, filters: Iterable[Filter]) -> bool:
    """Whether the item meets every filter; no filters pass everything."""
    return all(condition.matches(item) for condition in filters)


def _same(have: object, wanted: object) -> bool:
    if isinstance(have, str) and isinstance(wanted, str):
        return have.casefold() == wanted.casefold()
    return have == wanted


def _compares(have: object, op: str, wanted: object) -> bool:
    if isinstance(have, date) and isinstance(
        wanted, int | float
    ):  # "before 1980" against a full date: its year decides
        have = float(have.year)
    if isinstance(have, date) and isinstance(wanted, date):
        left, right = float(have.toordinal()), float(wanted.toordinal())
    elif isinstance(have, int | float) and isinstance(wanted, int | float):
        left, right = float(have), float(wanted)
    else:
        return False
    return {"at_least": left >= right, "at_most": left <= right, "above": left > right, "below": left < right}[op]
