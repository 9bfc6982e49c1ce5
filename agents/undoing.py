"""Taking back what was asked for in a conversation: the last change, or a critique by its name."""

from __future__ import annotations

from agents.critiques import KEPT, called, standing, without
from agents.evidence import as_said
from agents.parsing.tokens import words_of
from agents.state import TurnState, TurnUpdate


def taken_back(state: TurnState, words: str) -> TurnUpdate | None:
    """What undoing comes to: without the critique or filter that the words name, or without words as it was before.

    None where there is nothing of the kind. What was shown before that change may be shown again.
    """
    if not words:
        if not state.earlier:
            return None
        before = state.earlier[-1]
        gone = [
            *(one.said for one in state.critiques if one not in before.critiques),
            *(as_said(one) for one in state.filters if one not in before.filters),
            *(wish for wish in state.wishes if wish not in before.wishes),
        ]
        return {
            "intent": "critique",
            "understood_by": ("undo: parser",),
            "filters": before.filters,
            "wishes": before.wishes,
            "critiques": before.critiques,
            "upload_summary": before.upload_summary,
            "shown": before.shown,
            "earlier": state.earlier[:-1],
            "undone": " and ".join(dict.fromkeys(gone)) or "the last change",
        }
    critique = called(state.critiques, words)
    if critique is None:
        return _without_filter(state, words)
    return {
        "intent": "critique",
        "understood_by": ("undo: parser",),
        "critiques": without(state.critiques, critique),
        "upload_summary": "" if critique.likeness else state.upload_summary,
        "earlier": (*state.earlier, standing(state))[-KEPT:],
        "undone": critique.said,
    }


def _without_filter(state: TurnState, words: str) -> TurnUpdate | None:
    """Without the latest filter that was said in these words, or in more; None for none."""
    wanted = set(words_of(words))
    said = [as_said(one) for one in state.filters]
    exact = [one for one in said if words_of(one) == words_of(words)]
    found = exact or [one for one in said if wanted and wanted <= set(words_of(one))]
    if not found:
        return None
    return {
        "intent": "critique",
        "understood_by": ("undo: parser",),
        "filters": tuple(one for one in state.filters if as_said(one) != found[-1]),
        "earlier": (*state.earlier, standing(state))[-KEPT:],
        "undone": found[-1],
    }


def nothing_to_take_back() -> TurnUpdate:
    """What undoing comes to where nothing was changed."""
    return {"intent": "small_talk", "understood_by": ("undo: parser",), "undone": "nothing"}
