"""The page of results: what evaluations came to, and running one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from ui.conversation import Conversation, in_words
from ui.evaluating import EVALUATION, evaluate, memory_command
from ui.first_run import Step
from ui.gate import may_manage, still_admitted
from ui.look import say
from ui.opening import draw_error, host
from ui.plain import escaped, plain
from ui.thread_list import opened_beside_threads

if TYPE_CHECKING:
    from graphs.results import Result, ResultStore, ResultTable
    from graphs.session import Session
    from ui.host import Running

LOOK_S = 1.0
SHOWN = 20
BLOCKS = (4, 8, 20, 50, 100)
KINDS = {
    "memory": "The memory, gauged by simulated people",
    "blend": "A fitted blend of the signals",
    "training": "A trained model",
}
_TAUGHT = """
Nothing was evaluated yet. What is, is kept here with its figures and plots:

- **the memory**: simulated people whose taste is known live through likes and dislikes; is what Palate believes of them
  true, does it follow a change of heart, does it keep what was pinned? Begin one above, or write
  `palate evaluate memory`.
- **the blend**: how well the catalogue's own signals rank what people liked: `palate blend fit`.
- **a model** fine-tuned on what people did: `palate train`.
"""


def draw_results() -> None:
    """Draw what can be run, then every result that is kept, the newest first."""
    talk: Conversation = st.session_state.talk
    session = opened_beside_threads(talk)
    if session is None:
        return
    from graphs.results import ResultStore

    st.header("Results", anchor=False)
    if may_manage():
        st.fragment(still_admitted(_draw_run), run_every=LOOK_S if _under_way() else None)(talk, session)
    try:
        _draw_kept(ResultStore(session.services.profile.stores.results))
    except Exception as error:
        draw_error(in_words(error), key="results-again")


def _under_way() -> Running[Step] | None:
    running = host().named(EVALUATION)
    return running if running is not None and not running.over else None


def _draw_run(talk: Conversation, session: Session) -> None:
    """The form that begins an evaluation; while one is under way, whoever began it, its progress and its end."""
    with st.container(border=True):
        if (running := _under_way()) is not None:
            st.session_state.evaluation_seen = running
            steps = running.after(0, timeout_s=0)
            step = steps[-1] if steps else Step("beginning", 0, 0)
            st.progress(step.share, f"Gauging the memory: {escaped(step.told)}")
            st.button("Stop", key="stop-evaluation", icon=":material/stop_circle:", on_click=running.stop)
            return
        if (ended := st.session_state.pop("evaluation_seen", None)) is not None:
            st.session_state.evaluation_ended = ended
            st.rerun()  # the whole page: there is a new result
        _draw_end(st.session_state.get("evaluation_ended"))
        _draw_form(talk, session)


def _draw_end(ended: Running[Step] | None) -> None:
    if ended is None:
        return
    if ended.stopped:
        st.info("Stopped; nothing of it was kept.")
    elif ended.error is not None:
        st.error(escaped(in_words(ended.error)), icon=":material/error:")


def _draw_form(talk: Conversation, session: Session) -> None:
    st.markdown(
        "**Gauge the memory.** Simulated people live in an empty shop, and the models of this profile fold what they "
        "do. Nothing of yours is read or changed. More people make the figures surer, more blocks look further; both "
        "take longer."
    )
    left, right = st.columns(2)
    people = left.slider("People", 2, 32, 4, 2, key="evaluation-people")
    blocks = right.select_slider("Blocks of each", BLOCKS, 8, key="evaluation-blocks")
    if st.button("Run", key="run-evaluation", type="primary", icon=":material/play_arrow:"):
        home = session.services.profile.stores.home
        command = memory_command(talk.profile, home, people=people, blocks=blocks)
        st.session_state.evaluation_seen = host().once(EVALUATION, partial(evaluate, command))
        st.rerun()


def _draw_kept(store: ResultStore) -> None:
    from graphs.results import ResultUnusable

    ids = store.ids()
    if not ids:
        st.markdown(_TAUGHT)
    for place, result_id in enumerate(ids[:SHOWN]):
        try:
            result = store.read(result_id)
        except ResultUnusable as error:
            st.error(escaped(in_words(error)), icon=":material/error:")
            continue
        label = f"{KINDS[result.kind]} · {result.made_at.astimezone():%d %B %Y, %H:%M}"
        box = st.expander(escaped(label), expanded=place == 0, key=f"result-{result_id}", on_change="rerun")
        if box.open:
            with box:
                _draw_result(result, result_id, store)
    if len(ids) > SHOWN:
        st.caption(f"The {SHOWN} newest of {len(ids)}; the rest lie in the folder of the stores, under `results`.")


def _draw_result(result: Result, result_id: str, store: ResultStore) -> None:
    if result.settings:
        told = " · ".join(f"{name}: {value}" for name, value in result.settings.items())
        say(told, key=f"small-settings-{result_id}")
    for name in result.plots:
        if (picture := store.plot(result_id, name)) is not None:
            alt = f"{KINDS[result.kind]}: a plot of the figures in the tables below"
            st.image(picture, width="stretch", alt=alt)
    for number, table in enumerate(result.tables):
        say(table.title, key=f"title-table-{result_id}-{number}")
        _draw_table(table, key=f"table-{result_id}-{number}")
    if any(one.low is not None for table in result.tables for row in table.rows.values() for one in row.values()):
        st.caption("In brackets the 95 % interval: how far the figure may be off, by the people or lists it rests on.")


def _draw_table(table: ResultTable, *, key: str) -> None:
    import pandas as pd

    columns = table.columns
    rows = [
        {table.heading: plain(name), **{one: str(row[one]) if one in row else "" for one in columns}}
        for name, row in table.rows.items()
    ]
    st.table(pd.DataFrame(rows).set_index(table.heading))
