"""Secrets planted in what people, models and providers say: no page of traces shows one, no file of them holds one."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from memory.database import reading
from models.decisions import Choice
from models.errors import ModelError
from tests import world
from tests.test_redaction import CANARIES
from tests.ui_world import made_host, open_page
from tracing.export import to_json
from tracing.otlp import to_otlp_json

pytest_plugins = ("tests.ui_world",)

UNMARKED = "correct-horse-17"  # a key that looks like nothing, known only as the profile's own
HEADER = "collector-pass-99"
MARKED = {
    "bearer": ("Authorization: Bearer Q0FOQVJZ.99", "Q0FOQVJZ.99"),
    "login": ("http://me:hunter22@db/x", "hunter22"),
}
PLANTED = [*CANARIES.values(), *(text for text, _ in MARKED.values()), UNMARKED, HEADER]
SOUGHT = [*CANARIES.values(), *(secret for _, secret in MARKED.values()), UNMARKED, HEADER]
PERSONAL = "unmistakable-words"
EVERY = f"{PERSONAL} {' , '.join(PLANTED)} ."


def leaky(prompt):
    """A model that repeats what it should not."""
    if prompt.startswith("You keep a short memory"):
        edit = {"op": "add", "polarity": "like", "aspect": "subject", "value": "fox", "reason": EVERY, "evidence": [1]}
        return json.dumps({"edits": [edit], "prose": f"Likes foxes. {EVERY}"})
    if "broken" in prompt:
        return ModelError(f"the provider said: {EVERY}")
    return f"{world.polite(prompt)} {EVERY}"


@pytest.fixture(params=["keep", "redact"])
def leaked(request, tmp_path, monkeypatch):
    """Two turns, one that went well and one that failed, and a replay of the first, with secrets everywhere."""
    import streamlit as st

    from graphs.replay import replay_turn

    st.cache_resource.clear()
    monkeypatch.setenv("ODD_KEY", UNMARKED)
    monkeypatch.setenv("ODD_HEADERS", f"api={HEADER}")
    model = {"backend": "hosted", "model": "openai/gpt-5-mini", "api_key_env": "ODD_KEY"}
    session = world.open_session(
        tmp_path, answer=leaky, decide=lambda state, question: "recommend" if isinstance(question, Choice) else 0.5,
        **{"models.odd": model, "trace.otlp_headers_env": "ODD_HEADERS", "trace.personal_text": request.param},
        **{"memory.block_size": 2},
    )  # fmt: skip
    monkeypatch.setattr("ui.host.open_session", lambda profile, catalogue: session)
    monkeypatch.delenv("PALATE_PROFILE", raising=False)
    host = made_host()
    for message in (f"a fox under 90 EUR {EVERY}", f"an owl, broken {EVERY}"):
        host.wait(world.talk(session, "me", message, thread_id="aaaa"), timeout_s=120)
    newest, first = session.traces.list(user="me")
    host.wait(replay_turn(session.services, "me", first.trace_id), timeout_s=120)
    sought = SOUGHT + ([PERSONAL] if request.param == "redact" else [])
    yield session, [first.trace_id, newest.trace_id], sought
    host.wait(session.aclose())
    st.cache_resource.clear()


def all_of(page):
    """Everything that the page sends to the browser."""
    told, left = [], [page._tree]
    while left:
        node = left.pop()
        told.append(str(getattr(node, "proto", "")))
        left += list(getattr(node, "children", {}).values())
    return "\n".join(told)


def held(seen, sought):
    return [secret for secret in sought if secret in seen]


def test_no_page_of_traces_shows_a_secret(leaked):
    session, (first, newest), sought = leaked
    [replay] = session.services.replays.list()
    places = [{}, {"trace": first, "item": "i00"}, {"trace": newest}, {"trace": replay.trace_id}]
    places.append({"trace": first, "beside": replay.trace_id})
    for place in places:
        page = open_page("traces", **place)
        page.session_state["replay"] = True
        for number in range(20):
            page.session_state[f"call-{number}"] = True
        page.run()
        seen = all_of(page)
        assert len(seen) > 2000
        assert held(seen, sought) == [], place


@pytest.mark.parametrize("view", ["models", "catalogue", "results"])
def test_no_page_that_is_not_about_the_person_shows_a_secret(leaked, view):
    _, _, sought = leaked
    assert held(all_of(open_page(view)), sought) == []


def test_what_one_person_said_is_on_no_page_of_another(leaked):
    for view in ("", "taste", "traces"):
        assert held(all_of(open_page(view, person="ann")), [*SOUGHT, PERSONAL]) == []


def test_no_export_and_no_row_of_a_trace_holds_a_secret(leaked):
    session, trace_ids, sought = leaked
    kept = [session.traces.get(trace_id) for trace_id in trace_ids]
    kept += [session.services.replays.get(row.trace_id) for row in session.services.replays.list()]
    assert len(kept) == 3
    for trace in kept:
        assert held(to_json(trace), sought) == []
        assert held(to_otlp_json(trace), sought) == []
    with reading(session.services.engine) as connection:
        for table in ("traces", "replays"):
            rows = [str(tuple(row)) for row in connection.execute(text(f"SELECT * FROM {table}"))]
            assert rows
            assert held("\n".join(rows), sought) == []
