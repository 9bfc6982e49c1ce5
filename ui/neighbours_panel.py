"""What people of similar taste favour, without their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ui.choosing import address_of
from ui.conversation import Conversation
from ui.frame import CATALOGUE
from ui.look import say
from ui.pictures import draw_picture, picture_words
from ui.plain import escaped

if TYPE_CHECKING:
    from graphs.neighbours import Neighbours
    from graphs.session import Session

COLUMNS, PICTURE_PX = 5, 240


def draw_neighbours(talk: Conversation, session: Session) -> None:
    """Draw the panel, closed until it is wanted; who one's neighbours are is looked up then."""
    box = st.expander("People of similar taste", icon=":material/group:", key="neighbours", on_change="rerun")
    if not box.open:
        return
    from graphs.neighbours import neighbours_of

    with box:
        found = neighbours_of(session.services, talk.user_id, session.catalogue.name)
        say(found.told, key="neighbours-told")
        for number, one in enumerate(found.words):
            with st.container(
                key=f"bar-fact-favoured-{number}", horizontal=True, vertical_alignment="center", gap="small"
            ):
                say(one.words, key=f"favoured-{number}")
                st.progress(one.share, width=64)
                told = f"{one.share:.0%} of what they like, {one.usual:.0%} of everything"
                say(told, key=f"small-favoured-{number}")
        if found.items:
            _draw_items(found, talk, session)


def _draw_items(found: Neighbours, talk: Conversation, session: Session) -> None:
    say("What you have not met yet:", key="small-neighbours-items")
    summaries = session.summaries([one.item_id for one in found.items])
    with st.grid(COLUMNS, min_column_width=145, gap="small", border=True):
        for one in found.items:
            with st.container(key=f"neighbours-item-{one.item_id}", gap="xsmall"):
                alt = picture_words(one.title, summaries.get(one.item_id, ""))
                picture = session.catalogue[one.item_id].picture
                draw_picture(session.pictures, picture, key=f"neighbours-{one.item_id}", alt=alt, px=PICTURE_PX)
                st.page_link(
                    CATALOGUE, label=escaped(one.title), icon="", query_params={**address_of(talk), "item": one.item_id}
                )
                say(f"liked by {one.people} of them", key=f"small-neighbours-{one.item_id}")
