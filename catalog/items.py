"""Items, their typed attributes, and the catalogue that holds them."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.float64]

AttributeKind = Literal["number", "text", "list", "date"]
AttributeValue = float | str | tuple[str, ...] | date
CONDITIONS_KEPT = 64  # whose matches a catalogue remembers


class AttributeSpec(BaseModel):
    """One typed attribute of a catalogue, as its importer declared it.

    name: the key in `Item.attributes`. label: how people call it ("price"). unit: what a number counts in ("EUR",
    "year", "cm"), empty when it has none. aliases: other words people use for it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: AttributeKind
    label: str = ""
    unit: str = ""
    aliases: tuple[str, ...] = ()


class Item(BaseModel):
    """Something that can be recommended.

    item_id: unique within its catalogue, any non-empty text. text: what the catalogue says of it beside the title.
    attributes: only values that are given; a missing attribute has no key. A list attribute is a tuple of words.
    picture: the content hash (SHA-256, hex) of its one picture in the picture store, or None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    item_id: str = Field(min_length=1)
    title: str = Field(min_length=1)
    text: str = ""
    attributes: Mapping[str, AttributeValue] = Field(default_factory=dict)
    picture: str | None = None


class Condition(Protocol):
    """What an item may meet; equal conditions have equal hashes. `catalog.filters.Filter` is one."""

    def matches(self, item: Item) -> bool:
        """Whether the item meets it."""
        ...

    def rows(self, catalogue: Catalogue) -> Mask:
        """(n,) whether each item of a catalogue meets it, in its order."""
        ...


class Catalogue:
    """All items of one catalogue, read-only, in catalogue order.

    Iterating gives items in order; `catalogue[item_id]` raises KeyError for an unknown id; `in` takes an id.
    """

    def __init__(self, name: str, schema: Iterable[AttributeSpec], items: Iterable[Item]) -> None:
        self.name = name
        self.schema: tuple[AttributeSpec, ...] = tuple(schema)
        self._items: dict[str, Item] = {item.item_id: item for item in items}
        self._meeting: OrderedDict[Condition, Mask] = OrderedDict()
        self._numbers: dict[str, Numbers | None] = {}

    def __getitem__(self, item_id: str) -> Item:
        return self._items[item_id]

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._items

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def get(self, item_id: str) -> Item | None:
        """The item of that id, or None."""
        return self._items.get(item_id)

    def meeting(self, condition: Condition) -> Mask:
        """(n,) whether each item meets a condition, not to be changed; the last few conditions are remembered."""
        found = self._meeting.pop(condition, None)
        if found is None:
            found = condition.rows(self)
        self._meeting[condition] = found
        while len(self._meeting) > CONDITIONS_KEPT:
            self._meeting.popitem(last=False)
        return found

    def numbers(self, attribute: str) -> Numbers | None:
        """(n,) an attribute of every item, NaN for one without it; None where any has something else than a number."""
        import numpy as np  # only who looks through a whole catalogue waits for it

        if attribute not in self._numbers:
            values = [item.attributes.get(attribute, math.nan) for item in self]
            plain = all(isinstance(value, int | float) for value in values)
            self._numbers[attribute] = np.array(values, dtype=np.float64) if plain else None
        return self._numbers[attribute]

    @cached_property
    def row_of(self) -> Mapping[str, int]:
        """Id → its place in the order of the catalogue."""
        return {item_id: row for row, item_id in enumerate(self._items)}

    @cached_property
    def item_ids(self) -> tuple[str, ...]:
        """All ids, in catalogue order."""
        return tuple(self._items)
