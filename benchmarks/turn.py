"""How long a turn takes on the demo profile, and what of it is ours rather than the model's.

Prints one JSON object. A turn lasts from the message to the last event, its trace kept. Model time is what its trace
counts: the time in which a model call was under way, embedding included; an answer that streams is passed on meanwhile.
The rest is overhead, split by the steps' own times in the trace, each less the model calls it made: `langgraph` is what
lies between and around the steps (scheduling, streaming, reading and writing the checkpoint), `trace` what comes after
the turn's end is recorded. Medians of parts do not add up to the median of their sum. Garbage is looked for as seldom
as `palate` does.

Beside it, in the same process, a bare LangGraph graph takes a turn after each of ours: three nodes that hand on what
they are given, in plain lists and texts that hold what our turn left in its own state, so that both checkpoints weigh
about the same (`checkpoint_bytes`); with a thread as long, the same checkpointer and stream modes. It takes four
turns: `bare_graph`, as LangGraph comes, with a checkpoint after every step; `bare_once`, with one at the end alone, as
a turn of ours keeps it; and both again `_with_models`, in which each node calls a model as our steps do, the overhead
again being the time less model time. A model's pass empties the processor's caches, so that what runs after it, ours
or LangGraph's, takes up to twice as long; these comparisons leave that out. The bound is on the first.
`--home` keeps the prepared shop between runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from langchain_core.runnables import RunnableConfig

from graphs.garbage import collect_seldom

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

    from agents.state import TurnState
    from graphs.services import Services
    from tracing.events import Trace

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
Durability = Literal["async", "exit"]
DURABILITIES: Mapping[str, Durability] = {"bare_graph": "async", "bare_once": "exit"}
PARTS = {
    "understand": ("understand",),
    "memory": ("summarize_items", "update_preference"),
    "retrieval": ("apply_filters", "retrieve"),
    "ranking": ("pre_rank", "decide", "blend", "diversify"),
    "answer": ("respond",),
}  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """One turn, in seconds. parts: the overhead by part. bare: name → how long the bare turn after it took."""

    wall_s: float
    overhead_s: float
    parts: Mapping[str, float]
    bare: Mapping[str, float]


class Bare(TypedDict):
    """State of the bare graph."""

    message: str
    history: Any
    work: Any
    answer: Any


@dataclass
class ModelWork:
    """One call of each kind a turn makes: embed, decide, chat. spent_s: how long they took since last set to 0."""

    services: Services
    called: int = 0
    spent_s: float = 0.0

    async def call(self, kind: str) -> None:
        """Make the call, and count its time."""
        from langchain_core.messages import HumanMessage

        from models.decisions import DecisionRequest, Predicate

        self.called += 1
        models, text = self.services.models, f"Something calm for my study, number {self.called}."
        began = time.perf_counter()
        if kind == "embed":
            await asyncio.to_thread(self.services.embedder.embed, [text])
        elif kind == "decide":
            questions = [Predicate(f"Candidate: print {number}. Will they like it?") for number in range(12)]
            [(name, _), *_] = models.chain("recommender")
            await (await models.decider(name)).decide(DecisionRequest(text, questions))
        else:
            [(name, _), *_] = models.chain("responder")
            await (await models.chat(name)).ainvoke([HumanMessage(text)], max_tokens=12)
        self.spent_s += time.perf_counter() - began


def bare_graph(saver: Any, given: Bare, work: ModelWork | None = None) -> CompiledStateGraph[Bare, None, Bare, Bare]:
    """Three nodes, one after another, that put into the state what is in `given` when they run.

    work: what each node does before; None for nothing.
    """
    from langgraph.graph import END, START, StateGraph

    async def one(state: Bare) -> dict[str, Any]:
        if work is not None:
            await work.call("embed")
        return {"work": given["work"]}

    async def two(state: Bare) -> dict[str, Any]:
        if work is not None:
            await work.call("decide")
        return {"answer": given["answer"]}

    async def three(state: Bare) -> dict[str, Any]:
        if work is not None:
            await work.call("chat")
        return {"history": given["history"]}

    graph = StateGraph(Bare)
    graph.add_node("one", one)
    graph.add_node("two", two)
    graph.add_node("three", three)
    for before, after in ((START, "one"), ("one", "two"), ("two", "three"), ("three", END)):
        graph.add_edge(before, after)
    return graph.compile(checkpointer=saver)


def update_given(given: Bare, state: TurnState) -> None:
    """Let the bare graph's next turn leave behind what this turn of ours did, as plain lists and texts."""
    from tracing.plain import plain

    left = {field.name: plain(getattr(state, field.name)) for field in fields(state)}
    given["answer"], given["history"] = [left.pop("slate"), left.pop("reply")], left.pop("history")
    given["work"] = left


async def bare_seconds(
    graph: CompiledStateGraph[Bare, None, Bare, Bare],
    thread_id: str,
    message: str,
    durability: Durability,
) -> float:
    """One turn of the bare graph. durability: LangGraph's own is `async`."""
    thread = RunnableConfig(configurable={"thread_id": thread_id})
    began = time.perf_counter()
    start: Any = {"message": message}
    async for _ in graph.astream(start, thread, stream_mode=["custom", "values"], durability=durability):
        pass
    return time.perf_counter() - began


