"""Two turns side by side: what each took, whom each chose, and what each model said."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

import streamlit as st

from tracing.comparing import compared_figures, compared_items
from tracing.events import ModelCall, Trace
from ui.look import say
from ui.plain import escaped, plain

if TYPE_CHECKING:
    from catalog.items import Catalogue


def draw_comparison(one: Trace, other: Trace, catalogue: Catalogue | None) -> None:
    """Draw both; the second is often a replay of the first. catalogue: for titles; None where it is another's."""
    st.header("Side by side", anchor=False)
    say(one.started.message or "A picture, without words", key="title-message")
    names = (_name(one, "the first"), _name(other, "the second"))
    _draw_figures(one, other, names)
    _draw_items(one, other, names, catalogue)
    replies = [trace.ended.reply if trace.ended is not None else "" for trace in (one, other)]
    _draw_texts("Reply", replies[0], replies[1], names)
    _draw_calls(one, other, names)


def _name(trace: Trace, which: str) -> str:
    return f"{which}: {'replay on ' if trace.started.replay_of else ''}{trace.started.profile}"


def _draw_figures(one: Trace, other: Trace, names: tuple[str, str]) -> None:
    for number, words in enumerate([("", *names), *compared_figures(one, other)]):
        columns = st.columns([1, 2, 2])
        for place, (column, told) in enumerate(zip(columns, words, strict=True)):
            with column:
                look = "title" if number == 0 else "small" if place == 0 else "figure"
                say(told, key=f"{look}-compared-{number}-{place}")


def _draw_items(one: Trace, other: Trace, names: tuple[str, str], catalogue: Catalogue | None) -> None:
    items = compared_items(one, other)
    if not items:
        return
    import pandas as pd

    def title(item_id: str) -> str:
        item = catalogue.get(item_id) if catalogue is not None else None
        return plain(item.title if item is not None else item_id)

    st.subheader("Candidates", anchor=False)
    table = pd.DataFrame(
        [
            {
                "candidate": title(item.item_id),
                "place, first": item.places[0],
                "place, second": item.places[1],
                "p(yes), first": item.p_yes[0],
                "p(yes), second": item.p_yes[1],
                "difference": item.difference,
            }
            for item in items
        ]
    )
    number, whole = st.column_config.NumberColumn(format="%.3f"), st.column_config.NumberColumn(format="%d")
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            **dict.fromkeys(("place, first", "place, second"), whole),
            **dict.fromkeys(("p(yes), first", "p(yes), second", "difference"), number),
        },
        alt="Each candidate with its place and p(yes) in both turns",
        key="compared-items",
    )


def _draw_calls(one: Trace, other: Trace, names: tuple[str, str]) -> None:
    """Each call of the second beside the call of the first that served the same role in the same step."""
    waiting = [call for call in one.of(ModelCall) if call.kind != "embed"]
    calls = [call for call in other.of(ModelCall) if call.kind != "embed"]
    if calls:
        st.subheader("Model calls", anchor=False)
    for number, call in enumerate(calls):
        twin = next((known for known in waiting if (known.role, known.step) == (call.role, call.step)), None)
        if twin is not None:
            waiting.remove(twin)
        box = st.expander(escaped(f"{call.role} · {call.prompt or call.kind}"), expanded=len(calls) == 1)
        with box:
            if twin is None or twin.rendered != call.rendered:
                _draw_texts("Asked", twin.rendered if twin is not None else "", call.rendered, names, key=number)
            _draw_texts(
                "Answered", _answer(twin) if twin is not None else "no such call", _answer(call), names, key=number
            )


def _answer(call: ModelCall) -> str:
    return call.error or call.output


def _draw_texts(heading: str, first: str, second: str, names: tuple[str, str], key: int | str = "whole") -> None:
    if not (first or second):
        return
    st.caption(heading)
    for place, (column, text, name) in enumerate(zip_longest(st.columns(2), (first, second), names)):
        with column:
            say(name, key=f"small-{heading}-{key}-{place}")
            st.code(plain(text) or "nothing", language=None, wrap_lines=True)
