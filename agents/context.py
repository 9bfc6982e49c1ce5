"""What the nodes of a turn are given: everything they need from outside, and nothing they could reach by themselves."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from agents.asking import Asker
from agents.commonness import Commonness
from agents.lift import Lifts
from catalog.items import AttributeSpec, Catalogue, Item
from memory.interactions import Interaction
from memory.preferences import Preference
from tracing.events import ModelCall
from tracing.recorder import Recorder

if TYPE_CHECKING:
    from agents.blending import Blend, Fitted
    from memory.collaborative import Collaborative
    from memory.embedding import Embedder
    from memory.event_log import EventLog
    from memory.item_index import ItemIndex
    from memory.preference_store import PreferenceStore
    from profiles.settings import MemorySettings, RecommendSettings

ITEMS_LOOKED_AT = 200  # to tell how common a value is


@dataclass(frozen=True)
class TurnContext:
    """One turn's surroundings.

    now: the wall clock, timezone-aware. fitted: the fitted blend, None where the declared weights rank. commonness:
    how common values are in the catalogue, as far as anybody asked. lifts: what questions are worth there. keep:
    keeps what folds make, where many users are folded at once; None where each is kept by itself.
    """

    catalogue: Catalogue
    items: ItemIndex
    log: EventLog
    preferences: PreferenceStore
    embedder: Embedder
    collaborative: Collaborative
    ask: Asker
    recorder: Recorder
    memory: MemorySettings
    recommend: RecommendSettings
    now: Callable[[], datetime]
    fitted: Fitted | None = None
    commonness: Commonness = field(default_factory=Commonness)
    lifts: Lifts = field(default_factory=Lifts)
    keep: Callable[[Preference], Awaitable[None]] | None = None
    _tastes: dict[str, Preference] = field(default_factory=dict, repr=False)
    _recent: dict[str, tuple[int, list[Interaction]]] = field(default_factory=dict, repr=False)
    _views: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def blend(self) -> Blend | None:
        """The fitted blend, where it is in force."""
        return self.fitted.blend if self.fitted is not None else None

    def taste(self, user_id: str) -> Preference:
        """The user's preference; read once a turn, and after that as this turn left it."""
        if user_id not in self._tastes:
            self._tastes[user_id] = self.preferences.current(user_id, self.catalogue.name)
        return self._tastes[user_id]

    def forget_taste(self, user_id: str) -> None:
        """Read the preference anew the next time: another turn has saved one."""
        self._tastes.pop(user_id, None)

    def save_taste(self, *versions: Preference) -> None:
        """Keep the next version of a preference, or several that follow one another in one write."""
        self.preferences.save_following(versions, self.catalogue.name)
        self._tastes[versions[-1].user_id] = versions[-1]

    def prepare(self, texts: Sequence[str]) -> None:
        """Embed texts about to be searched with or kept, as a model call of the trace; the embedder keeps them.

        Raises EmbedderFailed.
        """
        began = time.perf_counter()
        self.embedder.embed([text for text in texts if text])
        self.recorder.record(
            ModelCall(
                role="embedder",
                model=self.embedder.name,
                kind="embed",
                rendered="\n".join(texts),
                seconds=time.perf_counter() - began,
                cost_usd=0.0 if self.embedder.in_process else None,
            )
        )

    def views(self, item_ids: tuple[str, ...]) -> dict[str, str]:
        """What models read about each item: its summary where there is one, else what the catalogue says of it."""
        known = [item_id for item_id in dict.fromkeys(item_ids) if item_id in self.catalogue]
        items = [self.catalogue[item_id] for item_id in known if item_id not in self._views]
        summaries = self.items.summaries(self.catalogue.name, items)
        self._views.update({item.item_id: summaries.get(item.item_id) or described(item) for item in items})
        return {item_id: self._views[item_id] for item_id in known}

    def some_views(self, count: int) -> list[str]:
        """What models read about so many items, taken evenly from the whole catalogue."""
        ids = self.catalogue.item_ids
        return list(self.views(tuple(ids[:: max(1, len(ids) // count)][:count])).values())

    def shown(self, value: str) -> float:
        """The share of the catalogue that shows a value, in (0, 1]; looked up in some of its items, and kept."""
        return self.commonness.share(value, lambda: self.some_views(ITEMS_LOOKED_AT))

    def recent(self, user_id: str, limit: int) -> list[Interaction]:
        """The user's last interactions in this catalogue, newest first, wishes included; read anew only to see more."""
        asked, found = self._recent.get(user_id, (-1, []))
        if asked < limit:
            found = self.log.of_user(user_id, self.catalogue.name, limit=limit, newest_first=True)
            self._recent[user_id] = (limit, found)
        return found[:limit]

    def append(self, interactions: Sequence[Interaction]) -> None:
        """Keep interactions; what was read before is read anew."""
        if interactions:
            self.log.append(interactions)
            self._recent.clear()


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
    return "; ".join(f"{spec.label or spec.name}: {told}" for spec, told in told_attributes(catalogue, item))


def told_attributes(catalogue: Catalogue, item: Item) -> list[tuple[AttributeSpec, str]]:
    """The attributes an item has, in the order of the schema, each with its value in words: `45 EUR`, `Drama, Horror`.

    A unit that only repeats the label or the name is left out.
    """
    told = []
    for spec in catalogue.schema:
        value = item.attributes.get(spec.name)
        if value is None:
            continue
        words = (
            ", ".join(value)
            if isinstance(value, tuple)
            else f"{value:.15g}"  # as many digits as the catalogue gave
            if isinstance(value, float)
            else str(value)
        )
        repeats = spec.unit.casefold() in (spec.label.casefold(), spec.name.casefold())
        told.append((spec, words if repeats else f"{words} {spec.unit}".rstrip()))
    return told
