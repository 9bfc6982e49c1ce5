"""Draws the graph from the code, for a turn and for the docs: `python -m graphs.drawing` writes docs/graph.md."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

from langchain_core.runnables.graph import Graph

from graphs.recommend import STEPS, build_recommend
from graphs.turn import build_turn

PAGE = Path(__file__).resolve().parent.parent / "docs" / "graph.md"
_NODES = (
    'node [shape=box style="rounded,filled" penwidth=0 fontname="sans-serif" fontsize=11 height=0.3 margin="0.12,0.04"]'
)


def page() -> str:
    """The page: the turn, then its recommend step, each as a Mermaid drawing."""
    turn = build_turn().get_graph().draw_mermaid()
    recommend = build_recommend().get_graph().draw_mermaid()
    return (
        "# The graph of a turn\n\n"
        "Drawn from the code by `python -m graphs.drawing`; a test fails when this page is out of date.\n\n"
        "Solid arrows are always taken, dotted ones by what the turn is about: small talk and questions go straight\n"
        "to `respond`, a picture is looked at first, and feedback by a button ends after `update_preference`.\n\n"
        f"```mermaid\n{turn.strip()}\n```\n\n"
        "## Inside `recommend`\n\n"
        "The node takes these steps in turn. Each is in the trace by its name and leaves its count in the funnel.\n\n"
        f"```mermaid\n{recommend.strip()}\n```\n"
    )


@cache
def _graph() -> Graph:
    return build_turn().get_graph()


def path_drawn(taken: Sequence[str]) -> str:
    """The graph of a turn in Graphviz's language, with the way that one took in colour.

    taken: the nodes it went through, as `path_taken` gives them. The colours serve light and dark.
    """
    graph = _graph()
    ways = set(pairwise(taken))
    lines = ["digraph {", "rankdir=LR; bgcolor=transparent; nodesep=0.2; ranksep=0.35", _NODES]
    for name in graph.nodes:
        look = 'fillcolor="#2f6f62" fontcolor="#ffffff"' if name in taken else 'fillcolor="#d8d3c8" fontcolor="#26241f"'
        lines.append(f'"{name}" [label="{name.strip("_").replace("_", " ")}" {look}]')
    for edge in graph.edges:
        look = 'color="#2f6f62" penwidth=2.5' if (edge.source, edge.target) in ways else 'color="#8a857b" style=dashed'
        lines.append(f'"{edge.source}" -> "{edge.target}" [{look}]')
    return "\n".join([*lines, "}"])


def path_taken(steps: Sequence[str], *, whole: bool) -> tuple[str, ...]:
    """The nodes of a turn's graph that it went through, from `__start__`; steps within a node count as that node.

    steps: those it ran, in their order, as its trace names them. whole: it came to its end, which is `__end__`.
    """
    graph = _graph()
    within = {step.__name__: "recommend" for step in STEPS}
    nodes = [within.get(step, step) for step in steps]
    passed = tuple(dict.fromkeys(["__start__", *(name for name in nodes if name in graph.nodes)]))
    return (*passed, "__end__") if whole else passed


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
