"""A catalogue brought along: files sent, looked at, their columns named, imported, and what was refused."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import streamlit as st

from ui.choosing import open_thread
from ui.conversation import in_words
from ui.first_run import Step
from ui.gate import may_manage, still_admitted
from ui.look import say
from ui.opening import host
from ui.plain import escaped

if TYPE_CHECKING:
    from graphs.session import Session
    from graphs.uploading import Columns, Imported, Preview
    from ui.host import Running

LOOK_S = 0.5
NONE = "none"
REFUSED_SHOWN = 20
TYPES = ["csv", "tsv", "jsonl", "parquet", "jpg", "jpeg", "png", "webp"]


@dataclass
class _Import:
    """One import that was begun in this window. done: what it came to, once it is over."""

    running: Running[Step]
    done: list[Imported]


def draw_import(session: Session) -> None:
    """Draw the panel, closed until it is wanted. Where people sign in, nobody brings catalogues in for all."""
    if not may_manage():
        return
    begun: _Import | None = st.session_state.get("importing")
    with st.expander(
        "Bring in a catalogue of your own", icon=":material/upload_file:", key="import", expanded=begun is not None
    ):
        if begun is not None and not begun.running.over:
            st.fragment(still_admitted(_draw_progress), run_every=LOOK_S)(begun)
            return
        if begun is not None:
            _draw_end(begun)
        st.caption("A table with a row for each item (CSV, JSON lines or Parquet), and its pictures if there are any.")
        sent = st.file_uploader("Files", type=TYPES, accept_multiple_files=True, key="import-files")
        if sent:
            _draw_sent([(one.name, one.getvalue()) for one in sent], session)


def _draw_progress(begun: _Import) -> None:
    """How far it is, whichever page was looked at meanwhile."""
    if begun.running.over:
        st.rerun()  # the whole page: there is a new catalogue, or a reason why not
    steps = begun.running.after(0, timeout_s=0)
    step = steps[-1] if steps else Step("beginning", 0, 0)
    st.progress(step.share, escaped(step.told))


def _draw_end(begun: _Import) -> None:
    if (error := begun.running.error) is not None:
        st.error(escaped(in_words(error)), icon=":material/error:")
        _draw_refused([str(row) for row in getattr(error, "refused", ())])
    elif begun.done:
        _draw_imported(begun.done[0])


def _draw_sent(files: list[tuple[str, bytes]], session: Session) -> None:
    from graphs.uploading import lay_down, preview

    digest = hashlib.sha256(b"".join(name.encode() + data for name, data in files)).hexdigest()
    try:
        if st.session_state.get("laid-down", ("",))[0] != digest:
            st.session_state["laid-down"] = digest, lay_down(files)
        folder: TemporaryDirectory[str] = st.session_state["laid-down"][1]
        found = preview(Path(folder.name))
    except Exception as error:
        st.error(escaped(in_words(error)), icon=":material/error:")
        return
    st.dataframe(found.rows, hide_index=True)
    for number, note in enumerate(found.notes):
        say(note, key=f"small-import-note-{number}")
    columns = _draw_columns(found, digest[:8])
    name = st.text_input("Name of the catalogue", key="import-name", placeholder="letters, digits, - and _").strip()
    if st.button("Import", key="import-go", type="primary", disabled=not name):
        _import(session, folder, name, columns)


def _draw_columns(found: Preview, key: str) -> Columns:
    from graphs.uploading import Columns

    guessed, every = found.guessed, list(found.columns)
    left, right = st.columns(2)
    item_id = left.selectbox("Id", every, every.index(guessed.id), key=f"column-id-{key}")
    title = right.selectbox("Title", every, every.index(guessed.title), key=f"column-title-{key}")
    pictures = [NONE, *every]
    picture = left.selectbox("Picture", pictures, pictures.index(guessed.picture or NONE), key=f"column-picture-{key}")
    text = right.multiselect("Text", every, list(guessed.text), key=f"column-text-{key}")
    return Columns(item_id, title, tuple(text), "" if picture == NONE else picture)


def _import(session: Session, folder: TemporaryDirectory[str], name: str, columns: Columns) -> None:
    """Begin it. The folder is held until the end, also where the window is closed meanwhile."""
    from graphs.uploading import import_upload

    done: list[Imported] = []

    async def work(put: Callable[[Step], None]) -> None:
        def report(what: str, at: int, of: int | None) -> None:
            put(Step(what, at, of or 0))

        place = Path(folder.name)
        done.append(await asyncio.to_thread(import_upload, session.services, place, name, columns, report))

    st.session_state.importing = _Import(host().once(f"import {name}", work), done)
    st.rerun()


def _draw_imported(done: Imported) -> None:
    st.success(f"{done.items:,} items are in {escaped(done.name)}, {done.pictured:,} with a picture.")
    _draw_refused([str(row) for row in done.refused])
    st.button(
        "Look at it",
        key="import-open",
        icon=":material/grid_view:",
        on_click=_look_at,
        args=(done.name,),
    )


def _look_at(name: str) -> None:
    st.session_state.pop("importing", None)
    open_thread("", name)


def _draw_refused(rows: list[str]) -> None:
    if not rows:
        return
    say(f"{len(rows):,} rows were refused, or taken without what was wrong in them:", key="small-refused")
    for number, row in enumerate(rows[:REFUSED_SHOWN]):
        say(row, key=f"small-refused-{number}")
    if len(rows) > REFUSED_SHOWN:
        say(f"and {len(rows) - REFUSED_SHOWN:,} more", key="small-refused-more")
