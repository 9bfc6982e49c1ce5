"""The current taste, beside the chat: prose, facts with their strength, and what changed last."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from memory.preferences import Edit, Fact, Preference
from memory.taste_wording import POLARITIES, fact_line
from ui.frame import TASTE
from ui.look import say

FACTS_SHOWN = 10
_SIGNS = {"add": "+", "strengthen": "↑", "weaken": "↓", "retract": "−"}


def draw_taste(preference: Preference, address: Mapping[str, str]) -> None:
    """Draw what is believed about a person now; for someone unknown, how to begin. A bar is a fact's strength.

    address: of the conversation, for the link to all of it.
    """
    st.subheader("Your taste", anchor=False)
    if preference.version == 0:
        st.caption("Nothing yet. Say what you like, or give a thumb to a card: this is rewritten as you go.")
        return
    if preference.prose:
        say(preference.prose, key="prose-taste")
    facts = preference.holding
    for polarity, heading in POLARITIES.items():
        _draw_facts(heading, polarity, [fact for fact in facts[:FACTS_SHOWN] if fact.polarity == polarity])
    if rest := facts[FACTS_SHOWN:]:
        with st.expander(f"{len(rest)} weaker"):
            for number, fact in enumerate(rest):
                say(f"{fact.polarity.replace('_', ' ')} {fact.aspect}: {fact.value}", key=f"small-fact-rest-{number}")
    if changes := edit_lines(preference.edits):
        with st.expander("What changed last"):
            for number, line in enumerate(changes):
                say(line, key=f"small-edit-{number}")
    st.page_link(TASTE, label=f"All of it, version {preference.version}", query_params=address)


def edit_lines(edits: tuple[Edit, ...]) -> list[str]:
    """The changes of a fold, a line each with its reason: `+ like subject: fox (asked for it)`."""
    lines = []
    for edit in edits:
        if edit.op in _SIGNS:
            told = f"{_SIGNS[edit.op]} {edit.polarity.replace('_', ' ')} {edit.aspect}: {edit.value}"
            lines.append(f"{told} ({edit.reason})" if edit.reason else told)
    return lines


def _draw_facts(heading: str, polarity: str, facts: list[Fact]) -> None:
    if not facts:
        return
    say(heading, key=f"small-heading-{polarity}")
    for number, fact in enumerate(facts):
        key = f"{polarity}-{number}"
        with st.container(key=f"bar-fact-{key}", horizontal=True, vertical_alignment="center", gap="small"):
            say(fact_line(fact), key=f"small-fact-{key}")
            st.progress(fact.strength, width=64)
