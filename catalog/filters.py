"""Hard filters: typed conditions on attributes, exact and free of any model."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from catalog.items import Catalogue, Item

if TYPE_CHECKING:
    from catalog.items import Mask

FilterOp = Literal["at_least", "at_most", "above", "below", "outside", "is", "is_not", "has", "has_not", "any_of"]


class Filter(BaseModel):
    """One hard condition on one attribute.

    `at_least`, `at_most`, `above`, `below` compare numbers and dates; `outside` takes two numbers and refuses all from
    the one to the other, both included; `is`, `is_not` compare whole values, text without regard to case; `has`,
    `has_not` ask whether a list holds a word, or a text is that word; `any_of` takes several words and asks for one.
    said: the words of the user that asked for it, for the trace and the funnel.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    attribute: str
    op: FilterOp
    value: float | str | date | tuple[float, float] | tuple[str, ...]
    said: str = ""

    def matches(self, item: Item) -> bool:
        """Whether the item meets the condition. An item without the attribute meets only the refusing ones."""
        have = item.attributes.get(self.attribute)
        negated = self.op in ("is_not", "has_not", "outside")
        if have is None:
            return negated
        if self.op == "outside":
            low, high = self.value if isinstance(self.value, tuple) else (self.value, self.value)
            return not (_compares(have, "at_least", low) and _compares(have, "at_most", high))
        if self.op in ("at_least", "at_most", "above", "below"):
            return _compares(have, self.op, self.value)
        words = have if isinstance(have, tuple) else (have,)
        wanted = self.value if isinstance(self.value, tuple) else (self.value,)
        found = any(_same(word, value) for word in words for value in wanted)
        return found != negated

    def rows(self, catalogue: Catalogue) -> Mask:
        """(n,) whether each item of a catalogue meets the condition; bounds of numbers are compared all at once."""
        import numpy as np

        wanted = self.value if isinstance(self.value, tuple) else (self.value,)
        bounds = [value for value in wanted if isinstance(value, _NUMBER)]
        compares = self.op in _COMPARE or self.op == "outside"
        have = catalogue.numbers(self.attribute) if compares and len(bounds) == len(wanted) else None
        if have is None:
            return np.fromiter((self.matches(item) for item in catalogue), dtype=np.bool_, count=len(catalogue))
        if self.op == "outside":
            return ~((have >= bounds[0]) & (have <= bounds[-1]))
        return np.asarray(_COMPARE[self.op](have, bounds[0]))

    def __str__(self) -> str:
        signs = {"at_least": "≥", "at_most": "≤", "above": ">", "below": "<", "is": "=", "is_not": "≠"}
        sign = signs.get(self.op, self.op.replace("_", " "))
        parts = self.value if isinstance(self.value, tuple) else (self.value,)
        joint = "–" if self.op == "outside" else ", "
        value = joint.join(f"{part:g}" if isinstance(part, float) else str(part) for part in parts)
        return f"{self.attribute} {sign} {value}"


def passes(item: Item, filters: Iterable[Filter]) -> bool:
    """Whether the item meets every filter; no filters pass everything."""
    return all(condition.matches(item) for condition in filters)


def _same(have: object, wanted: object) -> bool:
    if isinstance(have, str) and isinstance(wanted, str):
        return have.casefold() == wanted.casefold()
    return have == wanted


def _compares(have: object, op: str, wanted: object) -> bool:
    if isinstance(have, date) and isinstance(wanted, date):
        return bool(_COMPARE[op](have.toordinal(), wanted.toordinal()))
    if isinstance(have, date):  # "before 1980" against a full date: its year decides
        have = have.year
    if isinstance(have, _NUMBER) and isinstance(wanted, _NUMBER):
        return bool(_COMPARE[op](have, wanted))
    return False


_NUMBER = (int, float)


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "at_least": operator.ge,
    "at_most": operator.le,
    "above": operator.gt,
    "below": operator.lt,
}
