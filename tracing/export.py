"""A trace as a file other tools can read."""

from __future__ import annotations

import json

from tracing.events import Trace

FORMAT = "palate-trace/1"


def to_json(trace: Trace, *, indent: int | None = 2) -> str:
    """The trace as JSON: `format`, `trace_id` and `events` in order, each with its `type` and `after_s`.

    Takes a trace as a store gives it, which is without secrets; it redacts nothing itself.
    """
    body = {"format": FORMAT, "trace_id": trace.trace_id, **trace.model_dump(mode="json")}
    return json.dumps(body, ensure_ascii=False, indent=indent)


def from_json(text: str) -> Trace:
    """The trace that was exported. Raises ValueError for anything else, naming what is wrong with it."""
    try:
        body = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"this is not JSON ({error}); give a file that `palate trace export` wrote") from error
    found = body.get("format") if isinstance(body, dict) else None
    if found != FORMAT:
        raise ValueError(f"the format is {found!r}, not {FORMAT!r}; give a file that `palate trace export` wrote")
    return Trace.model_validate({"events": body.get("events", [])})
