"""Fitted blends on the disk, one a catalogue: a JSON file, and beside it what it reads of the items."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.blending import Blend
from memory.describing import Vocabulary
from memory.durable import write_whole
from memory.labels import label_of
from memory.learned import Learned, Telling
from memory.signals import ItemVectors

SAMPLED = 512  # events of a log that tell it from others
SAME = 0.5  # of them still there make it the same log; people are forgotten, and take their events with them

Rows = Sequence[tuple[str, str, int, int]]  # user, item, liking, event id
_OF_ITEMS = ("company", "factors")  # what is kept of each item by name, in half precision: enough to rank by


class EventSource(Protocol):
    """What the event log offers here."""

    def items_of(self, catalogue: str, event_ids: Iterable[int]) -> dict[int, str]:
        """Event id → the item it is about, of those that are in the catalogue's log."""
        ...


class BlendUnusable(Exception):
    """A stored blend that must not rank: damaged, of another format, or fitted on another log."""

    def __init__(self, catalogue: str, detail: str) -> None:
        super().__init__(catalogue, detail)
        self.catalogue, self.detail = catalogue, detail

    def __str__(self) -> str:
        return (
            f"the blend of {self.catalogue!r} is not used, {self.detail}; the declared weights rank until it is fitted "
            f"again: palate blend fit --catalogue {self.catalogue}"
        )


class LogPrint(BaseModel):
    """What tells the log a blend was fitted on from another. sample: event id → a hash of it and its item."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    events: int
    newest: int
    sample: dict[int, str]

    @classmethod
    def of(cls, rows: Rows) -> LogPrint:
        """Of the events about items, oldest first."""
        step = max(1, len(rows) // SAMPLED)
        sample = {event_id: _hash(event_id, item) for _, item, _, event_id in rows[::step]}
        return cls(events=len(rows), newest=rows[-1][3] if rows else 0, sample=sample)

    def still_in(self, log: EventSource, catalogue: str) -> bool:
        """Whether this is the same log, grown since or with some people forgotten."""
        there = log.items_of(catalogue, self.sample)
        found = sum(self.sample[event_id] == _hash(event_id, item) for event_id, item in there.items())
        return found > SAME * len(self.sample)


class StoredBlend(BaseModel):
    """A blend and how it came about.

    log: what it was fitted on. learned: the SHA-256 of the file of it. worth, worth_told: part → how much likelier it
    makes a list, of items people liked and of those nobody has. figures: scorer → metric → mean, low, high and lists,
    on lists that the fit did not see. reliability: the rows of the table; calibration_error: over all of it. fitted_on,
    tested_on: how many lists.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    catalogue: str
    fitted_at: datetime
    log: LogPrint
    learned: str
    blend: Blend
    worth: dict[str, float] = Field(default_factory=dict)
    worth_told: dict[str, float] = Field(default_factory=dict)
    figures: dict[str, dict[str, dict[str, float]]] = Field(default_factory=dict)
    reliability: list[dict[str, float]] = Field(default_factory=list)
    calibration_error: float = 0.0
    fitted_on: int = 0
    tested_on: int = 0


class BlendStore:
    """The blends under one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, catalogue: str) -> Path:
        """The JSON file of a catalogue's blend, whether it is there or not."""
        return self._folder / f"{label_of(catalogue)}.json"

    def save(self, about: Mapping[str, Any], learned: Learned) -> StoredBlend:
        """Keep a blend in place of the one before; a kill leaves one of the two, whole.

        about: the fields of `StoredBlend` but `learned`. Raises OSError.
        """
        data = _packed(learned)
        digest = hashlib.sha256(data).hexdigest()
        stored = StoredBlend.model_validate({**about, "learned": digest})
        write_whole(self._learned_path(stored), data)  # first: the JSON file names it, so it is never missing
        write_whole(self.path(stored.catalogue), stored.model_dump_json(indent=1).encode())
        for old in self._folder.glob(f"{label_of(stored.catalogue)}.*.npz"):
            if old != self._learned_path(stored):
                old.unlink(missing_ok=True)
        return stored

    def read(self, catalogue: str) -> StoredBlend | None:
        """What is kept for a catalogue, or None. Raises BlendUnusable for a damaged file or one of another format."""
        path = self.path(catalogue)
        if not path.is_file():
            return None
        try:
            stored = StoredBlend.model_validate_json(path.read_bytes())
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "it"
            raise BlendUnusable(catalogue, f"as {path} cannot be read ({where}: {first['msg']})") from error
        if stored.catalogue != catalogue:
            raise BlendUnusable(catalogue, f"as {path} is of {stored.catalogue!r}")
        return stored

    def usable(self, catalogue: str, log: EventSource) -> tuple[StoredBlend, Learned] | None:
        """What may rank a catalogue whose events are in this log, or None where nothing is kept.

        Raises BlendUnusable: as `read` and `learned`, and where it was fitted on another log.
        """
        stored = self.read(catalogue)
        if stored is None:
            return None
        if not stored.log.still_in(log, catalogue):
            raise BlendUnusable(catalogue, "as it was fitted on another log than the one that is here")
        return stored, self.learned(stored)

    def learned(self, stored: StoredBlend) -> Learned:
        """What a blend reads. Raises BlendUnusable where the file is not the one the blend was kept with."""
        path = self._learned_path(stored)
        data = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(data).hexdigest() != stored.learned:
            raise BlendUnusable(stored.catalogue, f"as {path} is missing or was changed")
        return _unpacked(data)

    def _learned_path(self, stored: StoredBlend) -> Path:
        return self._folder / f"{label_of(stored.catalogue)}.{stored.learned[:16]}.npz"


def _hash(event_id: int, item_id: str) -> str:
    return hashlib.sha256(json.dumps([event_id, item_id]).encode("ascii")).hexdigest()[:16]


def _packed(learned: Learned) -> bytes:
    """Nothing in it is code: no pickle is written, and none is read."""
    vectors, telling, out = learned.vectors, learned.telling, io.BytesIO()
    words = {"item_ids": vectors.item_ids, "words": telling.vocabulary.words, "edges": dict(telling.vocabulary.edges)}
    half = {name: getattr(vectors, name).astype(np.float16) for name in _OF_ITEMS}
    np.savez(
        out,
        text=np.frombuffer(json.dumps(words).encode("ascii"), dtype=np.uint8),
        places=vectors.places,
        likes=vectors.likes,
        middles=telling.middles,
        weights=learned.weights,
        **half,
    )
    return out.getvalue()


def _unpacked(data: bytes) -> Learned:
    with np.load(io.BytesIO(data), allow_pickle=False) as held:
        text = json.loads(held["text"].tobytes())
        edges = {name: tuple(own) for name, own in text["edges"].items()}
        item_ids, weights = tuple(text["item_ids"]), held["weights"]
        vectors = ItemVectors(
            item_ids=item_ids,
            places=held["places"],
            likes=held["likes"],
            guesses=np.zeros((len(item_ids), weights.shape[1]), dtype=np.float32),  # made anew where items are joined
            **{name: held[name].astype(np.float32) for name in _OF_ITEMS},
        )
        return Learned(vectors, Telling(Vocabulary(tuple(text["words"]), edges), held["middles"]), weights)
