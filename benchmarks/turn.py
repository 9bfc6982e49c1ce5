"""How long a turn takes on the demo profile, and what of it is ours rather than the model's.

Prints one JSON object. Overhead is turn time less model time; beside it, in the same process, a bare LangGraph graph of
three nodes with the same kind of checkpointer. `--home` keeps the prepared shop between runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import TypedDict

from langchain_core.runnables import RunnableConfig

MESSAGES = (
    "Something calm for my study, please.",
    "More like that, in deep blue.",
    "Show me some under 60 euros.",
    "I would like a fox or an owl.",
    "How much is the second one?",
    "Something from the 1980s, not on cotton.",
)
ROUNDS = 4
TURN_BOUND_S, OVERHEAD_BOUND_S, RATIO_BOUND = 4.0, 0.060, 3.0


THREAD = RunnableConfig(configurable={"thread_id": "bare"})


class Bare(TypedDict):
    """State of the bare graph: about as many bytes as a turn's."""

    message: str
    history: list[str]


async def bare_seconds(folder: Path, turns: int) -> list[float]:
    """Seconds of each turn of a three-node graph that only passes its state on."""
    import aiosqlite
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
    from langgraph.graph import END, START, StateGraph

    async def step(state: Bare) -> dict[str, list[str]]:
        return {"history": [*state["history"], state["message"]][-20:]}

    graph = StateGraph(Bare)
    for name in ("one", "two", "three"):
        graph.add_node(name, step)
    for before, after in ((START, "one"), ("one", "two"), ("two", "three"), ("three", END)):
        graph.add_edge(before, after)
    connection = await aiosqlite.connect(folder / "bare.sqlite")
    compiled = graph.compile(checkpointer=AsyncSqliteSaver(connection))
    taken = []
    for number in range(turns):
        history = [] if number == 0 else (await compiled.aget_state(THREAD)).values["history"]
        start = Bare(message=MESSAGES[number % len(MESSAGES)], history=history)
        began = time.perf_counter()
        async for _ in compiled.astream(start, THREAD, stream_mode=["custom", "values"], durability="exit"):
            pass
        taken.append(time.perf_counter() - began)
    await connection.close()
    return taken


async def turn_seconds(home: Path) -> tuple[list[float], list[float]]:
    """Seconds of each turn, and of each turn without its model time; the first round warms up."""
    from agents.events import TurnDone
    from graphs.services import Services
    from graphs.session import Session
    from graphs.setup import install_demo, summarize_catalogue
    from profiles.settings import load_profile

    services = Services.open(load_profile("demo", {"stores.home": str(home)}, {}).profile)
    install_demo(services)
    await summarize_catalogue(services, services.catalogue("demo"))
    session = Session(services, "demo")
    turns, overheads = [], []
    for number in range(ROUNDS + 1):
        thread = None
        for message in MESSAGES:
            async for event in session.ask(f"bench-{number}", message, thread_id=thread):
                if isinstance(event, TurnDone):
                    thread = event.result.thread_id
                    if number:
                        turns.append(event.result.seconds)
                        overheads.append(event.result.seconds - event.result.model_seconds)
    await session.aclose()
    return turns, overheads


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        turns, overheads = asyncio.run(turn_seconds(asked.home or Path(scratch) / "home"))
        bare = asyncio.run(bare_seconds(Path(scratch), len(turns) + len(MESSAGES)))[len(MESSAGES) :]
    turn, overhead, beside = (statistics.median(values) for values in (turns, overheads, bare))
    print(
        json.dumps(
            {
                "benchmark": "turn",
                "turns": len(turns),
                "turn_p50_s": round(turn, 3),
                "turn_max_s": round(max(turns), 3),
                "turn_bound_s": TURN_BOUND_S,
                "overhead_p50_s": round(overhead, 4),
                "overhead_bound_s": OVERHEAD_BOUND_S,
                "bare_graph_p50_s": round(beside, 4),
                "overhead_over_bare": round(overhead / beside, 2),
                "ratio_bound": RATIO_BOUND,
                "met": turn < TURN_BOUND_S and overhead < OVERHEAD_BOUND_S and overhead / beside < RATIO_BOUND,
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
