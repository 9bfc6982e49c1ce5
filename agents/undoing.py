"""Taking back what was asked for in a conversation: the last change, or a critique by its name."""

from __future__ import annotations

from agents.critiques import KEPT, called, standing, without
from agents.state import TurnState, TurnUpdate


def taken_back(state: TurnState, words: str) -> TurnUpdate | None:
    """What undoing comes to: without the critique that the words name, or, for none, as it was before the last change.

    None where there is nothing of the kind. What was shown before that change may be shown again.
    """
    if not words:
        if not state.earlier:
            return None
        before = state.earlier[-1]
        gone = [one.said for one in state.critiques if one not in before.critiques]
        return {
            "intent": "critique",
            "understood_by": ("undo: parser",),
            "filters": before.filters,
            "wishes": before.wishes,
            "critiques": before.critiques,
            "upload_summary": before.upload_summary,
            "shown": before.shown,
            "earlier": state.earlier[:-1],
            "undone": " and ".join(gone) or "the last change",
        }
    critique = called(state.critiques, words)
    if critique is None:
        return None
    return {
        "intent": "critique",
        "understood_by": ("undo: parser",),
        "critiques": without(state.critiques, critique),
        "upload_summary": "" if critique.likeness else state.upload_summary,
        "earlier": (*state.earlier, standing(state))[-KEPT:],
        "undone": critique.said,
    }


def nothing_to_take_back() -> TurnUpdate:
    """What undoing comes to where nothing was changed."""
    return {"intent": "small_talk", "understood_by": ("undo: parser",), "undone": "nothing"}
