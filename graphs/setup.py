"""Filling the stores: keeping a catalogue, setting the demo up, and going on with what was broken off."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from catalog.items import AttributeSpec, Catalogue, Item
from graphs.describing import Report, Summarized, summarize_catalogue
from graphs.services import Services
from memory.interactions import Interaction


@dataclass(frozen=True)
class Stored:
    """What an import changed: items by what became of them, and interactions accepted (old ones count again)."""

    added: int
    changed: int
    unchanged: int
    interactions: int


def store_catalogue(
    services: Services,
    name: str,
    schema: Sequence[AttributeSpec],
    items: Sequence[Item],
    interactions: Sequence[Interaction],
    report: Report = lambda what, done, of: None,
) -> Stored:
    """Keep a catalogue, its search vectors and its interactions. Doing it again changes nothing.

    The histories come first: a catalogue that can be named has all of its own, whenever this was broken off.
    """
    for start in range(0, len(interactions), 5000):
        services.log.append(interactions[start : start + 5000])
        report("keeping the histories", min(start + 5000, len(interactions)), len(interactions))
    saved = services.catalogues.save(name, schema, items)
    services.forget_cached(name)
    catalogue = services.catalogue(name)
    services.items.put_items(catalogue, lambda done, of: report("reading the items", done, of or len(catalogue)))
    return Stored(saved.added, saved.changed, saved.unchanged, len(interactions))


def install_demo(services: Services, report: Report = lambda what, done, of: None) -> Stored | None:
    """Draw and keep the demo catalogue where it is not there yet; None when it was.

    The model that will look at its pictures is loaded meanwhile, as its libraries take seconds.
    """
    from catalog.demo.install import NAME, install

    if any(info.name == NAME for info in services.catalogues.names()):
        services.items.put_items(services.catalogue(NAME))  # what an installation that was broken off left out
        return None
    services.models.preload("item_summarizer")
    drawn = iter(range(1, 1_000_000))

    def keep(data: bytes) -> str:
        report("drawing the prints", next(drawn), 600)
        return services.pictures.add(data)

    schema, items, interactions = install(keep)
    return store_catalogue(services, NAME, schema, items, interactions, report)


@dataclass(frozen=True)
class Unfinished:
    """What an interrupted set-up or import left undone.

    unindexed: items that no search finds. undescribed: items whose picture no model has described, of `pictured`.
    """

    unindexed: int
    undescribed: int
    pictured: int

    @property
    def nothing(self) -> bool:
        """Whether all is done."""
        return not (self.unindexed or self.undescribed)


def unfinished(services: Services, catalogue: Catalogue) -> Unfinished:
    """What is still to be done for a catalogue; needs no model."""
    undescribed = [item for item in services.items.unsummarised(catalogue) if item.picture]
    pictured = sum(1 for item in catalogue if item.picture)
    return Unfinished(len(services.items.unindexed(catalogue)), len(undescribed), pictured)


async def finish(services: Services, catalogue: Catalogue, report: Report = lambda what, done, of: None) -> Summarized:
    """Do what `unfinished` tells: make every item findable, and describe the pictures that no model has described.

    What is done stays done when this is interrupted. Raises as `summarize_catalogue` does, and what the stores raise.
    """
    if services.items.unindexed(catalogue):
        await asyncio.to_thread(
            services.items.put_items,
            catalogue,
            lambda done, of: report("reading the items", done, of or len(catalogue)),
        )
    return await summarize_catalogue(services, catalogue, report, unseen_only=True)
