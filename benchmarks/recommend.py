"""How long a `recommend` step takes without its model, step by step, as a catalogue grows.

Prints one JSON object. For each size a catalogue of made-up items, people who liked some of them, and 384-dimensional
vectors are put into the real stores, and turns of several people are recommended to: a wish, now and then with a price
bound, each turn with the events of the one before. All steps of `graphs.recommend` run but the decision by the model.
p50 and p95 in milliseconds, of the whole and of each step, of the time that passed and, beside it, of processor time,
which other programs hardly move. From `--search-up-to` items on, the search by meaning answers at once and is left
out, and no bound is said to be met: what it takes among many is measured by `benchmarks/million.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt
from langgraph.runtime import Runtime

from memory.vectors import unit

DIMS, PEOPLE, LIKES, TURNS, SEED = 384, 2000, 12, 24, 3
BOUNDS_MS = {5_000: 40.0, 1_000_000: 120.0}
WISHES = ("something calm in deep blue", "a fox by night", "a harbour at dawn", "an owl, small and quiet")
GENRES = ("Comedy", "Drama", "Horror", "Documentary", "Crime")


class Hashed:
    """Gives every text a vector of its own, at once."""

    name, in_process, dims = "hashed", True, DIMS

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """(n, DIMS), unit length."""
        rows = np.stack([np.random.default_rng(crc32(text.encode())).normal(size=DIMS) for text in texts])
        return unit(rows.astype(np.float32))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, nargs="+", default=[5_000])
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--search-up-to", type=int, default=20_000)
    asked = parser.parse_args()
    told = [figures(count, asked.turns, searched=count <= asked.search_up_to) for count in asked.items]
    print(json.dumps({"benchmark": "recommend", "sizes": told}, indent=1))


def figures(count: int, turns: int, *, searched: bool) -> dict[str, Any]:
    """Build a shop of that many items and recommend in it."""
    with tempfile.TemporaryDirectory() as home:
        services = shop(Path(home), count, searched=searched)
        try:
            spent = asyncio.run(recommended(services, turns))
        finally:
            services.close()
    whole = [sum(turn[0] for turn in one.values()) for one in spent]
    bound = BOUNDS_MS.get(count)
    return {
        "items": count,
        "search_by_meaning": "by the store" if searched else "left out",
        "turns": len(spent),
        "p50_ms": round(statistics.median(whole), 1),
        "p95_ms": round(sorted(whole)[int(0.95 * (len(whole) - 1))], 1),
        "processor_p50_ms": round(statistics.median(sum(turn[1] for turn in one.values()) for one in spent), 1),
        "steps_p50_ms": {
            name: [round(statistics.median(turn[name][place] for turn in spent), 2) for place in (0, 1)]
            for name in spent[0]
        },
        "bound_ms": bound,
        "met": statistics.median(whole) <= bound if bound is not None and searched else None,
    }


def unsearched(services: Any, found: list[tuple[str, float]]) -> Any:
    """The services' index of items, but for a search by meaning that has found these before it was asked."""
    from memory.item_index import ItemIndex

    class Unsearched(ItemIndex):
        def nearest(self, catalogue_name: str, query: str, *, limit: int) -> list[tuple[str, float]]:
            return found[:limit]

    return Unsearched(services.store, services.embedder)


def shop(home: Path, count: int, *, searched: bool) -> Any:
    """The stores, filled."""
    from catalog.items import AttributeSpec, Item
    from graphs.services import Services
    from graphs.setup import store_catalogue
    from memory.interactions import Interaction
    from profiles.settings import load_profile

    services = Services.open(load_profile("demo", {"stores.home": str(home)}, {}).profile, embedder=Hashed())
    draw, at = random.Random(SEED), datetime(2026, 1, 1, tzinfo=UTC)
    schema = (
        AttributeSpec(name="price", kind="number", label="price", unit="EUR"),
        AttributeSpec(name="genres", kind="list", label="genre"),
    )
    items = [
        Item(
            item_id=f"i{number}",
            title=f"Work {number}",
            text=f"It shows thing {number % 997}.",
            attributes={"price": float(draw.randint(5, 200)), "genres": (GENRES[number % 5],)},
        )
        for number in range(count)
    ]
    likes = [
        Interaction(
            user_id=f"u{user}", catalogue="shop", kind="like", item_id=f"i{int(count * draw.random() ** 3)}", at=at
        )
        for user in range(PEOPLE)
        for _ in range(LIKES)
    ]
    if searched:
        store_catalogue(services, "shop", schema, items, likes)
        return services
    services.log.append(likes)
    services.catalogues.save("shop", schema, items)
    found = [(f"i{draw.randrange(count)}", 0.5) for _ in range(services.profile.recommend.retrieve)]
    services.items = unsearched(services, found)
    return services


async def recommended(services: Any, turns: int) -> list[dict[str, tuple[float, float]]]:
    """Step → (milliseconds, of processor time) of every turn, less the first two."""
    from agents.state import TurnState
    from catalog.filters import Filter
    from graphs.recommend import STEPS
    from memory.interactions import Interaction

    spent = []
    for number in range(turns + 2):
        user, wish = f"u{number % PEOPLE}", WISHES[number % len(WISHES)]
        services.embedder.embed([wish])
        context = services.turn_context("shop", services.recorder())
        bounds = (Filter(attribute="price", op="at_most", value=float(40 + number)),) if number % 3 == 2 else ()
        state = TurnState(user_id=user, turn_id=f"t{number}", message=wish, wishes=(wish,), filters=bounds)
        runtime, turn = Runtime(context=context, stream_writer=lambda _: None), {}
        for step in STEPS:
            if step.__name__ == "decide":
                continue
            began, worked = time.perf_counter(), time.process_time()
            state = replace(state, **await step(state, runtime=runtime))
            turn[step.__name__] = (1000 * (time.perf_counter() - began), 1000 * (time.process_time() - worked))
        spent.append(turn)
        context.append(
            [
                Interaction(
                    user_id=user, catalogue="shop", kind="like", item_id=state.slate[0].item_id, at=datetime.now(UTC)
                )
            ]
        )
    return spent[2:]


if __name__ == "__main__":
    main()
