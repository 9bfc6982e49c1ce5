"""What the store costs beside bare Chroma, and how quick listing namespaces is; `million.py` searches many summaries.

Prints one JSON object. The ratios are medians of interleaved calls in this process. What other programs do moves the
times and hardly the processor time, so that is what is held against the bounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from langgraph.store.base import IndexConfig, PutOp

from memory.chroma_client import open_client
from memory.chroma_layout import INDEX
from memory.chroma_store import ChromaStore
from memory.vectors import unit

DIMS = 384
HELD = 5_000  # entries before anything is timed
PART = 5_000
RECORDS, NAMESPACES, LISTINGS = 100_000, 2_000, 15
BOUNDS = {"put_new": 1.5, "put_again": 1.5, "get": 1.5, "get_first": 1.5, "search": 1.3, "search_by_index": 1.3}
LISTING_BOUND_MS = 50
Rows = npt.NDArray[np.float32]


class Numbered:
    """Embeds the text `n` as the n-th row it was given."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def __call__(self, texts: Sequence[str]) -> Any:
        """The rows of the texts, (n, d)."""
        return self.rows[[int(text) for text in texts]]


def made(count: int, seed: int = 7) -> Rows:
    """Unit vectors in clusters of about 500, as texts of one catalogue lie."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(max(8, count // 500), DIMS)).astype(np.float32)
    rows = centres[generator.integers(0, len(centres), count)]
    rows += 0.8 * generator.normal(size=(count, DIMS)).astype(np.float32)
    return unit(rows)


def value(number: int) -> dict[str, Any]:
    return {"text": str(number), "title": f"summary {number} " + "of a picture and a text " * 8, "n": number % 100}


def index(rows: Rows) -> IndexConfig:
    return IndexConfig(dims=DIMS, embed=Numbered(rows), fields=["text"])


def ratio(ours: Callable[[int], object], bare: Callable[[int], object], rounds: int) -> dict[str, float]:
    """Medians in milliseconds of both, called in turn, and ours over bare: in time, and in processor time."""
    spent: dict[str, list[tuple[float, float]]] = {"ours": [], "bare": []}
    for number in range(rounds):
        calls = [("ours", ours), ("bare", bare)]
        for name, call in calls if number % 2 else reversed(calls):
            began, worked = time.perf_counter(), time.process_time()
            call(number)
            spent[name].append((time.perf_counter() - began, time.process_time() - worked))
    (mine, own), (theirs, its) = (map(statistics.median, zip(*spent[name], strict=True)) for name in ("ours", "bare"))
    return {
        "ours_ms": round(1000 * mine, 3),
        "bare_ms": round(1000 * theirs, 3),
        "ratio": round(mine / theirs, 2),
        "processor_ratio": round(own / its, 2),
    }


def beside_bare_chroma(folder: Path, rounds: int) -> dict[str, dict[str, float]]:
    """The same vectors, documents, labels and index settings in both."""
    rows = made(HELD + 4 * rounds)
    client = open_client(folder / "bare")
    bare = client.create_collection("bare", embedding_function=None, configuration={"hnsw": INDEX})
    include = ["documents", "metadatas"]

    def put_bare(numbers: Sequence[int]) -> None:
        bare.upsert(
            ids=[str(n) for n in numbers],
            embeddings=rows[list(numbers)],
            metadatas=[{"user": f"u{n % 50}"} for n in numbers],
            documents=[json.dumps(value(n)) for n in numbers],
        )

    figures: dict[str, dict[str, float]] = {}
    with ChromaStore.from_conn_string(str(folder / "ours"), index=index(rows)) as store:
        store.batch([PutOp(("u", f"u{n % 50}"), str(n), value(n)) for n in range(HELD)])
        put_bare(range(HELD))

        def put(n: int) -> None:
            store.put(("u", f"u{n % 50}"), str(n), value(n))

        def get_bare(n: int) -> object:
            found = bare.get(ids=[str(n)], include=include)
            return json.loads(found["documents"][0])

        def search_bare(n: int) -> object:
            found = bare.query(
                query_embeddings=rows[n : n + 1],
                n_results=10,
                where={"user": f"u{n % 50}"},
                include=[*include, "distances"],
            )
            return [json.loads(document) for document in found["documents"][0]]

        def search(n: int) -> object:
            return store.search(("u", f"u{n % 50}"), query=str(n), limit=10)

        def get_first(n: int) -> object:
            store._connection.recent.clear()  # as if it had not been read or written lately
            return store.get(("u", f"u{n % 50}"), str(n))

        search(0)  # reads the vectors
        figures["put_new"] = ratio(lambda n: put(HELD + n), lambda n: put_bare([HELD + n]), rounds)
        figures["put_again"] = ratio(put, lambda n: put_bare([n]), rounds)
        figures["get"] = ratio(lambda n: store.get(("u", f"u{n % 50}"), str(n)), get_bare, rounds)
        figures["get_first"] = ratio(get_first, get_bare, rounds)
        figures["search"] = ratio(search, search_bare, rounds)
        by_index = ChromaStore.open(str(folder / "ours"), index=index(rows), exact_limit=0)
        figures["search_by_index"] = ratio(
            lambda n: by_index.search(("u", f"u{n % 50}"), query=str(n), limit=10), search_bare, rounds
        )
        by_index.close()
    client.close()
    return figures


def listing(folder: Path) -> dict[str, float]:
    """Medians over several openings of the directory."""
    with ChromaStore.from_conn_string(str(folder / "listed")) as store:
        for start in range(0, RECORDS, PART):
            store.batch(
                [
                    PutOp(("u", f"{n % NAMESPACES // 40:02}", f"{n % NAMESPACES:04}"), str(n), {"n": n})
                    for n in range(start, start + PART)
                ]
            )
    spent: list[dict[str, float]] = []
    for number in range(LISTINGS):
        with ChromaStore.from_conn_string(str(folder / "listed")) as store:
            spent.append(listings(store, ("u", f"{number:02}", "new")))
    return {
        "records": RECORDS,
        "namespaces": NAMESPACES,
        **{name: round(statistics.median(one[name] for one in spent), 2) for name in spent[0]},
    }


def listings(store: ChromaStore, new: tuple[str, ...]) -> dict[str, float]:
    """Milliseconds of listings by a store just opened, which has read nothing before."""

    def all_of() -> object:
        return store.list_namespaces(limit=NAMESPACES + 1)

    times = {"first_ms": once(all_of), "again_ms": once(all_of)}
    times["under_a_prefix_ms"] = once(lambda: store.list_namespaces(prefix=("u", "07"), suffix=("*",), max_depth=2))
    store.put(new, "k", {})
    times["after_a_put_ms"] = once(all_of)
    store.delete(new, "k")
    times["after_a_delete_ms"] = once(all_of)
    return times


def once(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return round(1000 * (time.perf_counter() - began), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200, help="calls of each kind that are timed")
    parser.add_argument("--without", nargs="*", default=[], choices=["chroma", "listing"], help="what to leave out")
    options = parser.parse_args()
    figures: dict[str, Any] = {"benchmark": "store", "bounds": BOUNDS | {"listing_ms": LISTING_BOUND_MS}}
    met: dict[str, bool] = {}
    with tempfile.TemporaryDirectory(prefix="palate-store-") as place:
        folder = Path(place)
        if "chroma" not in options.without:
            figures["against_bare_chroma"] = beside = beside_bare_chroma(folder, options.rounds)
            met |= {name: beside[name]["processor_ratio"] <= bound for name, bound in BOUNDS.items()}
        if "listing" not in options.without:
            figures["listing"] = listed = listing(folder)
            met["listing"] = max(time for name, time in listed.items() if name.endswith("_ms")) < LISTING_BOUND_MS
    print(json.dumps(figures | {"met": met}, indent=2))


if __name__ == "__main__":
    main()
