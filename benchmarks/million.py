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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from langgraph.store.base import PutOp

from memory.chroma_layout import INDEX
from memory.chroma_store import ChromaStore
from memory.durable import write_whole
from memory.embedding import index_for
from memory.item_index import ItemIndex
from memory.vectors import Vectors, unit

DIMS, PART, QUERIES = 384, 5_000, 1_000
TOPICS, SPREAD, DECAY, MEAN, TOPIC_SHARE = 10_000, 0.7, 0.55, 0.4, 0.2
PLACE = ("summaries", "shop")
NOTES, NOTE_TAKERS = 20, 100
WARM_UP = 5
Answer = TypeVar("Answer")


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

    name, dims, in_process = "made-up", DIMS, True

    def __init__(self, world: World) -> None:
        self._world, self._parts = world, dict[int, Vectors]()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        return np.concatenate([np.zeros((0, DIMS), np.float32), *(self._row(text)[None] for text in texts)])

    def _row(self, text: str) -> Vectors:
        number = int(text.removeprefix("q "))
        part = -1 if text.startswith("q ") else number // PART
        if part not in self._parts:
            self._parts = {one: self._parts.get(one, self._world.part(one)) for one in {-1, part}}
        return np.asarray(self._parts[part][number % PART])


def summary(number: int) -> dict[str, Any]:
    return {"text": str(number), "title": f"summary {number} " + "of a picture and a text " * 8, "price": number % 100}


def write(home: Path, wanted: int, minutes: float) -> None:
    """Put summaries until there are so many or the time is over; `written.json` says how many there are."""
    home.mkdir(parents=True, exist_ok=True)
    began, embedder = time.monotonic(), Made(World())
    with ChromaStore.from_conn_string(str(home / "chroma"), index=index_for(embedder)) as store:
        held, spent = written(home, store).values()
        if not held:
            notes = [(n, f"u{n % NOTE_TAKERS}") for n in range(NOTES * NOTE_TAKERS)]
            store.batch([PutOp(("notes", user), str(n), {"text": f"q {n}"}) for n, user in notes])
        while held < wanted and time.monotonic() - began < 60 * minutes:
            at = time.monotonic()
            store.batch([PutOp(PLACE, str(n), summary(n)) for n in range(held, held + PART)])
            held, spent = held + PART, spent + time.monotonic() - at
            write_whole(home / "written.json", json.dumps({"held": held, "seconds": round(spent, 1)}).encode("ascii"))
            print(f"{held} written, {PART / (time.monotonic() - at):.0f} a second", flush=True)


def written(home: Path, store: ChromaStore) -> dict[str, Any]:
    """How many summaries there are, a part that was written but not told of included, and the seconds that took."""
    told = home / "written.json"
    found = json.loads(told.read_text()) if told.exists() else {"held": 0, "seconds": 0.0}
    if store.get(PLACE, str(found["held"])) is not None:
        found["held"] += PART
    return dict(found)


