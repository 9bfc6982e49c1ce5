"""The items of a catalogue by meaning, and what the item-summarizer wrote about them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache

import numpy as np
from langgraph.store.base import GetOp, Op, PutOp
from langgraph.store.base import Item as Entry
from pydantic import BaseModel, ConfigDict

from catalog.items import AttributeSpec, Catalogue, Item
from memory.chroma_store import ChromaStore
from memory.embedding import Embedder
from memory.kept_texts import KeptTexts
from memory.labels import label_of
from memory.records import Namespace
from memory.vectors import Vectors

_CHUNK = 512  # items embedded and kept together
_EVERYTHING = 10_000_000


class ItemSummary(BaseModel):
    """What a model wrote about an item's picture and text. prompt: its label, `item_summarizer@1`. at: aware."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    model: str
    prompt: str
    at: datetime


def content_of(item: Item) -> str:
    """A hash of all a summary is made from: picture, title and text. The same content needs no second summary."""
    return _content_hash(item.picture, item.title, item.text)


@lru_cache(maxsize=20_000)
def _content_hash(picture: str | None, title: str, text: str) -> str:
    return hashlib.sha256(json.dumps([picture, title, text]).encode("ascii")).hexdigest()


def described(item: Item, schema: Sequence[AttributeSpec]) -> str:
    """The item as the text that is embedded: title, attributes of words, then its text."""
    words = []
    for attribute in schema:
        value = item.attributes.get(attribute.name)
        if isinstance(value, tuple):
            words.append(f"{attribute.label or attribute.name}: {', '.join(value)}")
        elif isinstance(value, str):
            words.append(f"{attribute.label or attribute.name}: {value}")
    return ". ".join(part for part in (item.title, *words, item.text) if part)