def split(trace: Trace, wall_s: float) -> dict[str, float]:
    """The overhead of a turn by part, from its trace; the sum is its wall time less its model time."""
    from tracing.events import ModelCall, StepEnded, busy_seconds

    calls, own = list(trace.of(ModelCall)), dict[str, float]()
    for step in trace.of(StepEnded):
        own[step.step] = own.get(step.step, 0.0) + step.seconds
    recorded = trace.ended.seconds if trace.ended else wall_s
    parts = {
        "langgraph": recorded - sum(own.values()),
        "trace": wall_s - recorded,
    }
    for part, steps in PARTS.items():
        within = [call for call in calls if call.step in steps]
        parts[part] = sum(own.get(step, 0.0) for step in steps) - busy_seconds(within)
    return parts


async def measure(home: Path, bare_file: Path) -> list[Measured]:
    """Every turn of a few conversations; the first round warms up."""
    import aiosqlite
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    from agents.events import TurnDone
    from graphs.describing import summarize_catalogue
    from graphs.services import Services
    from graphs.session import Session
    from graphs.setup import install_demo
    from profiles.settings import load_profile
    from tracing.events import ModelCall, busy_seconds

    services = Services.open(load_profile("demo", {"stores.home": str(home)}, {}).profile)
    install_demo(services)
    await summarize_catalogue(services, services.catalogue("demo"))
    session = Session(services, "demo")
    connection = await aiosqlite.connect(bare_file)
    given = Bare(message="", history=[], work=[], answer=[])
    saver, work = AsyncSqliteSaver(connection), ModelWork(services)
    bare, bare_with_models = bare_graph(saver, given), bare_graph(saver, given, work)
    measured, start = [], time.time_ns()
    for number in range(ROUNDS + 1):
        user_id, thread = f"bench-{start}-{number}", None
        for message in MESSAGES:
            began = time.perf_counter()
            async for event in session.ask(user_id, message, thread_id=thread):
                if isinstance(event, TurnDone):
                    result = event.result
            wall_s, thread = time.perf_counter() - began, result.thread_id
            update_given(given, (await session.turns(user_id, thread, limit=1))[0])
            times = dict[str, float]()
            for graph, ending in ((bare, ""), (bare_with_models, "_with_models")):
                for kept, durability in DURABILITIES.items():
                    name, work.spent_s = kept + ending, 0.0
                    taken_s = await bare_seconds(graph, f"{user_id}-{name}", message, durability)
                    times[name] = taken_s - work.spent_s
            if number:
                trace = session.traces.get(result.trace_id)
                overhead_s = wall_s - busy_seconds(list(trace.of(ModelCall)))
                measured.append(Measured(wall_s, overhead_s, split(trace, wall_s), times))
    await connection.close()
    await session.aclose()
    return measured


def checkpoint_bytes(file: Path) -> int:
    """The median size of the latest checkpoints in a file, as many as were measured."""
    connection = sqlite3.connect(file)
    query = "SELECT length(checkpoint) FROM checkpoints ORDER BY checkpoint_id DESC LIMIT ?"
    sizes = [size for (size,) in connection.execute(query, (ROUNDS * len(MESSAGES),))]
    connection.close()
    return int(statistics.median(sizes))


def report(measured: Sequence[Measured]) -> dict[str, Any]:
    """The figures: medians, in seconds unless named otherwise."""
    turn = statistics.median(one.wall_s for one in measured)
    overhead = statistics.median(one.overhead_s for one in measured)
    bare = {name: statistics.median(one.bare[name] for one in measured) for name in measured[0].bare}
    parts = {part: statistics.median(one.parts[part] for one in measured) for part in measured[0].parts}
    return {
        "benchmark": "turn",
        "turns": len(measured),
        "turn_p50_s": round(turn, 3),
        "turn_max_s": round(max(one.wall_s for one in measured), 3),
        "turn_bound_s": TURN_BOUND_S,
        "overhead_p50_s": round(overhead, 4),
        "overhead_bound_s": OVERHEAD_BOUND_S,
        "overhead_parts_p50_ms": {part: round(seconds * 1000, 2) for part, seconds in parts.items()},
        "bare_p50_ms": {name: round(seconds * 1000, 2) for name, seconds in bare.items()},
        "overhead_over": {name: round(overhead / seconds, 2) for name, seconds in bare.items()},
        "ratio_bound": RATIO_BOUND,
        "met": turn < TURN_BOUND_S and overhead < OVERHEAD_BOUND_S and overhead / bare["bare_graph"] < RATIO_BOUND,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path)
    asked = parser.parse_args()
    collect_seldom()
    with tempfile.TemporaryDirectory() as scratch:
        home, bare_file = asked.home or Path(scratch) / "home", Path(scratch) / "bare.sqlite"
        figures = report(asyncio.run(measure(home, bare_file)))
        sizes = {"turn": checkpoint_bytes(home / "threads.sqlite"), "bare": checkpoint_bytes(bare_file)}
    print(json.dumps(figures | {"checkpoint_bytes": sizes}, indent=2))


if __name__ == "__main__":
    main()