def search(home: Path, queries: int) -> dict[str, Any]:
    """Ask for 10 without and with filters, and for 200 as the recommender does, beside comparing with all."""
    rows = World().part(-1)[NOTES * NOTE_TAKERS :][:queries]
    wanted = {"10": (10, lambda price: True), "200": (200, lambda price: True)}
    wanted |= {f"10, {low} to {high} %": (10, range(low, high).__contains__) for low, high in ((30, 40), (33, 34))}
    found: dict[str, Any] = {}
    began, embedder = time.perf_counter(), Made(World())
    with ChromaStore.from_conn_string(str(home / "chroma"), index=index_for(embedder)) as store:
        opened_s = time.perf_counter() - began
        held = written(home, store)["held"]
        exact = nearest_exactly(rows, held, wanted)
        catalogue = ItemIndex(store, embedder)

        def by_store(query: str, condition: dict[str, Any] | None) -> list[str]:
            return [hit.key for hit in store.search(PLACE, query=query, filter=condition, limit=10)]

        calls: dict[str, tuple[str, Callable[[str], list[str]]]] = {
            "10 of all": ("10", lambda query: by_store(query, None)),
            "10, filter leaves 10 %": (
                "10, 30 to 40 %",
                lambda query: by_store(query, {"price": {"$gte": 30, "$lt": 40}}),
            ),
            "10, filter leaves 1 %": ("10, 33 to 34 %", lambda query: by_store(query, {"price": 33})),
            "200 for the recommender": (
                "200",
                lambda query: [one for one, _ in catalogue.nearest("shop", query, limit=200)],
            ),
        }
        notes = [f"u{n % NOTE_TAKERS}" for n in range(queries)]
        for name, (truth, call) in calls.items():
            asked = [f"q {NOTES * NOTE_TAKERS + number}" for number in range(queries)]
            answers, told = timed(call, asked)
            limit = wanted[truth][0]
            hit = sum(len(set(answer) & expected) for answer, expected in zip(answers, exact[truth], strict=True))
            found[name] = told | {f"recall_at_{limit}": round(hit / (limit * queries), 4)}
        found["5 of a user's 20 notes"] = timed(
            lambda user: store.search(("notes", user), query="q 2500", limit=5), notes
        )[1]
    return {
        "benchmark": "million",
        "vectors": held,
        "dims": DIMS,
        "index": INDEX,
        "queries": queries,
        "opened_s": round(opened_s, 1),
        "found": found,
    }


def timed(call: Callable[[str], Answer], asked: Sequence[str]) -> tuple[list[Answer], dict[str, float]]:
    """The answers, and the times in milliseconds after a few calls to warm up: of the clock and of the processor."""
    for one in asked[:WARM_UP]:
        call(one)
    answers, spent, worked = list[Answer](), list[float](), list[float]()
    for one in asked:
        began, at = time.perf_counter(), time.process_time()
        answers.append(call(one))
        spent.append(1000 * (time.perf_counter() - began))
        worked.append(1000 * (time.process_time() - at))
    return answers, {
        "p50_ms": round(float(np.percentile(spent, 50)), 1),
        "p95_ms": round(float(np.percentile(spent, 95)), 1),
        "processor_p50_ms": round(float(np.percentile(worked, 50)), 1),
        "processor_p95_ms": round(float(np.percentile(worked, 95)), 1),
    }


def nearest_exactly(
    queries: Vectors, held: int, wanted: Mapping[str, tuple[int, Callable[[int], bool]]]
) -> dict[str, list[set[str]]]:
    """For each name: of each query, the keys of so many nearest summaries among those of an allowed price."""
    world = World()
    numbers = {name: np.zeros((len(queries), 0), dtype=np.int64) for name in wanted}
    scores = {name: np.zeros((len(queries), 0), dtype=np.float32) for name in wanted}
    for start in range(0, held, PART):
        part = world.part(start // PART)
        prices = np.arange(start, start + PART) % 100
        near = queries @ part.T
        for name, (limit, allowed) in wanted.items():
            own = np.flatnonzero([allowed(int(price)) for price in prices])
            every = np.concatenate([scores[name], near[:, own]], axis=1)
            known = np.concatenate([numbers[name], np.broadcast_to(start + own, (len(queries), len(own)))], axis=1)
            best = np.argsort(-every, axis=1)[:, :limit]
            scores[name], numbers[name] = np.take_along_axis(every, best, 1), np.take_along_axis(known, best, 1)
    return {name: [{str(one) for one in row} for row in found] for name, found in numbers.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["write", "search"])
    parser.add_argument("--home", type=Path, required=True, help="the folder that is kept")
    parser.add_argument("--vectors", type=int, default=1_000_000, help="how many summaries to write")
    parser.add_argument("--minutes", type=float, default=600, help="how long to write at most")
    parser.add_argument("--queries", type=int, default=200, help="how many searches of each kind")
    options = parser.parse_args()
    if options.what == "write":
        write(options.home, options.vectors, options.minutes)
    else:
        print(json.dumps(search(options.home, options.queries), indent=2))


if __name__ == "__main__":
    main()
