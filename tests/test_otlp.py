"""A trace leaves as OpenTelemetry spans: nested, with prompts and costs, without secrets, and no turn waits for it.

With PALATE_PHOENIX naming the address of an Arize Phoenix (its package starts one: `phoenix serve`), a trace is sent to
that as well and read back.
"""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from typer.testing import CliRunner

from memory.database import open_engine
from palate.cli import app
from tests import world
from tests.recorded import full_turn, start_turn
from tests.test_redaction import CANARIES
from tracing.events import DecisionRow, ModelCall, StepEnded
from tracing.live_export import LiveExport
from tracing.otlp import ExportFailed, send, to_otlp, to_otlp_json
from tracing.recorder import Recorder
from tracing.storage import TraceStore

PHOENIX = os.environ.get("PALATE_PHOENIX", "")


class Collector:
    """Takes what is sent by OTLP over HTTP, as long as `well` holds."""

    def __init__(self) -> None:
        self.got: list[ExportTraceServiceRequest] = []
        self.headers: list[dict[str, str]] = []
        self.well = True
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.got.append(ExportTraceServiceRequest.FromString(body))
                collector.headers.append({name.lower(): value for name, value in self.headers.items()})
                self.send_response(200 if collector.well else 503)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/traces"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def collector() -> Iterator[Collector]:
    one = Collector()
    yield one
    one.server.shutdown()
    one.server.server_close()


def recorded(trace_id: str = "t1", **about: str):
    """A trace with every kind of event, and a priced call inside a step."""
    store = TraceStore(open_engine("sqlite://"))
    recorder = Recorder(store)
    start_turn(recorder, trace_id, **about)
    with recorder.step("respond"):
        recorder.record(
            ModelCall(
                role="responder", model="openai/gpt-5-mini", prompt="responder@4", rendered="What was asked.",
                output="What was said.", input_tokens=120, output_tokens=30, cached_tokens=100, cost_usd=0.0123,
                parameters={"temperature": 0.0, "max_tokens": 320}, pictures=("ab" * 32,),
            )
        )  # fmt: skip
    with recorder.step("decide"):
        recorder.record(
            ModelCall(
                role="recommender",
                model="tiny",
                kind="decide",
                output="0.9",
                error="it was full",
                input_tokens=7,
                output_tokens=1,
            )
        )
    return recorder.end_turn(reply="Here you are.", slate=["p1"])


def spans_of(request: ExportTraceServiceRequest):
    return list(request.resource_spans[0].scope_spans[0].spans)


def told(span) -> dict[str, object]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


def test_calls_lie_within_their_steps_and_steps_within_the_turn():
    root, *others = spans_of(to_otlp(recorded()))
    assert root.name == "turn"
    assert not root.parent_span_id
    by_id = {span.span_id: span for span in (root, *others)}
    parents = {span.name: by_id[span.parent_span_id].name for span in others}
    assert parents == {
        "respond": "turn", "decide": "turn", "responder responder@4": "respond", "recommender decide": "decide",
    }  # fmt: skip
    for span in others:
        parent = by_id[span.parent_span_id]
        assert parent.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
        assert span.end_time_unix_nano <= parent.end_time_unix_nano
    assert len({span.trace_id for span in by_id.values()}) == 1
    assert (len(root.trace_id), len(root.span_id)) == (16, 8)


def test_a_call_tells_its_prompt_tokens_and_cost_in_both_conventions():
    [call] = [span for span in spans_of(to_otlp(recorded())) if span.name.startswith("responder")]
    expected = {
        "openinference.span.kind": "LLM", "llm.model_name": "openai/gpt-5-mini",
        "llm.input_messages.0.message.content": "What was asked.",
        "llm.output_messages.0.message.content": "What was said.",
        "llm.token_count.prompt": 120, "llm.token_count.completion": 30, "llm.token_count.total": 150,
        "llm.token_count.prompt_details.cache_read": 100, "llm.cost.total": 0.0123,
        "gen_ai.operation.name": "chat", "gen_ai.request.model": "openai/gpt-5-mini",
        "gen_ai.usage.input_tokens": 120, "gen_ai.usage.output_tokens": 30, "gen_ai.request.max_tokens": 320,
        "gen_ai.usage.cache_read.input_tokens": 100, "gen_ai.request.temperature": 0.0,
        "input.value": "What was asked.", "output.value": "What was said.", "palate.role": "responder",
        "palate.retries": 0, "palate.prompt": "responder@4", "llm.input_messages.0.message.role": "user",
        "llm.output_messages.0.message.role": "assistant",
        "llm.invocation_parameters": '{"temperature": 0.0, "max_tokens": 320}',
    }  # fmt: skip
    attributes = told(call)
    assert {name: attributes.get(name) for name in expected} == expected


