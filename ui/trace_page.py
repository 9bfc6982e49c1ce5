"""One turn as it was recorded: why these items, and everything that led to them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from catalog.pictures import PictureError
from memory.taste_history import prose_diff
from tracing.events import DecisionRow, ModelCall, Note, PreferenceChange, StepEnded, Trace
from tracing.reading import (
    Narrowing,
    Span,
    cost_told,
    decision_table,
    narrowing,
    parts_named,
    ranked,
    spans,
    time_told,
    whole_seconds,
    why_line,
)
from ui.cards import KINDS
from ui.diffs import draw_prose_diff
from ui.frame import CHAT
from ui.look import draw_bar, say
from ui.pictures import draw_picture, picture_words
from ui.plain import escaped, plain
from ui.replay_panel import draw_replay
from ui.taste_panel import edit_lines

if TYPE_CHECKING:
    from catalog.items import Catalogue
    from graphs.conversations import Conversations
    from graphs.session import Session

_PICKED = "background-color: rgba(242, 193, 78, 0.35)"
_SHOWN = "font-weight: 650"


def draw_trace(trace: Trace, own: Conversations, session: Session, *, item_id: str, address: Mapping[str, str]) -> None:
    """Draw the whole trace; sections without anything to say are left out. item_id: whose place is in question."""
    _draw_head(trace, address)
    if not trace.started.replay_of:
        draw_replay(trace, own, session, address)
    catalogue = session.catalogue if session.catalogue.name == trace.started.catalogue else None
    if item_id:
        _draw_why(trace, session, catalogue, item_id)
    _draw_path(trace)
    _draw_funnel(trace)
    _draw_decisions(trace, catalogue, item_id)
    _draw_taste(trace)
    _draw_steps(trace)
    _draw_calls(trace, session)
    _draw_changes(trace)
    _draw_notes(trace)
    if trace.ended is not None and trace.ended.reply:
        st.subheader("Reply", anchor=False)
        say(trace.ended.reply, key="reply")


def _draw_head(trace: Trace, address: Mapping[str, str]) -> None:
    from tracing.export import to_json

    started = trace.started
    st.header("A replay" if started.replay_of else "One turn", anchor=False)
    with st.container(gap="xxsmall"):
        _draw_facts(trace)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        link = {**address, "thread": started.thread_id}
        st.page_link(CHAT, label="The conversation", icon=":material/chat:", query_params=link)
        st.download_button(
            "Export as JSON",
            data=lambda: to_json(trace).encode("utf-8", "backslashreplace"),
            file_name=f"trace-{started.trace_id}.json",
            mime="application/json",
            type="tertiary",
            icon=":material/download:",
            on_click="ignore",
            key="export-trace",
        )


def _draw_facts(trace: Trace) -> None:
    """What was said, when, and what it took."""
    started, ended = trace.started, trace.ended
    say(started.message or "A picture, without words", key="title-message")
    when = f"{started.at.astimezone():%d %B %Y, %H:%M:%S} · profile {started.profile} · catalogue {started.catalogue}"
    say(when, key="small-when")
    if ended is None:
        st.warning("The turn was cut off.")
        return
    say(f"{time_told(trace)} · cost {cost_told(trace.cost_usd)}", key="small-time")
    if ended.error:
        st.error(escaped(ended.error), icon=":material/error:")


def _draw_why(trace: Trace, session: Session, catalogue: Catalogue | None, item_id: str) -> None:
    """The item in question, and where it stands."""
    item = catalogue.get(item_id) if catalogue is not None else None
    row = next((row for row in trace.of(DecisionRow) if row.item_id == item_id), None)
    with st.container(border=True, key="why"):
        picture, words = st.columns([1, 3])
        title = item.title if item is not None else item_id
        with picture:
            summary = session.summaries([item_id]).get(item_id, "") if item is not None else ""
            alt = picture_words(title, summary)
            draw_picture(session.pictures, item.picture if item is not None else None, key="why", alt=alt)
        with words, st.container(gap="xsmall"):
            say(f"Why “{title}”?", key="title-why")
            say(why_line(trace, item_id), key="why-line")
            if row is None:
                return
            mass = "" if row.mass is None else f"mass on yes and no {row.mass:.3f}; "
            if row.p_yes is not None:
                say(f"{mass}{KINDS.get(row.kind, row.kind)}", key="small-why-kind")
            parts = [f"{value:+.2f} {name}" for name, value in row.parts.items()]
            if parts:
                say(f"{row.blend:+.2f} = {'  '.join(parts)}", key="figure-why-parts")
            say("Each part is what one signal added, as the profile's blend weighs it.", key="small-why-parts")


def _draw_path(trace: Trace) -> None:
    """The graph of a turn, with the way this one took."""
    from graphs.drawing import path_drawn, path_taken

    steps = [step.step for step in trace.of(StepEnded)]
    if not steps:
        return
    taken = path_taken(steps, whole=trace.ended is not None and not trace.ended.error)
    st.subheader("Path", anchor=False)
    with st.container(key="path"):
        st.graphviz_chart(path_drawn(taken))
    say(" → ".join(name.strip("_").replace("_", " ") for name in taken), key="small-path")


def _draw_funnel(trace: Trace) -> None:
    steps = narrowing(trace)
    if not steps:
        return
    st.subheader("Funnel", anchor=False)
    with st.container(gap="xxsmall"):
        _draw_narrowings(steps)


def _draw_narrowings(steps: Sequence[Narrowing]) -> None:
    for number, step in enumerate(steps):
        count, bar, words = st.columns([1, 2, 5], vertical_alignment="center")
        with count:
            say(f"{step.count:,}", key=f"figure-funnel-{number}")
        with bar:
            draw_bar(0.0, step.count / max(steps[0].count, 1) if steps[0].count >= step.count else 1.0)
        with words:
            dropped = f" (−{step.dropped:,})" if step.dropped else ""
            say(f"{step.step}{dropped}{f': {step.rule}' if step.rule else ''}", key=f"small-funnel-{number}")


def _draw_decisions(trace: Trace, catalogue: Catalogue | None, item_id: str) -> None:
    rows = ranked(trace)
    if not rows:
        return

    def title_of(one: str) -> str:
        item = catalogue.get(one) if catalogue is not None else None
        return plain(item.title if item is not None else one)

    import pandas as pd

    st.subheader("Decisions", anchor=False)
    table = pd.DataFrame(decision_table(trace, title_of))
    styles = [_PICKED if row.item_id == item_id else _SHOWN if row.place is not None else "" for row in rows]
    drawn = table.style.apply(lambda column: styles, axis=0)
    number = st.column_config.NumberColumn(format="%.3f")
    parts = {f"+ {name}": number for name in parts_named(rows)}
    st.dataframe(
        drawn,
        hide_index=True,
        column_config={
            "place": st.column_config.NumberColumn(format="%d"),
            "p(yes)": number,
            "mass": number,
            "blend": number,
        }
        | parts,
        alt="Each candidate with p(yes), the parts of its blend, and its place in the slate",
        key="decisions",
    )
    st.caption(
        "The parts add up to the blend. Places follow the blend, except that the slate prefers items that differ."
    )


def _draw_taste(trace: Trace) -> None:
    for number, change in enumerate(trace.of(PreferenceChange)):
        st.subheader(f"Taste: version {change.before_version} → {change.after_version}", anchor=False)
        for line, told in enumerate(edit_lines(change.edits)):
            say(told, key=f"taste-{number}-{line}")
        draw_prose_diff(prose_diff(change.prose_before, change.prose_after))


def _draw_steps(trace: Trace) -> None:
    drawn, whole = spans(trace), whole_seconds(trace)
    if not drawn:
        return
    st.subheader("Steps", anchor=False)
    with st.container(gap="xxsmall"):
        _draw_spans(drawn, whole)


def _draw_spans(drawn: Sequence[Span], whole: float) -> None:
    for number, span in enumerate(drawn):
        name, bar, took = st.columns([4, 5, 1.4], vertical_alignment="center")
        call = isinstance(span.event, ModelCall)
        with name:
            say(f"{'↳ ' if call else ''}{span.name}", key=f"{'small-' if call else ''}step-{number}")
        with bar:
            draw_bar(*span.bar(whole), call=call)
        with took:
            say(f"{span.seconds * 1000:,.0f} ms", key=f"small-step-took-{number}")
        if span.event.error:
            st.error(escaped(span.event.error), icon=":material/error:")


def _draw_calls(trace: Trace, session: Session) -> None:
    calls = list(trace.of(ModelCall))
    if not calls:
        return
    st.subheader("Model calls", anchor=False)
    for number, call in enumerate(calls):
        wrong = " · went wrong" if call.error else ""
        label = f"{call.role} · {call.prompt or call.kind} · {call.seconds:.2f} s{wrong}"
        icon = ":material/error:" if call.error else None
        box = st.expander(escaped(label), icon=icon, key=f"call-{number}", on_change="rerun")
        if box.open:
            with box:
                _draw_call(call, number, session)


def _draw_call(call: ModelCall, number: int, session: Session) -> None:
    tokens = f"{call.input_tokens:,} tokens in ({call.cached_tokens:,} cached), {call.output_tokens:,} out"
    retries = f" · {call.retries} retr{'y' if call.retries == 1 else 'ies'}" if call.retries else ""
    say(f"{call.model} · {tokens} · cost {cost_told(call.cost_usd)}{retries}", key=f"small-call-{number}")
    if call.parameters:
        say(_as_text(call.parameters), key=f"small-parameters-{number}")
    if call.error:
        st.error(escaped(call.error), icon=":material/error:")
    for place, content_hash in enumerate(call.pictures):
        try:
            picture = session.pictures.thumbnail(content_hash, 240)
            st.image(picture, width=120, alt=f"picture {place + 1} that the model was shown")
        except PictureError:
            say(f"picture {content_hash[:12]}… is not in the store any more", key=f"small-gone-{number}-{place}")
    for heading, text in (("Asked", call.rendered), ("Answered", call.output)):
        if text:
            st.caption(heading)
            st.code(plain(text), language=None, wrap_lines=True)


def _draw_changes(trace: Trace) -> None:
    steps = [step for step in trace.of(StepEnded) if step.state_changes]
    if not steps:
        return
    st.subheader("What each step changed", anchor=False)
    for step in steps:
        with st.expander(escaped(f"{step.step}: {', '.join(step.state_changes)}")):
            for name, value in step.state_changes.items():
                st.caption(escaped(name))
                st.code(plain(_as_text(value)), language=None, wrap_lines=True)


def _draw_notes(trace: Trace) -> None:
    notes = list(trace.of(Note))
    if notes:
        st.subheader("Notes", anchor=False)
    for number, note in enumerate(notes):
        say(f"{note.what}: {note.detail}" if note.detail else note.what, key=f"note-line-{number}")


def _as_text(value: object) -> str:
    """A recorded value, as JSON that a person reads."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2, default=str)
