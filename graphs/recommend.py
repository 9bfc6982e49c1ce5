"""From the catalogue to the slate: the recommend step as a graph of its own."""

from __future__ import annotations

from itertools import pairwise

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from agents.context import TurnContext
from agents.recommender import apply_filters, blend, decide, diversify, pre_rank, retrieve
from agents.state import TurnState
from graphs.tracing import traced


def build_recommend() -> CompiledStateGraph[TurnState, TurnContext, TurnState, TurnState]:
    """The recommend subgraph; it shares the state and the context of the turn."""
    graph = StateGraph(TurnState, context_schema=TurnContext)
    steps = (apply_filters, retrieve, pre_rank, decide, blend, diversify)
    for step in steps:
        graph.add_node(step.__name__, traced(step))
    names = [START, *(step.__name__ for step in steps), END]
    for before, after in pairwise(names):
        graph.add_edge(before, after)
    return graph.compile()
