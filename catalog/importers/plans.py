"""Where each part of an item or an interaction stands in a row: a mapping, settled against the columns there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog.items import AttributeSpec
from memory.interactions import InteractionKind


@dataclass(frozen=True)
class AttributePlan:
    """One attribute and the column it comes from."""

    spec: AttributeSpec
    column: str
    separator: str = ""
    format: str = ""


@dataclass(frozen=True)
class ItemPlan:
    """The columns of an item. text: joined in this order. picture: empty when files are found by id alone."""

    id: str
    title: str
    text: tuple[str, ...] = ()
    picture: str = ""
    attributes: tuple[AttributePlan, ...] = ()

    @property
    def schema(self) -> tuple[AttributeSpec, ...]:
        """The attributes, in the order of the plan."""
        return tuple(attribute.spec for attribute in self.attributes)


@dataclass(frozen=True)
class InteractionPlan:
    """The columns of an interaction. Without a rating or kind column every row is of `every_row`'s kind.

    scale: the best rating there is; ratings are brought to a scale of 5. kinds: the source's words for our kinds.
    timestamp: empty when only the order is known.
    """

    user: str
    item: str
    rating: str = ""
    scale: float = 5
    kind: str = ""
    kinds: Mapping[str, InteractionKind] = field(default_factory=dict)
    every_row: InteractionKind = "view"
    timestamp: str = ""


def attribute(
    name: str, kind: str, label: str = "", *, unit: str = "", aliases: tuple[str, ...] = (), separator: str = ""
) -> AttributePlan:
    """An attribute that stands in the column of its own name."""
    spec = AttributeSpec.model_validate(
        {"name": name, "kind": kind, "label": label or name.replace("_", " "), "unit": unit, "aliases": aliases}
    )
    return AttributePlan(spec, name, separator)
