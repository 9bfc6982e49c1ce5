"""What differs between two versions of a taste, in colour and in signs."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from memory.taste_history import ProsePiece, TasteDiff
from memory.taste_wording import SIGNS, change_line
from ui.plain import escaped

_COLOURS = {"added": "green", "stronger": "green", "turned": "orange", "weaker": "orange", "retracted": "red"}


def draw_diff(difference: TasteDiff) -> None:
    """The facts that changed, a line each, then the prose word by word."""
    for change in difference.changes:
        if line := change_line(change):
            colour = _COLOURS.get(change.kind, "gray")
            st.markdown(f":{colour}[{escaped(SIGNS[change.kind])}] {escaped(line)}")
    draw_prose_diff(difference.prose)


def draw_prose_diff(pieces: Sequence[ProsePiece]) -> None:
    """The prose, with what went struck out on red and what came on green; where nothing differs, as it is."""
    told = []
    for piece in pieces:
        words = escaped(piece.words)
        if piece.op == "removed":
            told.append(f":red-background[~~{words}~~]")
        else:
            told.append(words if piece.op == "same" else f":green-background[{words}]")
    if told:
        st.markdown(" ".join(told))
