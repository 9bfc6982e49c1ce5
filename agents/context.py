"""What the nodes of a turn are given: everything they need from outside, and nothing they could reach by themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from agents.asking import Asker
from catalog.items import Catalogue, Item
from memory.interactions import Interaction
from tracing.recorder import Recorder

if TYPE_CHECKING:
    from memory.collaborative import Collaborative
    from memory.event_log import EventLog
    from memory.item_index import ItemIndex
    from memory.preference_store import PreferenceStore
    from profiles.settings import MemorySettings, RecommendSettings


@dataclass(frozen=True)
class TurnContext:
    """One turn's surroundings. now: the wall clock, timezone-aware."""

    catalogue: Catalogue
    items: ItemIndex
    log: EventLog
    preferences: PreferenceStore
    collaborative: Collaborative
    ask: Asker
    recorder: Recorder
    memory: MemorySettings
    recommend: RecommendSettings
    now: Callable[[], datetime]

    def views(self, item_ids: tuple[str, ...]) -> dict[str, str]:
        """What models read about each item: its summary where there is one, else what the catalogue says of it."""
        items = [self.catalogue[item_id] for item_id in dict.fromkeys(item_ids) if item_id in self.catalogue]
        summaries = self.items.summaries(self.catalogue.name, items)
        return {item.item_id: summaries.get(item.item_id) or described(item) for item in items}

    def recent(self, user_id: str, limit: int) -> list[Interaction]:
        """The user's last interactions in this catalogue, newest first, wishes included."""
        return self.log.of_user(user_id, self.catalogue.name, limit=limit, newest_first=True)


def described(item: Item) -> str:
    """What the catalogue says of an item, in a line: its text, then its attributes that are words."""
    words = [
        f"{name.replace('_', ' ')}: {', '.join(value) if isinstance(value, tuple) else value}"
        for name, value in item.attributes.items()
        if isinstance(value, str | tuple) and value
    ]
    return ". ".join([*([item.text.rstrip(".")] if item.text else []), *words])


def attribute_lines(catalogue: Catalogue, item: Item) -> str:
    """Every attribute of an item with its unit, as an answer to a question quotes it: `price: 45 EUR; year: 1987`."""
    lines = []
    for spec in catalogue.schema:
        value = item.attributes.get(spec.name)
        if value is None:
            continue
        told = (
            ", ".join(value) if isinstance(value, tuple) else f"{value:g}" if isinstance(value, float) else str(value)
        )
        lines.append(f"{spec.label or spec.name}: {told} {spec.unit}".rstrip())
    return "; ".join(lines)