def test_an_unknown_cost_is_left_out_and_an_error_is_the_status():
    [call] = [span for span in spans_of(to_otlp(recorded())) if span.name.startswith("recommender")]
    assert "llm.cost.total" not in told(call)
    counts = [told(call)[f"decision.{name}"] for name in ("model_name", "token_count.input", "token_count.output")]
    assert counts == ["tiny", 7, 1]
    assert (call.status.code, call.status.message) == (2, "it was full")


def test_the_root_tells_who_said_what_where():
    root = told(spans_of(to_otlp(recorded(user_id="ada", thread_id="th9")))[0])
    assert root["openinference.span.kind"] == "AGENT"
    assert (root["session.id"], root["user.id"]) == ("th9", "ada")
    assert (root["input.value"], root["output.value"]) == ("a calm print", "Here you are.")
    assert (root["gen_ai.operation.name"], root["gen_ai.agent.name"]) == ("invoke_agent", "palate")
    assert (root["gen_ai.conversation.id"], root["palate.trace_id"]) == ("th9", "t1")
    assert "palate.cost_usd" not in root, "one price is unknown"


def test_sending_twice_gives_the_same_spans_and_another_turn_gives_others():
    trace = recorded()
    once, again, other = (to_otlp(one).SerializeToString() for one in (trace, trace, recorded("t2")))
    assert once == again
    ids = [{span.span_id for span in spans_of(ExportTraceServiceRequest.FromString(one))} for one in (once, other)]
    assert not ids[0] & ids[1]


