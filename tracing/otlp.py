"""A trace as OpenTelemetry spans, with the attributes of OpenInference and of the GenAI conventions, and sending it.

The turn is the root span, its steps are children of it, and each model call a child of the step it served. Ids are made
from the trace's own, so that sending it twice gives the same spans. What is not in a trace is not in its spans: texts
that were redacted stay so, and pictures are told by their content hashes.
Sources: OpenInference semantic conventions 0.1.42; OpenTelemetry GenAI semantic conventions 1.37, still in development.
"""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tracing.events import DecisionRow, FunnelStep, ModelCall, Note, StepEnded, Trace

if TYPE_CHECKING:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

Value = str | int | float | bool
_KINDS = {"chat": "LLM", "decide": "DECISION", "embed": "EMBEDDING"}
_OPERATIONS = {"chat": "chat", "decide": "chat", "embed": "embeddings"}
_STEP_KINDS = {"retrieve": "RETRIEVER", "decide": "RERANKER"}
_IDS = ("traceId", "spanId", "parentSpanId")


class ExportFailed(Exception):
    """A trace could not be sent. url: where to; why: what came back."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(url, why)
        self.url, self.why = url, why

    def __str__(self) -> str:
        return f"{self.url} took no trace ({self.why}); give the address of an OTLP/HTTP collector, such as …/v1/traces"


def to_otlp(trace: Trace) -> ExportTraceServiceRequest:
    """The trace as one request of the OTLP protocol, its spans in the order they began, the root first."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource
    from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

    resource = Resource(
        attributes=_pairs({"service.name": "palate", "openinference.project.name": trace.started.profile})
    )
    scope = ScopeSpans(scope=InstrumentationScope(name="palate.tracing"), spans=_spans(trace))
    return ExportTraceServiceRequest(resource_spans=[ResourceSpans(resource=resource, scope_spans=[scope])])


def to_otlp_json(trace: Trace) -> str:
    """The same as OTLP's JSON, its ids in hexadecimal as that encoding wants them."""
    from google.protobuf.json_format import MessageToDict

    body = MessageToDict(to_otlp(trace))
    exact = to_otlp(trace).resource_spans[0].scope_spans[0].spans
    for told, span in zip(body["resourceSpans"][0]["scopeSpans"][0]["spans"], exact, strict=True):
        ids = (span.trace_id, span.span_id, span.parent_span_id)
        told.update({name: value.hex() for name, value in zip(_IDS, ids, strict=True) if value})
    return json.dumps(body, ensure_ascii=False, indent=2)


