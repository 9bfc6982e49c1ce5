"""An order that was asked for: "the cheapest first" decides the slate, not what else is known of the taste."""

from __future__ import annotations

import math
from collections.abc import Sequence

from agents.context import told_attributes
from agents.critiques import figure_of
from agents.state import Candidate, Citation, Critique
from catalog.items import Catalogue, Item


def order_of(critiques: Sequence[Critique]) -> Critique | None:
    """The order in force; None for none."""
    return next((one for one in reversed(critiques) if one.order), None)


def earliness(order: Critique, items: Sequence[Item]) -> list[float]:
    """How early each item comes, higher first; minus infinity for one without the number."""
    figures = (figure_of(item.attributes.get(order.order)) for item in items)
    return [-math.inf if figure is None else -figure if order.rising else figure for figure in figures]


def in_order(candidates: Sequence[Candidate], order: Critique, catalogue: Catalogue) -> list[Candidate]:
    """The candidates with most of what was asked for in words first, and among those by the order; ties as they are."""
    early = earliness(order, [catalogue[one.item_id] for one in candidates])
    rows = sorted(range(len(candidates)), key=lambda row: (-candidates[row].asked, -early[row]))
    return [candidates[row] for row in rows]


def cited_order(item: Item, order: Critique | None, catalogue: Catalogue) -> tuple[Citation, ...]:
    """The number that an item has its place by."""
    told = [words for spec, words in told_attributes(catalogue, item) if order and spec.name == order.order]
    return tuple(Citation("critique", order.said, f"{order.said}: {words}") for words in told if order)
