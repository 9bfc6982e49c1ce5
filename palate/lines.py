"""One finished turn as one line of JSON, for scripts."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agents.events import TurnResult


def turn_line(result: TurnResult) -> str:
    """The turn as a JSON object on one line; `error` is null for a turn that went well."""
    return json.dumps(turn_record(result), ensure_ascii=False)


def turn_record(result: TurnResult) -> dict[str, Any]:
    """The turn as plain values.

    facts: those that hold, strongest first, each with its id. p: null where no model could decide. Times in seconds.
    """
    preference = result.preference
    return {
        "thread_id": result.thread_id,
        "trace_id": result.trace_id,
        "reply": result.reply,
        "slate": [asdict(card) for card in result.slate],
        "funnel": [{"step": step.step, "count": step.count} for step in result.funnel],
        "preference": {
            "version": preference.version,
            "prose": preference.prose,
            "facts": [
                {"fact_id": fact.fact_id, **fact.model_dump(mode="json", exclude={"retracted"})}
                for fact in preference.holding
            ],
        },
        "profile": result.profile,
        "seconds": round(result.seconds, 3),
        "model_seconds": round(result.model_seconds, 3),
        "error": result.error or None,
    }