def send(trace: Trace, url: str, *, headers: Mapping[str, str] | None = None, timeout_s: float = 10.0) -> None:
    """Send the trace to a collector by OTLP/HTTP, as protobuf. Raises ExportFailed."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise ExportFailed(url, "it is no http address")
    given = {"Content-Type": "application/x-protobuf", **(headers or {})}
    request = urllib.request.Request(url, to_otlp(trace).SerializeToString(), given, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as response:
            response.read()
    except urllib.error.HTTPError as error:
        raise ExportFailed(url, f"{error.code} {error.reason}") from error
    except (OSError, ValueError) as error:
        raise ExportFailed(url, str(getattr(error, "reason", None) or error)) from error


def _spans(trace: Trace) -> list[Span]:
    steps = [event for event in trace.events if isinstance(event, StepEnded)]
    root, spans = _span_id(trace, "turn"), [_root(trace)]
    for number, step in enumerate(steps):
        span = _span(trace, step.step, step.after_s, step.seconds, step.error, _step_attributes(trace, step))
        span.span_id, span.parent_span_id = _span_id(trace, f"step {number}"), root
        spans.append(span)
    for number, call in enumerate(trace.of(ModelCall)):
        name = f"{call.role} {call.prompt or call.kind}"
        span = _span(trace, name, call.after_s, call.seconds, call.error, dict(_call_attributes(call)))
        parent = _parent(call, steps)
        span.span_id = _span_id(trace, f"call {number}")
        span.parent_span_id = root if parent is None else _span_id(trace, f"step {parent}")
        spans.append(span)
    return [spans[0], *sorted(spans[1:], key=lambda span: span.start_time_unix_nano)]


def _parent(call: ModelCall, steps: list[StepEnded]) -> int | None:
    """The step that was under way when the call ended; of steps of one name, the first that ended after it."""
    return next((n for n, one in enumerate(steps) if one.step == call.step and one.after_s >= call.after_s), None)


def _root(trace: Trace) -> Span:
    started, ended = trace.started, trace.ended
    seconds = ended.seconds if ended is not None else max(event.after_s for event in trace.events)
    about = {"profile": started.profile, "catalogue": started.catalogue, "replay_of": started.replay_of}
    attributes: dict[str, Value] = {
        "openinference.span.kind": "AGENT",
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "palate",
        "gen_ai.conversation.id": started.thread_id,
        "session.id": started.thread_id,
        "user.id": started.user_id,
        "input.value": started.message,
        "output.value": ended.reply if ended is not None else "",
        "metadata": _json(about | {"slate": list(ended.slate) if ended is not None else []}),
        "palate.trace_id": started.trace_id,
    }
    if trace.cost_usd is not None:
        attributes["palate.cost_usd"] = trace.cost_usd
    error = ended.error if ended is not None else "the turn was cut off"
    span = _span(trace, "turn", seconds, seconds, error, attributes)
    span.span_id = _span_id(trace, "turn")
    began = _nano(trace, 0.0)
    for event in trace.events:
        if isinstance(event, FunnelStep | Note):
            told = event.model_dump(exclude={"type", "after_s"}, exclude_none=True)
            span.events.add(name=event.type, time_unix_nano=began + int(event.after_s * 1e9), attributes=_pairs(told))
    return span


def _step_attributes(trace: Trace, step: StepEnded) -> dict[str, Value]:
    attributes: dict[str, Value] = {
        "openinference.span.kind": _STEP_KINDS.get(step.step, "CHAIN"),
        "output.value": _json(step.state_changes),
        "output.mime_type": "application/json",
    }
    if step.step == "decide":
        rows = sorted(trace.of(DecisionRow), key=lambda row: -(row.p_yes or 0.0))
        for place, row in enumerate(rows):
            document = f"reranker.output_documents.{place}.document"
            attributes[f"{document}.id"] = row.item_id
            if row.p_yes is not None:
                attributes[f"{document}.score"] = row.p_yes
    return attributes


def _call_attributes(call: ModelCall) -> Iterator[tuple[str, Value]]:
    yield "openinference.span.kind", _KINDS[call.kind]
    yield "gen_ai.operation.name", _OPERATIONS[call.kind]
    yield "gen_ai.request.model", call.model
    yield "gen_ai.usage.input_tokens", call.input_tokens
    yield "gen_ai.usage.output_tokens", call.output_tokens
    yield "gen_ai.usage.cache_read.input_tokens", call.cached_tokens
    for name in ("temperature", "max_tokens"):
        value = call.parameters.get(name)
        if isinstance(value, int | float):
            yield f"gen_ai.request.{name}", value
    yield "input.value", call.rendered
    yield "output.value", call.output
    yield "palate.role", call.role
    yield "palate.retries", call.retries
    if call.prompt:
        yield "palate.prompt", call.prompt
    if call.pictures:
        yield "metadata", _json({"pictures": list(call.pictures)})
    if call.kind == "embed":
        yield "embedding.model_name", call.model
        return
    if call.kind == "decide":
        yield "decision.model_name", call.model
        yield "decision.token_count.input", call.input_tokens
        yield "decision.token_count.output", call.output_tokens
    yield "llm.model_name", call.model
    yield "llm.invocation_parameters", _json(call.parameters)
    yield "llm.input_messages.0.message.role", "user"
    yield "llm.input_messages.0.message.content", call.rendered
    yield "llm.output_messages.0.message.role", "assistant"
    yield "llm.output_messages.0.message.content", call.output
    yield "llm.token_count.prompt", call.input_tokens
    yield "llm.token_count.completion", call.output_tokens
    yield "llm.token_count.total", call.input_tokens + call.output_tokens
    yield "llm.token_count.prompt_details.cache_read", call.cached_tokens
    if call.cost_usd is not None:
        yield "llm.cost.total", call.cost_usd


def _span(
    trace: Trace, name: str, ended_s: float, seconds: float, error: str | None, attributes: Mapping[str, Value]
) -> Span:
    from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

    end = _nano(trace, ended_s)
    status = Status(code=Status.STATUS_CODE_ERROR, message=error) if error else Status(code=Status.STATUS_CODE_OK)
    return Span(
        trace_id=hashlib.sha256(trace.trace_id.encode()).digest()[:16],
        name=name,
        kind=Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=max(_nano(trace, 0.0), end - int(seconds * 1e9)),
        end_time_unix_nano=end,
        attributes=_pairs(attributes),
        status=status,
    )


def _span_id(trace: Trace, name: str) -> bytes:
    return hashlib.sha256(f"{trace.trace_id} {name}".encode()).digest()[:8]


def _nano(trace: Trace, after_s: float) -> int:
    return int(trace.started.at.timestamp() * 1e9) + int(after_s * 1e9)


def _pairs(values: Mapping[str, Any]) -> list[KeyValue]:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

    def any_value(value: Any) -> AnyValue:
        match value:
            case bool():
                return AnyValue(bool_value=value)
            case int():
                return AnyValue(int_value=value)
            case float():
                return AnyValue(double_value=value)
            case _:
                return AnyValue(string_value=str(value).encode("utf-8", "replace").decode())

    return [KeyValue(key=key, value=any_value(value)) for key, value in values.items()]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
