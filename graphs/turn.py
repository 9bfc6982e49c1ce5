"""One turn of the conversation: who acts, and in which order."""

from __future__ import annotations

from typing import Literal

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from agents.context import TurnContext
from agents.item_summarizer import summarize_items
from agents.preference_memory import update_preference
from agents.responder import respond
from agents.state import TurnState
from agents.understanding import understand
from graphs.recommend import recommend
from graphs.tracing import traced


def after_understanding(state: TurnState) -> Literal["summarize_items", "update_preference", "respond"]:
    """Small talk and questions change no taste; a picture is looked at before anything is learned from the turn."""
    if state.upload:
        return "summarize_items"
    if state.intent in ("small_talk", "question") and not state.reactions:
        return "respond"
    return "update_preference"


def after_preference(state: TurnState) -> Literal["recommend", "respond", "__end__"]:
    """Feedback alone, by a button and without words, ends the turn; what asks for items gets them."""
    if state.intent in ("recommend", "critique"):
        return "recommend"
    return "respond" if state.message else "__end__"


def build_turn(
    checkpointer: BaseCheckpointSaver[str] | None = None,
) -> CompiledStateGraph[TurnState, TurnContext, TurnState, TurnState]:
    """The graph of a turn. checkpointer: where threads are kept; None keeps nothing between turns."""
    graph = StateGraph(TurnState, context_schema=TurnContext)
    graph.add_node("understand", traced(understand))
    graph.add_node("summarize_items", traced(summarize_items))
    graph.add_node("update_preference", traced(update_preference))
    graph.add_node("recommend", recommend)
    graph.add_node("respond", traced(respond))

    graph.add_edge(START, "understand")
    graph.add_conditional_edges("understand", after_understanding)
    graph.add_edge("summarize_items", "update_preference")
    graph.add_conditional_edges("update_preference", after_preference)
    graph.add_edge("recommend", "respond")
    graph.add_edge("respond", END)
    return graph.compile(checkpointer=checkpointer)


graph = build_turn()
