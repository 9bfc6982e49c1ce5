"""The app with a session that follows a script, and what tests of its pages share."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest
from PIL import Image

from agents.events import Progress, SlateReady, TextDelta, TurnDone, TurnEvent, TurnResult
from agents.state import Citation, FunnelStep, SlateItem, TurnState
from catalog.items import AttributeSpec, Catalogue, Item
from catalog.pictures import PictureStore
from graphs.threads import Threads
from memory.database import open_engine
from memory.event_log import EventLog
from memory.marks import Marks
from memory.preferences import Edit, Fact, Preference
from memory.replaced_turns import ReplacedTurns
from memory.thread_branches import ThreadBranches
from memory.thread_names import ThreadNames
from tracing.storage import TraceStore

testing = pytest.importorskip("streamlit.testing.v1", reason="the page needs Streamlit: pip install 'palate[ui]'")
APP = Path(__file__).resolve().parent.parent / "ui" / "app.py"
NOW = datetime(2026, 1, 1, tzinfo=UTC)

PAYLOADS = (
    "<script>alert(1)</script>",
    '<img src="https://evil.example/x.png" onerror="alert(1)">',
    "![seen](https://evil.example/pixel.png)",
    "[click](javascript:alert(1))",
    "# a heading\n\n- a list\n\n    code\n\n> quote",
    "**bold** _it_ ~~gone~~ `code`",
    "```\nfence\n```",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "https://evil.example and www.evil.example and a@evil.example",
    "<https://evil.example>",
    "&lt;b&gt; &#60;b&#62;",
    "$\\frac{1}{2}$ and $$x$$",
    ":smile: :material/delete: :red[red] :streamlit:",
    "\\<b\\> \\*x\\*",
    "[ref]: https://evil.example\n[ref]",
)


def picture_bytes(colour: str = "teal") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(data, "PNG")
    return data.getvalue()


@dataclass
class ScriptedSession:
    """Does what `graphs.session.Session` does, by a script. asked and told: what reached it."""

    pictures: PictureStore
    catalogue: Catalogue
    script: Callable[[str], Sequence[TurnEvent | Exception]]
    preferences: dict[str, Preference] = field(default_factory=dict)
    histories: dict[tuple[str, str], tuple[TurnState, ...]] = field(default_factory=dict)
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    told: list[tuple[str, str, str]] = field(default_factory=list)
    replaced: list[tuple[str, ...]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    cost_usd: float | None = None
    kept: dict[str, str] = field(default_factory=dict)
    described: dict[str, str] = field(default_factory=dict)
    undescribed: list[Item] = field(default_factory=list)

    def __post_init__(self) -> None:
        home = self.pictures.root.parent
        engine = open_engine(f"sqlite:///{home / 'palate.sqlite'}")
        self.services = SimpleNamespace(
            traces=TraceStore(engine),
            replays=TraceStore(engine, replays=True),
            threads=Threads(home / "threads.sqlite"),
            thread_names=ThreadNames(engine),
            thread_branches=ThreadBranches(engine),
            replaced=ReplacedTurns(engine, EventLog(engine)),
            marks=Marks(home / "marks"),
            items=SimpleNamespace(unsummarised=lambda catalogue: self.undescribed, unindexed=lambda catalogue: []),
            profile=SimpleNamespace(auth=None, catalogue=self.catalogue.name),
        )

    @property
    def traces(self) -> Any:
        return SimpleNamespace(get=lambda trace_id: SimpleNamespace(cost_usd=self.cost_usd))

    def summaries(self, item_ids: Iterable[str]) -> dict[str, str]:
        return {item_id: self.described[item_id] for item_id in item_ids if item_id in self.described}

    def thumbs(self, user_id: str, item_ids: Iterable[str]) -> dict[str, str]:
        return {item_id: self.kept[item_id] for item_id in item_ids if item_id in self.kept}

    def taste(self, user_id: str) -> Preference:
        return self.preferences.get(user_id, Preference(user_id=user_id))

    def keep_upload(self, user_id: str, picture: bytes) -> str:
        return self.pictures.add(picture)

    async def turns(self, user_id: str, thread_id: str) -> tuple[TurnState, ...]:
        return self.histories.get((user_id, thread_id), ())

    async def aclose(self) -> None:
        self.ended.append("closed")

    async def ask(
        self,
        user_id: str,
        message: str,
        *,
        picture: bytes | None = None,
        thread_id: str | None = None,
        turn_id: str = "",
        replaces: Sequence[str] = (),
    ) -> AsyncIterator[TurnEvent]:
        self.replaced += [tuple(replaces)] if replaces else []
        self.asked.append((user_id, message, thread_id))
        try:
            for event in self.script(message):
                await asyncio.sleep(0.01)  # so that the page draws each for itself
                if isinstance(event, Exception):
                    raise event
                yield event
            if message == "wait for ever":
                await asyncio.Event().wait()
        finally:
            self.ended.append(message)

    async def ask_about(
        self, user_id: str, item_id: str, wish: str, *, thread_id: str | None = None, **more: Any
    ) -> AsyncIterator[TurnEvent]:
        async for event in self.ask(user_id, f"{wish} {item_id}", thread_id=thread_id, **more):
            yield event

    async def critique(
        self, user_id: str, item_id: str, said: str, *, thread_id: str | None = None, turn_id: str = ""
    ) -> AsyncIterator[TurnEvent]:
        async for event in self.ask(user_id, f"{said} {item_id}", thread_id=thread_id):
            yield event

    async def undo_critique(
        self, user_id: str, said: str, *, thread_id: str, turn_id: str = ""
    ) -> AsyncIterator[TurnEvent]:
        async for event in self.ask(user_id, f"undo {said}", thread_id=thread_id):
            yield event

    async def give_feedback(
        self, user_id: str, item_id: str, kind: str, *, thread_id: str | None = None, turn_id: str = ""
    ) -> AsyncIterator[TurnEvent]:
        self.told.append((user_id, item_id, kind))
        self.kept.pop(item_id, None)
        if kind == "take_back":
            yield TurnDone(result(reply="", preference=self.taste(user_id)))
            return
        self.kept[item_id] = kind
        edit = Edit(op="add", polarity="like", aspect="subject", value="whale", reason="liked Quiet Hour")
        fact = Fact(polarity="like", aspect="subject", value="whale", strength=0.8, since=NOW)
        taste = Preference(user_id=user_id, version=1, prose="Drawn to whales.", facts=(fact,), edits=(edit,))
        self.preferences[user_id] = taste
        yield TurnDone(result(reply="", preference=taste))


def result(**changes: Any) -> TurnResult:
    given: dict[str, Any] = {
        "thread_id": "t", "trace_id": "trace", "reply": "Here.", "slate": (), "funnel": (),
        "preference": Preference(user_id="me"), "profile": "demo", "seconds": 2.04, "model_seconds": 1.5,
    }  # fmt: skip
    return TurnResult(**(given | changes))


CARD = SlateItem(
    "i1", "Quiet Hour", 0.83, "local", "It is calm.", (Citation("fact", "subject:whale", "like subject: whale"),)
)


def recommends(message: str) -> list[TurnEvent | Exception]:
    funnel = (FunnelStep("catalogue", 600), FunnelStep("filters", 412, "price ≤ 40"), FunnelStep("slate", 1))
    return [
        Progress("understand", "reading your message"),
        Progress("recommend", "judging 20 candidates"),
        SlateReady((SlateItem("i1", "Quiet Hour", 0.83, "local"),)),
        TextDelta("A quiet one.\n"),
        TextDelta("1. Quiet Hour: It is calm."),
        SlateReady((CARD,)),
        TurnDone(result(reply="A quiet one.\n1. Quiet Hour: It is calm.", slate=(CARD,), funnel=funnel)),
    ]


@pytest.fixture
def session(tmp_path: Path) -> ScriptedSession:
    pictures = PictureStore(tmp_path / "pictures")
    schema = (
        AttributeSpec(name="price", kind="number", label="price", unit="EUR"),
        AttributeSpec(name="year", kind="number", unit="year"),
    )
    attributes = {"price": 45.0, "year": 1987.0}
    items = (
        Item(item_id="i1", title="Quiet Hour", attributes=attributes, picture=pictures.add(picture_bytes())),
        Item(item_id="i2", title="Loud Hour", attributes={"price": 30.0}),
    )
    return ScriptedSession(pictures, Catalogue("prints", schema, items), recommends)


@pytest.fixture
def page(session: ScriptedSession, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    import streamlit as st

    monkeypatch.delenv("PALATE_PROFILE", raising=False)
    monkeypatch.setenv("PALATE_HOME", str(session.pictures.root.parent))
    monkeypatch.setattr("ui.host.open_session", lambda profile, catalogue: session)
    st.cache_resource.clear()
    yield testing.AppTest.from_file(str(APP), default_timeout=20)
    st.cache_resource.clear()


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A session on real stores and the real graph; only the models are scripted. Every item has a picture."""
    import streamlit as st

    from tests import world

    st.cache_resource.clear()
    pictures = PictureStore(tmp_path / "pictures")
    items = [
        item.model_copy(update={"picture": pictures.add(picture_bytes(("teal", "orange", "navy")[number % 3]))})
        for number, item in enumerate(world.ITEMS)
    ]
    session = world.open_session(tmp_path, items=items)
    monkeypatch.setattr("ui.host.open_session", lambda profile, catalogue: session)
    monkeypatch.delenv("PALATE_PROFILE", raising=False)
    monkeypatch.setenv("PALATE_HOME", str(tmp_path))
    yield session
    made_host().wait(session.aclose())


def open_page(view: str = "", **address: str) -> Any:
    """A page of the app at an address, as a browser opens it."""
    page = testing.AppTest.from_file(str(APP), default_timeout=60)
    if view:
        page.run()
        page.query_params.clear()
        page.switch_page(f"views/{view}.py")
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception, page.exception
    return page


def links(page: Any) -> dict[str, tuple[str, dict[str, str]]]:
    """Label → the page and the parameters of every link to a page of ours."""
    found = [one.proto for one in page.get("page_link")]
    return {one.label: (one.page, {k: v[0] for k, v in parse_qs(one.query_string).items()}) for one in found}


def texts(page: Any) -> list[str]:
    return [element.value for element in page.text]


def made_host() -> Any:
    from ui.opening import host

    return host()


def say(page: Any, message: str) -> Any:
    page.chat_input[0].set_value(message).run()
    assert not page.exception, page.exception
    return page
