"""Earlier answers, folded to what they said and the pictures they showed: a long talk is drawn as soon as a new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from catalog.pictures import PictureError
from ui.cards import CardActions
from ui.look import say
from ui.pictures import picture_words, thumbnail
from ui.plain import escaped
from ui.shown_turn import ShownTurn

if TYPE_CHECKING:
    from graphs.session import Session

OPEN = 3  # slates, the latest, with all that may be done about them
_WIDTH = 96  # pixels of a picture
_UNFOLDED = "unfolded"


def folded(turns: Sequence[ShownTurn]) -> frozenset[str]:
    """The ids of the turns whose slate is folded: all but the latest few and those that were unfolded."""
    slates = [turn.turn_id for turn in turns if turn.cards]
    unfolded: frozenset[str] = st.session_state.get(_UNFOLDED, frozenset())
    return frozenset(slates[:-OPEN]) - unfolded


def draw_folded(turn: ShownTurn, session: Session, *, number: int, actions: CardActions) -> None:
    """Draw the pictures and titles of a slate in a row, and a button that brings the whole of it back.

    What has no picture is told by its title alone.
    """
    shown, titles, words, unpictured = list[bytes](), list[str](), list[str](), list[str]()
    for card in turn.cards:
        item = session.catalogue.get(card.item_id)
        try:
            shown.append(thumbnail(session.pictures.root, item.picture if item and item.picture else "", 2 * _WIDTH))
        except PictureError:
            unpictured.append(card.title)
            continue
        titles.append(escaped(card.title))
        words.append(picture_words(card.title, actions.summaries.get(card.item_id, "")))
    if shown:
        with st.container(key=f"folded-{number}"):
            st.image(shown, caption=titles, alt=words, width=_WIDTH)
    if unpictured:
        say(" · ".join(unpictured), key=f"small-folded-{number}")
    st.button(
        "Show all of it",
        key=f"unfold-{number}",
        type="tertiary",
        icon=":material/unfold_more:",
        on_click=_unfold,
        args=(turn.turn_id,),
    )


def _unfold(turn_id: str) -> None:
    st.session_state[_UNFOLDED] = st.session_state.get(_UNFOLDED, frozenset()) | {turn_id}
