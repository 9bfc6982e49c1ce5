"""Wraps a node so that the trace shows when it ran and what it changed."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Protocol

from langgraph.runtime import Runtime

from agents.context import TurnContext
from agents.state import FunnelStep, TurnState, TurnUpdate
from tracing import events

Node = Callable[[TurnState, Runtime[TurnContext]], TurnUpdate | Awaitable[TurnUpdate]]


class TracedNode(Protocol):
    """A node as LangGraph takes it."""

    __name__: str

    async def __call__(self, state: TurnState, *, runtime: Runtime[TurnContext]) -> TurnUpdate:
        """Run the node."""
        ...


def traced(node: Node) -> TracedNode:
    """The node, with its step and its new funnel counts recorded; what it does is unchanged."""

    async def run(state: TurnState, *, runtime: Runtime[TurnContext]) -> TurnUpdate:
        recorder = runtime.context.recorder
        with recorder.step(node.__name__) as step:
            answer = node(state, runtime)
            update = await answer if inspect.isawaitable(answer) else answer
            step.state_changes = {key: value for key, value in update.items() if key != "candidates"}
        counted = state.funnel
        for counts in update.get("funnel", ())[len(counted) :]:
            recorder.record(_funnel_event(counts))
        return update

    run.__name__ = node.__name__
    return run


def _funnel_event(step: FunnelStep) -> events.FunnelStep:
    return events.FunnelStep(step=step.step, count=step.count, rule=step.rule)
