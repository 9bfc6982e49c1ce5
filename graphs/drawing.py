"""Draws the graph for the docs, from the code: `python -m graphs.drawing` writes docs/graph.md."""

from __future__ import annotations

from pathlib import Path

from graphs.recommend import build_recommend
from graphs.turn import build_turn

PAGE = Path(__file__).resolve().parent.parent / "docs" / "graph.md"


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


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
