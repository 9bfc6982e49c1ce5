"""From the catalogue to the slate: the recommend step, its own steps, and their drawing."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from agents.clarify import clarify
from agents.context import TurnContext
from agents.recommender import apply_filters, blend, decide, diversify, pre_rank, retrieve
from agents.state import TurnState, TurnUpdate
from graphs.tracing import traced

STEPS = tuple(traced(step) for step in (apply_filters, clarify, retrieve, pre_rank, decide, blend, diversify))


async def recommend(state: TurnState, runtime: Runtime[TurnContext]) -> TurnUpdate:
    """Take every step in turn, as one node: each is traced and leaves its count in the funnel.

    They end early where the person is asked a question and never branch otherwise; as nodes of their own each would
    cost a round of LangGraph's scheduler, more than most of them take.
    """
    update = TurnUpdate()
    for step in STEPS:
        changed = await step(state, runtime=runtime)
        state = replace(state, **changed)
        update.update(changed)
        if state.question:
            break
    return update


def build_recommend() -> CompiledStateGraph[TurnState, TurnContext, TurnState, TurnState]:
    """The same steps as a graph, to draw them or to run them one by one; state and context are those of the turn."""
    graph = StateGraph(TurnState, context_schema=TurnContext)
    for step in STEPS:
        graph.add_node(step.__name__, step)
    for before, after in pairwise([START, *(step.__name__ for step in STEPS), END]):
        graph.add_edge(before, after)
    return graph.compile()
