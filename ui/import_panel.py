"""A catalogue brought along: files sent, looked at, their columns named, imported, and what was refused."""

from __future__ import annotations

import asyncio
import hashlib
import threading
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

IMPORT = "an import"  # the name of work that is begun once
BEGINNING = Step("beginning", 0, 0)
LOOK_S = 0.5
NONE = "none"
REFUSED_SHOWN = 20
TYPES = ["csv", "tsv", "jsonl", "parquet", "jpg", "jpeg", "png", "webp"]


@dataclass(frozen=True)
class _Told:
    """What an import tells of itself. imported: what it came to. stopped: in words, where it was."""

    name: str
    step: Step = BEGINNING
    imported: Imported | None = None
    stopped: str = ""


def draw_import(session: Session) -> None:
    """Draw the panel, closed until it is wanted. Where people sign in, nobody brings catalogues in for all.

    One import runs at a time; whoever opens the page meanwhile sees how far it is.
    """
    if not may_manage():
        return
    running: Running[_Told] | None = host().named(IMPORT)
    if running is not None and not running.over:
        st.session_state.importing = running
    shown: Running[_Told] | None = st.session_state.get("importing")
    with st.expander(
        "Bring in a catalogue of your own", icon=":material/upload_file:", key="import", expanded=shown is not None
    ):
        if shown is not None and not shown.over:
            st.fragment(still_admitted(_draw_progress), run_every=LOOK_S)(shown)
            return
        if shown is not None:
            _draw_end(shown, session)
        st.caption("A table with a row for each item (CSV, JSON lines or Parquet), and its pictures if there are any.")
        sent = st.file_uploader("Files", type=TYPES, accept_multiple_files=True, key="import-files")
        if sent:
            _draw_sent([(one.name, one.getvalue()) for one in sent], session)


def _draw_progress(running: Running[_Told]) -> None:
    """How far it is, whichever page was looked at meanwhile, and the button that ends it."""
    if running.over:
        st.rerun()  # the whole page: there is a new catalogue, or a reason why not
    told = _latest(running)
    doing = "stopping after the batch under way, and taking back what was done" if running.stopped else told.step.told
    st.progress(told.step.share, escaped(f"{told.name}: {doing}"))
    st.button("Stop", key="stop-import", icon=":material/stop_circle:", disabled=running.stopped, on_click=running.stop)


def _latest(running: Running[_Told]) -> _Told:
    told = running.after(0, timeout_s=0)
    return told[-1] if told else _Told("Import")


def _draw_end(running: Running[_Told], session: Session) -> None:
    """The catalogue it came to, that it was stopped, or what went wrong and what is there all the same."""
    told = _latest(running)
    if told.imported is not None:
        _draw_imported(told.imported)
    elif told.stopped:
        st.info(escaped(told.stopped), icon=":material/stop_circle:")
    elif (error := running.error) is not None:
        there = any(info.name == told.name for info in session.services.catalogues.names())
        begun = there and type(error).__name__ != "ImportFailed"  # which comes before anything is kept
        kept = f" What is done stays done: {told.name} is there, and goes on with what is missing." if begun else ""
        st.error(escaped(in_words(error) + kept), icon=":material/error:")
        _draw_refused([str(row) for row in getattr(error, "refused", ())])
        if begun:
            _draw_way_to(told.name)


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
    from graphs.uploading import ImportStopped, import_upload

    async def work(put: Callable[[_Told], None]) -> None:
        put(_Told(name))

        def report(what: str, at: int, of: int | None) -> None:
            put(_Told(name, Step(what, at, of or 0)))

        stop = threading.Event()
        given = session.services, Path(folder.name), name, columns, report, stop.is_set
        try:
            imported = await _ended(asyncio.get_running_loop().run_in_executor(None, import_upload, *given), stop)
        except ImportStopped as stopped:
            put(_Told(name, stopped=in_words(stopped)))
        else:
            put(_Told(name, imported=imported))

    st.session_state.importing = host().once(IMPORT, work)
    st.rerun()


async def _ended(work: asyncio.Future[Imported], stop: threading.Event) -> Imported:
    """What work in a thread came to. A thread cannot be cancelled: it is asked to stop, and waited for all the same."""
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError:
            stop.set()
    return work.result()


def _draw_imported(done: Imported) -> None:
    st.success(f"{done.items:,} items are in {escaped(done.name)}, {done.pictured:,} with a picture.")
    _draw_refused([str(row) for row in done.refused])
    _draw_way_to(done.name)


def _draw_way_to(name: str) -> None:
    st.button("Look at it", key="import-open", icon=":material/grid_view:", on_click=_look_at, args=(name,))


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
