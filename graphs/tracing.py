"""Wraps a node so that the trace shows when it ran and what it changed."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Protocol

from langgraph.runtime import Runtime

from agents.context import TurnContext
from agents.state import FunnelStep, TurnState, TurnUpdate
from tracing import events

_TOLD_ELSEWHERE = frozenset({"candidates", "funnel", "history", "last_cards"})  # decisions, counts, messages, slate
Node = Callable[[TurnState, Runtime[TurnContext]], TurnUpdate | Awaitable[TurnUpdate]]


class TracedNode(Protocol):
    """A node as LangGraph takes it."""

    __name__: str

    async def __call__(self, state: TurnState, *, runtime: Runtime[TurnContext]) -> TurnUpdate:
        """Run the node."""
        ...


def traced(node: Node) -> TracedNode:
    """The node, with its step, what it changed and its new funnel counts recorded; what it does is unchanged."""

    async def run(state: TurnState, *, runtime: Runtime[TurnContext]) -> TurnUpdate:
        recorder = runtime.context.recorder
        with recorder.step(node.__name__) as step:
            answer = node(state, runtime)
            update = await answer if inspect.isawaitable(answer) else answer
            step.state_changes = changes_of(state, update)
        counted = state.funnel
        for counts in update.get("funnel", ())[len(counted) :]:
            recorder.record(_funnel_event(counts))
        return update

    run.__name__ = node.__name__
    return run


def changes_of(state: TurnState, update: TurnUpdate) -> dict[str, object]:
    """What an update changes in the state, but for what the trace tells elsewhere; what the message asks for always."""
    return {
        name: value
        for name, value in update.items()
        if name == "intent" or (name not in _TOLD_ELSEWHERE and not _same(getattr(state, name), value))
    }


def _same(before: object, after: object) -> bool:
    return before == after or (isinstance(before, list) and tuple(before) == after)  # a checkpoint gives lists


def _funnel_event(step: FunnelStep) -> events.FunnelStep:
    return events.FunnelStep(step=step.step, count=step.count, rule=step.rule)
