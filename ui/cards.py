"""The slate: a card for each item, with its picture, its probability, its reason, the evidence, and what one may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from agents.state import Citation, Reaction, ReactionKind, SlateItem
from catalog.wording import attribute_line
from ui.conversation import Critiqued, Pointed, Pressed
from ui.frame import TRACES
from ui.gate import still_admitted
from ui.look import say
from ui.pictures import draw_picture, picture_words

if TYPE_CHECKING:
    from graphs.session import Session

COLUMNS = 4
_EVIDENCE = {
    "fact": "from your taste",
    "summary": "in the picture",
    "wish": "you asked for",
    "picture": "as in what you showed",
    "filter": "meets",
    "neighbours": "people alike",
}
KINDS = {
    "local": "read from the model in this process",
    "systemone": "read from the model behind a server",
    "logprobs": "read from the first word of the model's answer",
    "graded": "a grade the model gave: not calibrated",
}


@dataclass(frozen=True)
class CardActions:
    """What the cards know of their reader, and tell.

    react: told what was pressed. answer: has the page follow where something was, once the card is drawn anew; None
    while a turn is under way. kept: item id → the thumb that is in the record. thumb: the one to show,
    given an item and `kept`. summaries: item id → what its picture shows. critiques: what others may be asked to be, in
    words. turns: so far; what was opened to choose from closes when there is another. address: of the conversation,
    for links to other pages.
    """

    react: Callable[[Pressed], None]
    answer: Callable[[], None] | None = None
    kept: Mapping[str, ReactionKind] = field(default_factory=dict)
    thumb: Callable[[str, Mapping[str, ReactionKind]], ReactionKind | None] = lambda item_id, kept: kept.get(item_id)
    summaries: Mapping[str, str] = field(default_factory=dict)
    critiques: tuple[str, ...] = ()
    turns: int = 0
    address: Mapping[str, str] = field(default_factory=dict)


def draw_slate(
    cards: tuple[SlateItem, ...],
    session: Session,
    *,
    key: str,
    actions: CardActions,
    trace_id: str = "",
    live: bool = False,
) -> None:
    """Draw the cards, best first. live: the turn is under way, and nothing can be done with them yet."""
    with st.grid(min(len(cards), COLUMNS), min_column_width=145, gap="small", border=True):
        for place, card in enumerate(cards):
            with st.container(key=f"card-{key}-{place}", gap="xsmall"):
                _draw_card(card, session, f"{key}-{place}", actions, live)
                if not live:
                    draw = _draw_actions if actions.answer is None else st.fragment(still_admitted(_draw_actions))
                    draw(card.item_id, f"{key}-{place}", actions, trace_id)


def _draw_card(card: SlateItem, session: Session, key: str, actions: CardActions, live: bool) -> None:
    item = session.catalogue.get(card.item_id)
    words = picture_words(card.title, actions.summaries.get(card.item_id, ""))
    draw_picture(session.pictures, item.picture if item else None, key=key, alt=words)
    say(card.title, key=f"title-{key}")
    if item and (told := attribute_line(session.catalogue, item)):
        say(told, key=f"small-attributes-{key}")
    _draw_probability(card, key)
    if card.reason:
        say(card.reason, key=f"reason-{key}")
    evidence = [citation_line(citation) for citation in card.citations]
    if card.p is not None:
        evidence.append(f"p(yes) {card.p:.3f}: {KINDS.get(card.kind, card.kind)}")
    if evidence and not live:
        with st.expander("Evidence"):
            say("\n".join(evidence), key=f"small-evidence-{key}")


def draw_shop_window(session: Session, summaries: Mapping[str, str], *, count: int = 6) -> None:
    """A few pictures from all over the catalogue, so that someone new sees what there is."""
    pictured = [item for item in session.catalogue if item.picture is not None]
    if len(pictured) < count:
        return
    with st.grid(count, min_column_width=90, gap="small"):
        for place in range(count):
            item = pictured[place * len(pictured) // count]
            alt = picture_words(item.title, summaries.get(item.item_id, ""))
            draw_picture(session.pictures, item.picture, key=f"window-{place}", alt=alt)


def citation_line(citation: Citation) -> str:
    """A piece of evidence with where it comes from: `from your taste: like subject: fox`."""
    return f"{_EVIDENCE.get(citation.kind, citation.kind)}: {citation.text}"


def draw_thumbs(item_id: str, key: str, state: ReactionKind | None, react: Callable[[Reaction], None]) -> None:
    """Thumbs that show what was given; pressing the one that is down takes it back."""
    name = f"thumbs-{key}"
    st.session_state[name] = {"like": 1, "dislike": 0}.get(state or "")

    def given() -> None:
        thumb = st.session_state[name]
        react(Reaction(item_id, "take_back" if thumb is None else "like" if thumb == 1 else "dislike"))

    st.feedback("thumbs", key=name, on_change=given, width="content")


def _draw_probability(card: SlateItem, key: str) -> None:
    if card.p is None:
        say("not judged by a model", key=f"small-p-{key}")
        return
    with st.container(key=f"bar-{key}", gap=None):
        st.caption(f"{card.p:.0%} likely to suit you")
        st.progress(min(max(card.p, 0.0), 1.0))


def _draw_actions(item_id: str, key: str, actions: CardActions, trace_id: str) -> None:
    """What may be done with an item. Drawn anew without the rest of the page, to answer at once."""
    state = actions.thumb(item_id, actions.kept)
    with st.container(key=f"thumbed-{key}", horizontal=True, vertical_alignment="center", gap="small"):
        draw_thumbs(item_id, key, state, actions.react)
        if state:
            with st.container(key=f"small-thumb-{key}", width="content"):
                st.text("Liked" if state == "like" else "Disliked", width="content")
    with st.container(key=f"actions-{key}", gap=None):
        for wish, label, icon in (
            ("more_like", "More like this", ":material/add_circle:"),
            ("instead_of", "Not this", ":material/do_not_disturb_on:"),
        ):
            st.button(
                label,
                key=f"{wish}-{key}",
                type="tertiary",
                icon=icon,
                on_click=partial(actions.react, Pointed(item_id, wish)),  # type: ignore[arg-type]
            )
        if actions.critiques:
            _draw_critiques(item_id, key, actions)
        if trace_id:
            asked = {**actions.address, "trace": trace_id, "item": item_id}
            st.page_link(TRACES, label="Why this?", icon=":material/help:", query_params=asked)
    if actions.answer is not None:
        actions.answer()


def _draw_critiques(item_id: str, key: str, actions: CardActions) -> None:
    """What others may be asked to be, drawn only where it was opened: a slate has dozens of them."""
    choice = st.popover(
        "Like this, but…",
        type="tertiary",
        icon=":material/tune:",
        key=f"but-{key}-{actions.turns}",
        on_change="rerun",
    )
    if choice.open:
        with choice, st.container(key=f"actions-but-{key}", gap=None):
            for said in actions.critiques:
                told = Critiqued(item_id, said)
                st.button(said, key=f"but-{key}-{said}", type="tertiary", on_click=partial(actions.react, told))
