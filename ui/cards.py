"""The slate: a card for each item, with its picture, its probability, its reason and the evidence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from agents.state import Citation, Reaction, SlateItem
from catalog.items import AttributeValue, Catalogue, Item
from catalog.pictures import PictureError, PictureStore
from ui.look import say

if TYPE_CHECKING:
    from graphs.session import Session

PICTURE_PX = 480
COLUMNS = 4
ATTRIBUTES_SHOWN = 4
_EVIDENCE = {
    "fact": "from your taste",
    "summary": "in the picture",
    "wish": "you asked for",
    "filter": "meets",
    "neighbours": "people alike",
}
_KINDS = {
    "local": "read from the model in this process",
    "systemone": "read from the model behind a server",
    "logprobs": "read from the first word of the model's answer",
    "graded": "a grade the model gave: not calibrated",
}


def draw_slate(
    cards: tuple[SlateItem, ...], session: Session, *, key: str, react: Callable[[Reaction], None] | None
) -> None:
    """Draw the cards, best first. react: told of a like or dislike; None where none can be given now."""
    with st.grid(min(len(cards), COLUMNS), min_column_width=145, gap="small", border=True):
        for place, card in enumerate(cards):
            with st.container(key=f"card-{key}-{place}", gap="xsmall"):
                _draw_card(card, session, f"{key}-{place}", react)


def _draw_card(card: SlateItem, session: Session, key: str, react: Callable[[Reaction], None] | None) -> None:
    item = session.catalogue.get(card.item_id)
    draw_picture(session.pictures, item.picture if item else None, key=key, alt=card.title)
    say(card.title, key=f"title-{key}")
    if item and (told := attribute_line(session.catalogue, item)):
        say(told, key=f"small-attributes-{key}")
    _draw_probability(card, key)
    if card.reason:
        say(card.reason, key=f"reason-{key}")
    evidence = [citation_line(citation) for citation in card.citations]
    if card.p is not None:
        evidence.append(f"p(yes) {card.p:.3f}: {_KINDS.get(card.kind, card.kind)}")
    if evidence and react is not None:
        with st.expander("Evidence"):
            for number, line in enumerate(evidence):
                say(line, key=f"small-evidence-{key}-{number}")
    if react is not None:
        _draw_thumbs(card.item_id, key, react)


def draw_picture(pictures: PictureStore, content_hash: str | None, *, key: str, alt: str) -> None:
    """A picture in its frame, or the words that there is none."""
    with st.container(key=f"art-{key}"):
        if content_hash is None:
            say("no picture", key=f"small-no-picture-{key}")
            return
        try:
            st.image(_thumbnail(pictures.root, content_hash, PICTURE_PX), width="stretch", alt=alt)
        except PictureError:
            say("the picture is not in the store any more", key=f"small-no-picture-{key}")


def draw_shop_window(session: Session, *, count: int = 6) -> None:
    """A few pictures from all over the catalogue, so that someone new sees what there is."""
    pictured = [item for item in session.catalogue if item.picture is not None]
    if len(pictured) < count:
        return
    with st.grid(count, min_column_width=90, gap="small"):
        for place in range(count):
            item = pictured[place * len(pictured) // count]
            draw_picture(session.pictures, item.picture, key=f"window-{place}", alt=item.title)


def attribute_line(catalogue: Catalogue, item: Item) -> str:
    """The first attributes of an item with their units: `45 EUR · 30 cm · 1987`."""
    told: list[str] = []
    for spec in catalogue.schema:
        value = item.attributes.get(spec.name)
        if value is not None and value != () and len(told) < ATTRIBUTES_SHOWN:
            told.append(f"{_words(value)} {'' if spec.unit == 'year' else spec.unit}".strip())
    return " · ".join(told)


def citation_line(citation: Citation) -> str:
    """A piece of evidence with where it comes from: `from your taste: like subject: fox`."""
    return f"{_EVIDENCE.get(citation.kind, citation.kind)}: {citation.text}"


def _draw_probability(card: SlateItem, key: str) -> None:
    if card.p is None:
        say("not judged by a model", key=f"small-p-{key}")
        return
    with st.container(key=f"bar-{key}", gap=None):
        st.caption(f"{card.p:.0%} likely to suit you")
        st.progress(min(max(card.p, 0.0), 1.0))


def _draw_thumbs(item_id: str, key: str, react: Callable[[Reaction], None]) -> None:
    name = f"thumbs-{key}"

    def given() -> None:
        thumb = st.session_state[name]
        if thumb is not None:
            react(Reaction(item_id, "like" if thumb == 1 else "dislike"))

    st.feedback("thumbs", key=name, on_change=given)


def _words(value: AttributeValue) -> str:
    match value:
        case tuple():
            return ", ".join(value[:3])
        case float():
            return f"{value:g}"
        case date():
            return value.isoformat()
    return value


@lru_cache(maxsize=512)
def _thumbnail(root: Path, content_hash: str, px: int) -> bytes:
    return PictureStore(root).thumbnail(content_hash, px)
