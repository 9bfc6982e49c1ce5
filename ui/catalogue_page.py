"""The page of the catalogue: what there is, found by words and filters, and one item with what a model saw in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from catalog.browsing import Facet, browse, facets
from catalog.filters import Filter
from catalog.items import Item
from catalog.wording import attribute_line
from ui.cards import draw_thumbs
from ui.choosing import address_of, open_thread
from ui.conversation import Conversation, Pointed, Pressed, in_words
from ui.frame import CATALOGUE
from ui.import_panel import draw_import
from ui.look import say
from ui.opening import draw_error
from ui.pictures import draw_picture, picture_words
from ui.plain import escaped
from ui.set_up_notice import draw_set_up_notice
from ui.summary_panel import draw_summary
from ui.thread_list import opened_beside_threads

if TYPE_CHECKING:
    from graphs.session import Session

COLUMNS, PAGE = 4, 24
GRID_PX, PAGE_PX = 320, 900


def draw_catalogue() -> None:
    """Draw one item where the address names it, else all that a search and the filters leave."""
    talk: Conversation = st.session_state.talk
    session = opened_beside_threads(talk)
    if session is None:
        return
    try:
        if item_id := st.query_params.get("item", ""):
            _draw_item(item_id, talk, session)
        else:
            draw_set_up_notice(talk, session)
            _draw_all(talk, session)
    except Exception as error:
        draw_error(in_words(error), key="catalogue-again")


def _draw_all(talk: Conversation, session: Session) -> None:
    st.header("Catalogue", anchor=False)
    _draw_picker(session)
    draw_import(session)
    words = st.text_input("Search", key="catalogue-words", placeholder="titles, texts and what pictures show").strip()
    filters = _draw_filters(session)
    summaries = session.summaries(session.catalogue.item_ids) if words else {}
    found = browse(session.catalogue, words, filters, summaries)
    if not found and words:
        found = _nearest(words, filters, session)
        if found:
            st.caption("No item has all of these words; these are the nearest in meaning.")
    if not found:
        st.markdown("Nothing here is like that. Take away a filter, or search for fewer words.")
        return
    of = f" of {len(session.catalogue):,}" if len(found) < len(session.catalogue) else ""
    st.caption(f"{len(found):,}{of} items")
    pages = -(-len(found) // PAGE)
    page = st.pagination(pages, key=f"catalogue-page-{pages}") if pages > 1 else 1
    _draw_grid(found[(page - 1) * PAGE : page * PAGE], talk, session)


def _draw_picker(session: Session) -> None:
    infos = {info.name: info for info in session.services.catalogues.names()}
    if len(infos) < 2:
        return

    def choose() -> None:
        name = st.session_state["catalogue-name"]
        open_thread("", "" if name == session.services.profile.catalogue else name)

    names = list(infos)
    st.session_state["catalogue-name"] = session.catalogue.name  # whatever led to it
    st.selectbox(
        "Catalogue",
        names,
        format_func=lambda name: f"{name}, {infos[name].items:,} items",
        key="catalogue-name",
        on_change=choose,
        help="The chat and the taste are about this one too.",
    )


def _draw_filters(session: Session) -> list[Filter]:
    told: list[Filter] = []
    known = facets(session.catalogue)
    if not known:
        return told
    with st.expander("Filters", icon=":material/tune:", key="catalogue-filters"):
        for facet in known:
            told += _draw_facet(facet, f"{session.catalogue.name}-{facet.spec.name}")
    if told:
        say(" and ".join(str(one) for one in told), key="small-filters")
    return told


def _draw_facet(facet: Facet, key: str) -> list[Filter]:
    if facet.low is not None and facet.high is not None:
        low, high = st.slider(escaped(facet.label), facet.low, facet.high, (facet.low, facet.high), key=f"facet-{key}")
        return facet.within(low, high)
    chosen: Sequence[str] = st.multiselect(escaped(facet.label), facet.words, key=f"facet-{key}")
    return facet.any_of(chosen)


def _nearest(words: str, filters: Sequence[Filter], session: Session) -> list[Item]:
    """The items nearest in meaning that meet every filter, nearest first."""
    with st.spinner("Searching by meaning"):
        near = session.services.items.nearest(session.catalogue.name, words, limit=10 * PAGE)
    allowed = {item.item_id for item in browse(session.catalogue, "", filters)}
    return [session.catalogue[item_id] for item_id, _ in near if item_id in allowed][:PAGE]


def _draw_grid(items: Sequence[Item], talk: Conversation, session: Session) -> None:
    summaries = session.summaries([item.item_id for item in items])
    with st.grid(COLUMNS, min_column_width=145, gap="small", border=True):
        for item in items:
            with st.container(key=f"item-{item.item_id}", gap="xsmall"):
                alt = picture_words(item.title, summaries.get(item.item_id, ""))
                draw_picture(session.pictures, item.picture, key=f"item-{item.item_id}", alt=alt, px=GRID_PX)
                st.page_link(
                    CATALOGUE,
                    label=escaped(item.title),
                    icon="",
                    query_params={**address_of(talk), "item": item.item_id},
                )
                if told := attribute_line(session.catalogue, item):
                    say(told, key=f"small-item-{item.item_id}")


def _draw_item(item_id: str, talk: Conversation, session: Session) -> None:
    from agents.context import told_attributes

    st.page_link(CATALOGUE, label="The catalogue", icon=":material/arrow_back:", query_params=address_of(talk))
    item = session.catalogue.get(item_id)
    if item is None:
        st.info(f"The catalogue {escaped(session.catalogue.name)} has no item of that id.")
        return
    summary = session.services.items.summary(session.catalogue.name, item)
    left, right = st.columns(2, gap="medium")
    with left:
        alt = picture_words(item.title, summary.text if summary is not None else "")
        draw_picture(session.pictures, item.picture, key="item", alt=alt, px=PAGE_PX)
    with right:
        st.header(escaped(item.title), anchor=False)
        if item.text:
            say(item.text, key="item-text")
        for number, (spec, told) in enumerate(told_attributes(session.catalogue, item)):
            say(f"{spec.label or spec.name}: {told}", key=f"small-attribute-{number}")
        draw_summary(item, summary, talk, session)
        _draw_actions(item, talk, session)


def _draw_actions(item: Item, talk: Conversation, session: Session) -> None:
    """What one may do about an item; it is told in the chat, where the answer comes."""
    press = partial(_press, talk)
    kept = session.thumbs(talk.user_id, [item.item_id])
    draw_thumbs(item.item_id, "item", talk.thumb(item.item_id, kept), press)
    st.button(
        "More like this",
        key="more-like-item",
        icon=":material/add_circle:",
        on_click=press,
        args=(Pointed(item.item_id, "more_like"),),
    )


def _press(talk: Conversation, pressed: Pressed) -> None:
    talk.waiting.append(pressed)
    st.session_state.go_to_chat = True