def test_the_json_has_its_ids_in_hexadecimal():
    body = json.loads(to_otlp_json(recorded()))
    spans = body["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert {len(bytes.fromhex(span["traceId"])) for span in spans} == {16}
    assert {len(bytes.fromhex(span["spanId"])) for span in spans} == {8}


def test_a_call_lies_in_the_step_that_was_under_way_where_two_have_one_name():
    recorder = Recorder(TraceStore(open_engine("sqlite://")))
    start_turn(recorder)
    for said in ("first", "second"):
        with recorder.step("respond"):
            recorder.record(ModelCall(role="responder", model="m", output=said))
    spans = spans_of(to_otlp(recorder.end_turn()))
    steps = {span.span_id: span for span in spans if span.name == "respond"}
    found = [steps[span.parent_span_id] for span in spans if span.name.startswith("responder")]
    assert len(found) == len({span.span_id for span in found}) == 2


def test_steps_tell_what_they_are_and_handed_back_and_deciding_tells_the_candidates():
    recorder = Recorder(TraceStore(open_engine("sqlite://")))
    start_turn(recorder)
    for name in ("retrieve", "decide", "respond"):
        with recorder.step(name) as step:
            step.state_changes = {"made_by": name}
            if name == "decide":
                recorder.record(DecisionRow(item_id="p2", p_yes=0.2))
                recorder.record(DecisionRow(item_id="p1", p_yes=0.8))
                recorder.record(DecisionRow(item_id="p3", p_yes=None))
    spans = {span.name: told(span) for span in spans_of(to_otlp(recorder.end_turn()))}
    kinds = {name: spans[name]["openinference.span.kind"] for name in ("retrieve", "decide", "respond")}
    assert kinds == {"retrieve": "RETRIEVER", "decide": "RERANKER", "respond": "CHAIN"}
    assert json.loads(spans["retrieve"]["output.value"]) == {"made_by": "retrieve"}
    assert spans["retrieve"]["output.mime_type"] == "application/json"
    documents = [f"reranker.output_documents.{place}.document" for place in range(3)]
    assert [spans["decide"][f"{one}.id"] for one in documents] == ["p1", "p2", "p3"]
    assert [spans["decide"].get(f"{one}.score") for one in documents] == [0.8, 0.2, None]


def test_an_embedding_is_told_as_one_and_pictures_by_their_hashes():
    recorder = Recorder(TraceStore(open_engine("sqlite://")))
    start_turn(recorder)
    recorder.record(ModelCall(role="embedder", model="small", kind="embed", cost_usd=0.1, cached_tokens=7))
    recorder.record(ModelCall(role="responder", model="m", pictures=("ab" * 32,), cost_usd=0.2))
    root, *calls = (told(span) for span in spans_of(to_otlp(recorder.end_turn())))
    embedded, seen = sorted(calls, key=lambda one: one["openinference.span.kind"])
    assert (embedded["openinference.span.kind"], embedded["embedding.model_name"]) == ("EMBEDDING", "small")
    assert "llm.model_name" not in embedded
    assert embedded["gen_ai.usage.cache_read.input_tokens"] == 7
    assert json.loads(seen["metadata"]) == {"pictures": ["ab" * 32]}
    assert root["palate.cost_usd"] == pytest.approx(0.3)
    assert json.loads(root["metadata"]) == {"profile": "demo", "catalogue": "demo", "replay_of": "", "slate": []}


def test_a_turn_that_was_cut_off_leaves_as_one_that_went_wrong_and_lasted_as_long_as_is_known():
    whole = recorded()
    cut = whole.model_copy(update={"events": whole.events[:-1]})
    root, *others = spans_of(to_otlp(cut))
    assert (root.status.code, root.status.message) == (2, "the turn was cut off")
    assert root.end_time_unix_nano >= max(span.end_time_unix_nano for span in others)
    early = StepEnded(step="respond", seconds=5.0, after_s=1.0)
    moved = cut.model_copy(update={"events": (cut.events[0], early)})
    root, step = spans_of(to_otlp(moved))
    assert step.start_time_unix_nano == root.start_time_unix_nano, "nothing begins before the turn"


def test_a_trace_with_every_event_leaves_with_its_headers(collector):
    store = TraceStore(open_engine("sqlite://"))
    send(full_turn(Recorder(store)), collector.url, headers={"authorization": "Bearer abc"})
    assert collector.headers[0]["authorization"] == "Bearer abc"
    names = [event.name for span in spans_of(collector.got[0]) for event in span.events]
    assert names.count("funnel") == 4


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1/traces", "file:///etc/passwd", "nonsense"])
def test_an_address_where_nobody_collects_is_named(url):
    with pytest.raises(ExportFailed, match="took no trace") as caught:
        send(recorded(), url)
    assert caught.value.url == url


def test_no_canary_leaves(collector):
    everything = " ".join(CANARIES.values())
    recorder = Recorder(LiveExport(TraceStore(open_engine("sqlite://")), collector.url))
    start_turn(recorder, message=everything)
    with recorder.step("respond") as step:
        step.state_changes = {"reply": everything}
        recorder.record(
            ModelCall(role="responder", model="m", rendered=everything, output=everything, error=everything)
        )
    recorder.end_turn(reply=everything, error=everything)
    recorder._sink.flush()
    sent = collector.got[0].SerializeToString().decode("utf-8", "replace")
    assert [name for name, canary in CANARIES.items() if canary in sent] == []


def test_each_turn_is_sent_as_it_ends_and_a_collector_that_is_away_costs_nothing(collector, tmp_path, caplog):
    session = world.open_session(tmp_path, **{"trace.otlp": collector.url})
    services = session.services
    full_turn(services.recorder(), "t1")
    services.exported.flush()
    assert len(collector.got) == 1
    collector.well = False
    for number in range(3):
        began = time.perf_counter()
        full_turn(services.recorder(), f"x{number}")
        assert time.perf_counter() - began < 1
    services.exported.flush()
    assert len(services.traces.list()) == 4
    assert len([one for one in caplog.records if "was not sent" in one.message]) == 1
    services.close()


def test_old_traces_go_by_age_and_by_size():
    now = datetime(2026, 6, 1, tzinfo=UTC)
    store = TraceStore(open_engine("sqlite://"))
    for day in range(10):
        recorder = Recorder(store, now=lambda day=day: now - timedelta(days=10 - day))
        full_turn(recorder, f"t{day}")
    assert store.prune() == 0
    assert store.prune(before=now - timedelta(days=7)) == 3
    kept = [row.trace_id for row in store.list()]
    assert kept == [f"t{day}" for day in range(9, 2, -1)]
    body = len(store.get("t9").model_dump_json())
    assert store.prune(max_bytes=body * 3) in (4, 5)
    assert store.list()[0].trace_id == "t9"
    store.prune(max_bytes=1)
    assert [row.trace_id for row in store.list()] == ["t9"], "the newest stays"


def test_a_profile_says_how_long_traces_stay(tmp_path):
    session = world.open_session(tmp_path)
    store = session.services.traces
    full_turn(Recorder(store, now=lambda: datetime.now(UTC) - timedelta(days=40)), "old")
    full_turn(Recorder(store), "new")
    session.services.close()
    session = world.open_session(tmp_path, **{"trace.keep_days": 30})
    assert [row.trace_id for row in session.services.traces.list()] == ["new"]
    session.services.close()


def test_the_command_line_sends_writes_and_prunes(collector, tmp_path, monkeypatch):
    monkeypatch.setenv("PALATE_HOME", str(tmp_path))
    full_turn(Recorder(TraceStore(open_engine(f"sqlite:///{tmp_path / 'palate.sqlite'}"))), "t1")
    runner = CliRunner()
    sent = runner.invoke(app, ["trace", "export", "--endpoint", collector.url])
    assert sent.exit_code == 0, sent.output
    assert len(collector.got) == 1
    written = runner.invoke(app, ["trace", "export", "--format", "otlp", "--to", str(tmp_path / "t.json")])
    assert written.exit_code == 0
    assert json.loads((tmp_path / "t.json").read_text())["resourceSpans"]
    assert runner.invoke(app, ["trace", "prune"]).exit_code != 0
    assert "0 traces erased" in runner.invoke(app, ["trace", "prune", "--days", "1"]).output


@pytest.mark.skipif(not PHOENIX, reason="no Phoenix is named in PALATE_PHOENIX")
def test_a_real_phoenix_shows_nested_spans_with_prompts_and_costs():
    trace_id = uuid.uuid4().hex[:16]
    trace = recorded(trace_id)
    send(trace, f"{PHOENIX}/v1/traces")
    wanted, spans, deadline = spans_of(to_otlp(trace)), {}, time.monotonic() + 60
    while len(spans) < len(wanted) and time.monotonic() < deadline:
        time.sleep(0.5)
        with urllib.request.urlopen(f"{PHOENIX}/v1/projects/demo/spans?limit=1000") as answer:
            found = json.load(answer)["data"]
        spans = {one["name"]: one for one in found if one["context"]["trace_id"] == wanted[0].trace_id.hex()}
    assert set(spans) == {span.name for span in wanted}
    ids = {one["context"]["span_id"]: name for name, one in spans.items()}
    assert {name: ids.get(one["parent_id"]) for name, one in spans.items()} == {
        "turn": None, "respond": "turn", "decide": "turn", "responder responder@4": "respond",
        "recommender decide": "decide",
    }  # fmt: skip
    kinds = {name: one["span_kind"] for name, one in spans.items()}
    assert (kinds["turn"], kinds["respond"], kinds["responder responder@4"]) == ("AGENT", "CHAIN", "LLM")
    call = spans["responder responder@4"]["attributes"]
    assert "What was asked." in json.dumps(call)
    assert call["llm.cost.total"] == 0.0123
    assert call["llm.token_count.prompt"] == 120
    query = "query ($id: ID!) { node(id: $id) { ... on Span { costSummary { total { cost } } tokenCountTotal } } }"
    body = json.dumps({"query": query, "variables": {"id": spans["responder responder@4"]["id"]}}).encode()
    asked = urllib.request.Request(f"{PHOENIX}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked) as answer:
        print("Phoenix's own figures:", json.load(answer))
