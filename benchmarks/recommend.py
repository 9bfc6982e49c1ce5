"""How long a `recommend` step takes without its model, step by step, as a catalogue grows.

Prints one JSON object. For each size a catalogue of made-up items, people who liked some of them, and 384-dimensional
vectors are put into the real stores, and turns of several people are recommended to: a wish, now and then with a price
bound, each turn with the events of the one before. All steps of `graphs.recommend` run but the decision by the model.
p50 and p95 in milliseconds, of the whole and of each step, of the time that passed and, beside it, of processor time,
which other programs hardly move. From `--search-up-to` items on, the search by meaning answers at once and is left
out, and no bound is said to be met. `--million HOME` recommends from the million summaries that
`python -m benchmarks.million write --home HOME` keeps, search by meaning and all.
Garbage is looked for as seldom as `palate` does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt
from langgraph.runtime import Runtime

from benchmarks.million import NOTE_TAKERS, NOTES, PLACE, Made, World
from graphs.garbage import collect_seldom
from memory.vectors import unit

SHOP = PLACE[1]
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
    collect_seldom()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, nargs="+", default=[5_000])
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--search-up-to", type=int, default=20_000)
    parser.add_argument("--million", type=Path, help="a folder that `benchmarks.million write` filled")
    asked = parser.parse_args()
    if asked.million is not None:
        told = [figures(Summarised(asked.million), asked.turns)]
    else:
        told = [figures(Embedded(count, searched=count <= asked.search_up_to), asked.turns) for count in asked.items]
    print(json.dumps({"benchmark": "recommend", "sizes": told}, indent=1))


def figures(stock: Embedded | Summarised, turns: int) -> dict[str, Any]:
    """Build a shop of such a stock and recommend in it."""
    with tempfile.TemporaryDirectory() as home:
        services = stock.opened(Path(home))
        try:
            spent = asyncio.run(recommended(services, turns, stock.wishes))
        finally:
            services.close()
    whole = [sum(turn[0] for turn in one.values()) for one in spent]
    bound = BOUNDS_MS.get(stock.count)
    return {
        "items": stock.count,
        "search_by_meaning": "by the store" if stock.searched else "left out",
        "turns": len(spent),
        "p50_ms": round(statistics.median(whole), 1),
        "p95_ms": round(sorted(whole)[int(0.95 * (len(whole) - 1))], 1),
        "processor_p50_ms": round(statistics.median(sum(turn[1] for turn in one.values()) for one in spent), 1),
        "steps_p50_ms": {
            name: [round(statistics.median(turn[name][place] for turn in spent), 2) for place in (0, 1)]
            for name in spent[0]
        },
        "bound_ms": bound,
        "met": statistics.median(whole) <= bound if bound is not None and stock.searched else None,
    }


def unsearched(services: Any, found: list[tuple[str, float]]) -> Any:
    """The services' index of items, but for a search by meaning that has found these before it was asked."""
    from memory.item_index import ItemIndex

    class Unsearched(ItemIndex):
        def nearest(self, catalogue_name: str, query: str, *, limit: int) -> list[tuple[str, float]]:
            return found[:limit]

    return Unsearched(services.store, services.embedder)


def items_and_likes(ids: Sequence[str], draw: random.Random) -> tuple[tuple[Any, ...], list[Any], list[Any]]:
    """The schema of a shop, its items of these ids, and what its people liked: of the first items the most."""
    from catalog.items import AttributeSpec, Item
    from memory.interactions import Interaction

    schema = (
        AttributeSpec(name="price", kind="number", label="price", unit="EUR"),
        AttributeSpec(name="genres", kind="list", label="genre"),
    )
    items = [
        Item(
            item_id=item_id,
            title=f"Work {number}",
            text=f"It shows thing {number % 997}.",
            attributes={"price": float(draw.randint(5, 200)), "genres": (GENRES[number % 5],)},
        )
        for number, item_id in enumerate(ids)
    ]
    at = datetime(2026, 1, 1, tzinfo=UTC)
    likes = [
        Interaction(user_id=f"u{user}", catalogue=SHOP, kind="like", item_id=liked, at=at)
        for user in range(PEOPLE)
        for liked in (ids[int(len(ids) * draw.random() ** 3)] for _ in range(LIKES))
    ]
    return schema, items, likes


@dataclass(frozen=True)
class Embedded:
    """So many items, put into the stores anew. searched: by meaning, too."""

    count: int
    searched: bool
    wishes = WISHES

    def opened(self, home: Path) -> Any:
        """The stores, filled."""
        from graphs.services import Services
        from graphs.setup import store_catalogue
        from profiles.settings import load_profile

        services = Services.open(load_profile("demo", {"stores.home": str(home)}, {}).profile, embedder=Hashed())
        draw = random.Random(SEED)
        schema, items, likes = items_and_likes([f"i{number}" for number in range(self.count)], draw)
        if self.searched:
            store_catalogue(services, SHOP, schema, items, likes)
            return services
        services.log.append(likes)
        services.catalogues.save(SHOP, schema, items)
        found = [(f"i{draw.randrange(self.count)}", 0.5) for _ in range(services.profile.recommend.retrieve)]
        services.items = unsearched(services, found)
        return services


@dataclass(frozen=True)
class Summarised:
    """The items whose summaries `benchmarks.million` keeps; their own texts have no vectors."""

    folder: Path
    searched = True
    wishes = tuple(f"q {NOTES * NOTE_TAKERS + number}" for number in range(TURNS))

    @cached_property
    def count(self) -> int:
        """How many summaries were kept."""
        return int(json.loads((self.folder / "written.json").read_text())["held"])

    def opened(self, home: Path) -> Any:
        """The stores: Chroma as it lies there, and the rest filled anew."""
        from graphs.services import Services
        from profiles.settings import load_profile

        settings = {"stores.home": str(home), "stores.chroma": str(self.folder / "chroma")}
        services = Services.open(load_profile("demo", settings, {}).profile, embedder=Made(World()))
        schema, items, likes = items_and_likes([str(number) for number in range(self.count)], random.Random(SEED))
        services.log.append(likes)
        services.catalogues.save(SHOP, schema, items)
        services.items = _read_each_time(services)
        return services


def _read_each_time(services: Any) -> Any:
    """The services' index of items over summaries that tell nothing of what they were made from, so none is kept."""
    from langgraph.store.base import GetOp

    from memory.item_index import ItemIndex

    class ReadEachTime(ItemIndex):
        def summaries(self, catalogue_name: str, items: Iterable[Any]) -> dict[str, str]:
            wanted = [item.item_id for item in items]
            entries = services.store.batch([GetOp(PLACE, item_id) for item_id in wanted])
            return {item_id: entry.value["text"] for item_id, entry in zip(wanted, entries, strict=True)}

    return ReadEachTime(services.store, services.embedder)


async def recommended(services: Any, turns: int, wishes: Sequence[str]) -> list[dict[str, tuple[float, float]]]:
    """Step → (milliseconds, of processor time) of every turn, less the first two."""
    from agents.state import TurnState
    from catalog.filters import Filter
    from graphs.recommend import STEPS
    from memory.interactions import Interaction

    spent = []
    for number in range(turns + 2):
        user, wish = f"u{number % PEOPLE}", wishes[number % len(wishes)]
        services.embedder.embed([wish])
        context = services.turn_context(SHOP, services.recorder())
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
                    user_id=user, catalogue=SHOP, kind="like", item_id=state.slate[0].item_id, at=datetime.now(UTC)
                )
            ]
        )
    return spent[2:]


if __name__ == "__main__":
    main()
