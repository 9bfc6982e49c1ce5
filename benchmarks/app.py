"""How long the app's pages of traces take on the server's side, with many traces and with many candidates.

Prints one JSON object, in seconds: medians of whole runs of a page's script, as a browser asks for it, without the
network and without the browser's drawing; beside each the processor's seconds, which a busy machine does not lengthen.
No model is loaded: the turns are made up, all of one person. With `--home`, the app is measured in Chromium instead,
see `benchmarks/app_browser.py`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from graphs.session import Session
    from tracing.events import Trace

ROOT = Path(__file__).resolve().parent.parent
TRACES, THREADS, CANDIDATES, ROUNDS = 100_000, 2_000, 50, 5
LIST_BOUND_S, TRACE_BOUND_S = 0.7, 0.5


class NoEmbedder:
    """Every text lies in the same direction: nothing is searched here."""

    name, dims, in_process = "none", 8, True

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """A row a text, all alike."""
        return np.full((len(texts), self.dims), self.dims**-0.5, dtype=np.float32)


def made_up(trace_id: str, thread_id: str, candidates: int) -> Trace:
    from tracing.events import DecisionRow, FunnelStep, ModelCall, StepEnded, Trace, TurnEnded, TurnStarted

    started = TurnStarted(
        trace_id=trace_id, user_id="me", thread_id=thread_id, profile="demo", catalogue="prints",
        message="something calm for my study", at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    steps = [StepEnded(step=f"step {number}", seconds=0.1, after_s=0.1 * number) for number in range(10)]
    calls = [ModelCall(role="responder", model="m", rendered="x" * 2000, output="y" * 500) for _ in range(5)]
    funnel = [FunnelStep(step=f"rule {number}", count=1000 - number) for number in range(7)]
    parts = {"model": 0.5, "semantic": 0.1, "cooccurrence": 0.0, "popularity": 0.1}
    rows = [
        DecisionRow(item_id=f"i{n}", p_yes=0.5, kind="local", parts=parts, blend=0.7, place=n + 1 if n < 4 else None)
        for n in range(candidates)
    ]
    return Trace(events=(started, *steps, *calls, *funnel, *rows, TurnEnded(reply="Here.", slate=("i0",))))


def open_app(home: Path) -> Session:
    from catalog.items import Item
    from graphs.services import Services
    from graphs.session import Session
    from graphs.setup import store_catalogue
    from profiles.settings import load_profile

    profile = load_profile("demo", {"stores.home": str(home), "catalogue": "prints"}, {}).profile
    services = Services.open(profile, embedder=NoEmbedder())
    store_catalogue(services, "prints", (), [Item(item_id=f"i{n}", title=f"Print {n}") for n in range(60)], ())
    return Session(services, "prints")


def fill(session: Session, count: int) -> None:
    """Many small traces at once: one is kept, and the database copies its row."""
    from sqlalchemy import text

    from memory.database import metadata, writing

    session.traces.save(made_up("t0", "thread-0", 0))
    names = [column.name for column in metadata.tables["traces"].columns if column.name != "number"]
    made = {"trace_id": "'t' || n", "thread_id": f"'thread-' || (n % {THREADS})"}
    copied = ", ".join(made.get(name, name) for name in names)
    numbers = f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count - 1})"
    with writing(session.services.engine, synced=False) as connection:
        connection.execute(
            text(f"INSERT INTO traces ({', '.join(names)}) {numbers} SELECT {copied} FROM numbers, traces")
        )


def timed(name: str, work: Callable[[], object]) -> dict[str, float]:
    """Medians of the seconds that passed and of those the process worked."""
    passed, worked = list[float](), list[float]()
    for _ in range(ROUNDS):
        began, busy = time.perf_counter(), time.process_time()
        work()
        passed.append(time.perf_counter() - began)
        worked.append(time.process_time() - busy)
    return {f"{name}_s": round(statistics.median(passed), 3), f"{name}_cpu_s": round(statistics.median(worked), 3)}


def nothing() -> Callable[[], object]:
    """A script that draws one word: what Streamlit itself takes for any page."""
    from streamlit.testing.v1 import AppTest

    opened: Any = AppTest.from_string("import streamlit\n\nstreamlit.text('nothing')", default_timeout=300)
    opened.run()
    return lambda: opened.run()


def page(view: str, **address: str) -> Callable[[], object]:
    """A page that was opened once, to be run again."""
    from streamlit.testing.v1 import AppTest

    opened: Any = AppTest.from_file(str(ROOT / "ui" / "app.py"), default_timeout=300)
    opened.run()
    opened.switch_page(f"views/{view}.py")
    for name, value in address.items():
        opened.query_params[name] = value
    opened.run()
    if opened.exception:
        raise SystemExit(f"the page {view} failed: {opened.exception[0].value}")
    return lambda: opened.run()


def pages_of_traces(traces: int) -> dict[str, Any]:
    """The figures of the pages, with so many turns kept."""
    import ui.host
    from graphs.conversations import Conversations

    with tempfile.TemporaryDirectory() as folder:
        session = open_app(Path(folder))
        ui.host.open_session = lambda profile, catalogue="": session
        fill(session, traces)
        session.traces.save(made_up("big", "thread-big", CANDIDATES))
        own = Conversations.of(session.services, "me")
        figures = {
            "traces": traces,
            **timed("newest_turns", lambda: own.turns(limit=21)),
            **timed("conversations", lambda: own.list(limit=9)),
            **timed("search", lambda: own.list("calm study", limit=9)),
            **timed("streamlit_alone", nothing()),
            **timed("list_page", page("traces")),
            "list_bound_s": LIST_BOUND_S,
            "candidates": CANDIDATES,
            **timed("trace_page", page("traces", trace="big", item="i3")),
            "trace_bound_s": TRACE_BOUND_S,
            **timed("catalogue_page", page("catalogue")),
        }
        session.services.close()
        return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--traces", type=int, default=TRACES)
    parser.add_argument("--home", type=Path, help="a folder of stores with the demo in it: measure in a browser")
    parser.add_argument("--profile", default="demo")
    parser.add_argument("--people", type=int, default=10)
    given = parser.parse_args()
    if given.home is None:
        figures = pages_of_traces(given.traces)
    else:
        from benchmarks.app_browser import measured

        figures = measured(given.home, profile=given.profile, people=given.people, rounds=ROUNDS)
    print(json.dumps({"benchmark": "app", **figures}, indent=2), flush=True)


if __name__ == "__main__":
    main()
