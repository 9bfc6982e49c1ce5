"""Searching a million item summaries: what the store answers and how fast, against comparing with every vector.

`write` puts summaries into a directory that is kept, going on where it stopped; `search` asks it and prints one JSON
object. The vectors are made up, to lie as those of all-MiniLM-L6-v2 of 6,000 short video titles do: the length of
their mean (0.4), the share of the first 1, 5, 20, 50, 100 and 200 principal components (3, 13, 33, 53, 70, 87 %), and
the cosine of the first, tenth and hundredth neighbour (0.53, 0.41, 0.32) are within a tenth or so of theirs.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from langgraph.store.base import IndexConfig, PutOp

from memory.chroma_store import ChromaStore
from memory.durable import write_whole
from memory.vectors import Vectors, unit

DIMS, PART, QUERIES = 384, 5_000, 1_000
TOPICS, SPREAD, DECAY, MEAN, TOPIC_SHARE = 10_000, 0.7, 0.55, 0.4, 0.2
PLACE = ("summaries", "shop")
NOTES, NOTE_TAKERS = 20, 100


@dataclass(frozen=True)
class World:
    """Made-up vectors of texts, the same for the same seed: rows of summaries, and of queries below zero."""

    seed: int = 7

    @cached_property
    def _shape(self) -> tuple[Vectors, Vectors, Vectors]:
        """A mean (d,), the middle of each topic (t, d), and how far its texts lie from it in each direction (t, d)."""
        generator = np.random.default_rng(self.seed)
        spectrum = (np.arange(DIMS) + 9.0) ** -DECAY
        spectrum /= np.linalg.norm(spectrum)
        middles = generator.normal(size=(TOPICS, DIMS)) * spectrum
        spread = np.exp(SPREAD * generator.normal(size=(TOPICS, DIMS))) * spectrum
        mean = unit(generator.normal(size=(1, DIMS)).astype(np.float32))[0]
        return mean, middles.astype(np.float32), unit(spread.astype(np.float32))

    def part(self, number: int) -> Vectors:
        """The vectors of one part, (PART, d), unit length; part -1 holds the queries."""
        mean, middles, spread = self._shape
        generator = np.random.default_rng([self.seed, number + 1])
        topics = generator.integers(0, TOPICS, PART)
        noise = generator.normal(size=(PART, DIMS)).astype(np.float32) * spread[topics]
        varied = np.sqrt(TOPIC_SHARE) * middles[topics] + np.sqrt(1 - TOPIC_SHARE) * noise
        return unit(MEAN * mean + np.sqrt(1 - MEAN**2) * varied)


class Made:
    """Embeds the text `n` as summary n, and `q n` as query n."""

    name = "made-up"

    def __init__(self, world: World) -> None:
        self._world, self._parts = world, dict[int, Vectors]()

    def __call__(self, texts: Sequence[str]) -> Any:
        """The rows of the texts, (n, d)."""
        return np.stack([self._row(text) for text in texts])

    def _row(self, text: str) -> Vectors:
        number = int(text.removeprefix("q "))
        part = -1 if text.startswith("q ") else number // PART
        if part not in self._parts:
            self._parts = {one: self._parts.get(one, self._world.part(one)) for one in {-1, part}}
        return np.asarray(self._parts[part][number % PART])


def index() -> IndexConfig:
    return IndexConfig(dims=DIMS, embed=Made(World()), fields=["text"])


def summary(number: int) -> dict[str, Any]:
    return {"text": str(number), "title": f"summary {number} " + "of a picture and a text " * 8, "price": number % 100}


def write(home: Path, wanted: int, minutes: float) -> None:
    """Put summaries until there are so many or the time is over; `written.json` says how many there are."""
    home.mkdir(parents=True, exist_ok=True)
    told = home / "written.json"
    held, spent = json.loads(told.read_text()).values() if told.exists() else (0, 0.0)
    began = time.monotonic()
    with ChromaStore.from_conn_string(str(home / "chroma"), index=index()) as store:
        if not held:
            notes = [(n, f"u{n % NOTE_TAKERS}") for n in range(NOTES * NOTE_TAKERS)]
            store.batch([PutOp(("notes", user), str(n), {"text": f"q {n}"}) for n, user in notes])
        while held < wanted and time.monotonic() - began < 60 * minutes:
            at = time.monotonic()
            store.batch([PutOp(PLACE, str(n), summary(n)) for n in range(held, held + PART)])
            held, spent = held + PART, spent + time.monotonic() - at
            write_whole(told, json.dumps({"held": held, "seconds": round(spent, 1)}).encode("ascii"))
            print(f"{held} written, {PART / (time.monotonic() - at):.0f} a second", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["write", "search"])
    parser.add_argument("--home", type=Path, required=True, help="the folder that is kept")
    parser.add_argument("--vectors", type=int, default=1_000_000, help="how many summaries to write")
    parser.add_argument("--minutes", type=float, default=600, help="how long to write at most")
    options = parser.parse_args()
    write(options.home, options.vectors, options.minutes)


if __name__ == "__main__":
    main()
