"""One fact of a taste: how strong it is, why it is believed, and the form that changes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import streamlit as st
from pydantic import ValidationError

from agents.hand_edits import BY_HAND, FactEdit, PinFact, RemoveFact, SetFact, refusal_of
from memory.preferences import Fact
from memory.taste_wording import HEADINGS, MAKERS, fact_line
from ui.frame import TRACES
from ui.look import say
from ui.plain import escaped

if TYPE_CHECKING:
    from graphs.taste import Evidence, Explanation, Taste

_POLARITIES = {"like": "I like", "dislike": "I dislike", "must": "It must be", "must_not": "It must not be"}
_LONGEST = {"aspect": 80, "value": 120}


def draw_fact(fact: Fact, taste: Taste, change: Callable[[FactEdit], None], address: Mapping[str, str]) -> None:
    """Draw a fact; opening it shows what it rests on, and what can be done. change: told of an edit."""
    key = fact.fact_id
    with st.container(border=True, gap="xsmall", key=f"fact-{key}"):
        with st.container(key=f"bar-fact-page-{key}", horizontal=True, vertical_alignment="center", gap="small"):
            say(fact_line(fact), key=f"title-fact-{key}")
            st.progress(fact.strength, width=110)
            say(f"{fact.strength:.2f}", key=f"small-strength-{key}")
        count = f"{len(fact.evidence)} event{'s' if len(fact.evidence) != 1 else ''}"
        box = st.expander(f"Why, and put it right ({count})", key=f"why-{key}", on_change="rerun")
        if box.open:
            with box:
                _draw_why(taste.why(fact.fact_id), address)
                _draw_actions(fact, change)
                draw_fact_form(fact, change, key=key)


def draw_fact_form(fact: Fact | None, change: Callable[[FactEdit], None], *, key: str) -> None:
    """The form of a fact. fact: the one to change; None for a new one."""
    with st.form(f"form-{key}", border=False):
        left, middle, right = st.columns(3)
        polarities = list(_POLARITIES)
        polarity = left.selectbox(
            "To me",
            polarities,
            index=polarities.index(fact.polarity) if fact is not None else 0,
            format_func=_POLARITIES.__getitem__,
            key=f"polarity-{key}",
        )
        aspect = middle.text_input(
            "What about it",
            value=fact.aspect if fact is not None else "",
            placeholder="subject",
            max_chars=_LONGEST["aspect"],
            key=f"aspect-{key}",
        )
        value = right.text_input(
            "Which",
            value=fact.value if fact is not None else "",
            placeholder="owl",
            max_chars=_LONGEST["value"],
            key=f"value-{key}",
        )
        strength = st.slider(
            "How much", 0.05, 1.0, fact.strength if fact is not None else BY_HAND, 0.05, key=f"strength-{key}"
        )
        pinned = st.checkbox("Keep it as I say, whatever happens later", value=True, key=f"keep-{key}")
        if not st.form_submit_button("Save" if fact is not None else "Add"):
            return
    try:
        edit = SetFact(
            polarity=polarity,
            aspect=aspect or "",
            value=value or "",
            strength=strength,
            pinned=pinned,
            replaces=fact.fact_id if fact is not None else "",
        )
    except ValidationError as error:
        st.error(escaped(refusal_of(error)), icon=":material/error:")
        return
    change(edit)
    st.rerun()


def _draw_actions(fact: Fact, change: Callable[[FactEdit], None]) -> None:
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Unpin" if fact.pinned else "Pin",
            key=f"pin-{fact.fact_id}",
            icon=":material/keep_off:" if fact.pinned else ":material/keep:",
            help="A pinned fact stays as it is, whatever happens later.",
            on_click=change,
            args=(PinFact(fact_id=fact.fact_id, pinned=not fact.pinned),),
        )
        st.button(
            "It is not true",
            key=f"remove-{fact.fact_id}",
            icon=":material/delete:",
            help="It is believed no longer, and nothing that happens later brings it back.",
            on_click=change,
            args=(RemoveFact(fact_id=fact.fact_id),),
        )


def _draw_why(told: Explanation, address: Mapping[str, str]) -> None:
    for number, one in enumerate(told.evidence):
        with st.container(gap=None, key=f"evidence-{told.fact.fact_id}-{number}"):
            _draw_evidence(one, address, f"{told.fact.fact_id}-{number}")
    lines = []
    for step in told.steps:
        strength = f" {step.strength:.2f}" if step.strength is not None and step.kind != "retracted" else ""
        reason = f": {step.reason}" if step.reason else ""
        kind = HEADINGS.get(step.kind, step.kind)
        lines.append(f"version {step.version}, {MAKERS[step.made_by]}: {kind}{strength}{reason}")
    if lines:
        say("\n".join(lines), key=f"small-steps-{told.fact.fact_id}")


def _draw_evidence(one: Evidence, address: Mapping[str, str], key: str) -> None:
    when = f"{one.at.astimezone():%d %b %Y, %H:%M} · " if one.at is not None else ""
    say(f"{when}{one.what}", key=f"evidence-words-{key}")
    if one.trace_id:
        link = {**address, "thread": one.thread_id, "trace": one.trace_id}
        label = f"in the turn “{escaped(one.said)}”" if one.said else "in this turn"
        st.page_link(TRACES, label=label, icon=":material/account_tree:", query_params=link)
    elif one.came_from:
        say(one.came_from, key=f"small-from-{key}")