class ItemIndex:
    """Items of every catalogue, found by meaning: by their own text, and by their summary once they have one.

    store: opened with `index_for(embedder)`, or nothing is found by meaning. A catalogue may also be one user's own,
    such as the pictures they sent; its name then says whose, and no call about another catalogue sees it.
    """

    def __init__(self, store: ChromaStore, embedder: Embedder) -> None:
        self._store = store
        self._embedder = embedder.name
        self._told: dict[str, tuple[str, ...]] = {}
        self._kept = KeptTexts()

    def put_items(self, catalogue: Catalogue, progress: Callable[[int, int | None], None] | None = None) -> int:
        """Make the index match the catalogue; returns how many items were embedded.

        Unchanged items are left alone, items no longer there are removed, and what is done stays done when it is
        interrupted. progress: called with items done and all items. Raises EmbedderFailed, StoreFailed.
        """
        try:
            return self._put_items(catalogue, progress)
        finally:
            self._changed(catalogue.name)

    def _put_items(self, catalogue: Catalogue, progress: Callable[[int, int | None], None] | None) -> int:
        namespace, items = _items(catalogue.name), list(catalogue)
        known = {entry.key: entry.value for entry in self._store.search(namespace, limit=_EVERYTHING)}
        gone = [key for key in known if key not in catalogue]
        self._store.batch(
            [PutOp(place, key, None) for key in gone for place in (namespace, _summaries(catalogue.name))]
        )
        embedded = 0
        for start in range(0, len(items), _CHUNK):
            ops: list[Op] = []
            for item in items[start : start + _CHUNK]:
                value = self._entry(item, catalogue.schema)
                before = known.get(item.item_id)
                if value == before:
                    continue
                ops.append(PutOp(namespace, item.item_id, value, index=["text"]))
                if before is not None and before["content"] != value["content"]:  # its summary tells of another picture
                    ops.append(PutOp(_summaries(catalogue.name), item.item_id, None))
                embedded += 1
            self._store.batch(ops)
            if progress is not None:
                progress(min(start + _CHUNK, len(items)), len(items))
        return embedded

    def nearest(self, catalogue_name: str, query: str, *, limit: int) -> list[tuple[str, float]]:
        """(item id, cosine similarity in [-1, 1]) of the items nearest to the query, nearest first.

        An item counts by the nearer of its own text and its summary. Empty for a blank query or an unknown catalogue.
        """
        if not query.strip() or limit <= 0:
            return []
        best: dict[str, float] = {}
        for place in (_items(catalogue_name), _summaries(catalogue_name)):
            for item_id, score in self._store.nearest_keys(place, query, limit=limit).items():
                best[item_id] = max(score, best.get(item_id, -1.0))
        return sorted(best.items(), key=lambda found: -found[1])[:limit]

    def vectors(self, catalogue: Catalogue) -> tuple[Vectors, Vectors]:
        """(n, d) of what the catalogue says of its items and (n, d) of their summaries, in its order; zeros for none.

        Reads every vector of the catalogue: for what is learned or loaded now and then, not for a turn. Raises
        StoreFailed.
        """
        rows = {item_id: row for row, item_id in enumerate(catalogue.item_ids)}
        places = [_items(catalogue.name), _summaries(catalogue.name)]
        found = [
            {
                rows[record.key]: vectors[0]
                for record, vectors in self._store.contents(place)
                if record.key in rows and len(vectors)
            }
            for place in places
        ]
        width = max((len(vector) for one in found for vector in one.values()), default=0)
        texts, summaries = (np.zeros((len(rows), width), dtype=np.float32) for _ in found)
        for table, one in zip((texts, summaries), found, strict=True):
            for row, vector in one.items():
                table[row] = vector
        return texts, summaries

    def put_summary(self, catalogue_name: str, item: Item, summary: ItemSummary) -> None:
        """Keep a summary, make the item findable by it, and remember it for this content, prompt and model."""
        self.put_summaries(catalogue_name, [(item, summary)])

    def put_summaries(self, catalogue_name: str, summaries: Iterable[tuple[Item, ItemSummary]]) -> None:
        """As `put_summary` for many, embedded together and kept together."""
        ops: list[Op] = []
        for item, summary in summaries:
            content = content_of(item)
            value = summary.model_dump(mode="json") | {"content": content}
            ops.append(PutOp(_summaries(catalogue_name), item.item_id, value, index=["text"]))
            ops.append(
                PutOp(_cache(catalogue_name), _cache_key(content, summary.prompt, summary.model), value, index=False)
            )
        self._store.batch(ops)
        self._changed(catalogue_name)

    def told(self, catalogue_name: str) -> tuple[str, ...]:
        """All summaries of a catalogue, in small letters and no order; read once and again after one was put."""
        if catalogue_name not in self._told:
            entries = self._store.search(_summaries(catalogue_name), limit=_EVERYTHING)
            self._told[catalogue_name] = tuple(str(entry.value["text"]).casefold() for entry in entries)
        return self._told[catalogue_name]

    def summary(
        self, catalogue_name: str, item: Item, *, prompt: str | None = None, model: str | None = None
    ) -> ItemSummary | None:
        """The summary of the item as it is now, None when there is none or its picture, title or text changed since.

        prompt and model, when given, must both have made it: an earlier one of theirs is found even after another's.
        """
        content = content_of(item)
        ops: list[Op] = [GetOp(_summaries(catalogue_name), item.item_id)]
        if prompt is not None and model is not None:
            ops.append(GetOp(_cache(catalogue_name), _cache_key(content, prompt, model)))
        for entry in self._store.batch(ops):
            if isinstance(entry, Entry) and _fits(entry, content, prompt, model):
                return ItemSummary.model_validate({k: v for k, v in entry.value.items() if k != "content"})
        return None

    def summaries(self, catalogue_name: str, items: Iterable[Item]) -> dict[str, str]:
        """Item id → text of its summary, for those that have one of their present content.

        Those of a store that no other process writes to are kept in memory.
        """
        wanted = list(items)
        if self._store.shared:
            return {item.item_id: entry.value["text"] for item, entry in self._summarised(catalogue_name, wanted)}
        at = self._kept.version
        keys = [(item.item_id, content_of(item)) for item in wanted]
        known = self._kept.get(catalogue_name, keys)
        if len(known) < len(keys):
            missing = [item for item, key in zip(wanted, keys, strict=True) if key not in known]
            found = {item.item_id: entry.value["text"] for item, entry in self._summarised(catalogue_name, missing)}
            fresh = {(item.item_id, content_of(item)): found.get(item.item_id, "") for item in missing}
            self._kept.keep(catalogue_name, fresh, version=at)
            known |= fresh
        return {item_id: text for (item_id, _), text in known.items() if text}

    def unsummarised(self, catalogue: Catalogue, *, prompt: str | None = None, model: str | None = None) -> list[Item]:
        """The items without a summary of their present content, in catalogue order.

        prompt and model, when given, count only summaries that they made.
        """
        done = {
            item.item_id
            for item, entry in self._summarised(catalogue.name, catalogue)
            if _fits(entry, content_of(item), prompt, model)
        }
        return [item for item in catalogue if item.item_id not in done]

    def unindexed(self, catalogue: Catalogue) -> list[Item]:
        """The items that no search finds yet, in catalogue order: where `put_items` was broken off."""
        known = {entry.key for entry in self._store.search(_items(catalogue.name), limit=_EVERYTHING)}
        return [item for item in catalogue if item.item_id not in known]

    def drop(self, catalogue_name: str) -> None:
        """Remove all that is kept of a catalogue: items, summaries and remembered summaries."""
        for place in (_items(catalogue_name), _summaries(catalogue_name), _cache(catalogue_name)):
            entries = self._store.search(place, limit=_EVERYTHING)
            self._store.batch([PutOp(place, entry.key, None) for entry in entries])
        self._changed(catalogue_name)

    def _changed(self, catalogue_name: str) -> None:
        """What was read of the summaries of a catalogue holds no longer."""
        self._told.pop(catalogue_name, None)
        self._kept.drop(catalogue_name)

    def _entry(self, item: Item, schema: Sequence[AttributeSpec]) -> dict[str, str]:
        return {"text": described(item, schema), "content": content_of(item), "embedder": self._embedder}

    def _summarised(self, catalogue_name: str, items: Iterable[Item]) -> list[tuple[Item, Entry]]:
        wanted = list(items)
        if not wanted:
            return []
        entries = self._store.batch([GetOp(_summaries(catalogue_name), item.item_id) for item in wanted])
        return [
            (item, entry)
            for item, entry in zip(wanted, entries, strict=True)
            if isinstance(entry, Entry) and entry.value["content"] == content_of(item)
        ]


def _fits(entry: Entry, content: str, prompt: str | None, model: str | None) -> bool:
    value = entry.value
    return value["content"] == content and prompt in (None, value["prompt"]) and model in (None, value["model"])


def _cache_key(content: str, prompt: str, model: str) -> str:
    return hashlib.sha256(json.dumps([content, prompt, model]).encode("ascii")).hexdigest()


def _items(catalogue_name: str) -> Namespace:
    return ("items", label_of(catalogue_name))


def _summaries(catalogue_name: str) -> Namespace:
    return ("summaries", label_of(catalogue_name))


def _cache(catalogue_name: str) -> Namespace:
    return ("summary-cache", label_of(catalogue_name))
