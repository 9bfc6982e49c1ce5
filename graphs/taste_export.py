"""Everything held about a user, in one JSON that a person can read."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from catalog.storage import UnknownCatalogue
from graphs.services import Services
from memory.errors import UnknownTaste
from memory.preferences import Preference
from tracing.events import Trace

FORMAT = "palate-user/1"
_ALL = 10_000_000


def export_user(services: Services, user_id: str, *, now: datetime, catalogue: str | None = None) -> dict[str, Any]:
    """Everything held about a user as plain values: `docs/taste.md` says what each key holds.

    catalogue: only what belongs to that one. A turn is told by what both sides said; its prompts and decisions are in
    its trace. Raises UnknownTaste where nothing is held, and BeingForgotten.
    """
    services.marks.refuse(user_id)
    names = sorted({*services.log.catalogues(user_id), *services.preferences.catalogues(user_id)})
    held = [_of_catalogue(services, user_id, name) for name in names if catalogue in (None, name)]
    rows = services.traces.list(limit=_ALL, user=user_id)
    turns = [_turn(services.traces.get(row.trace_id)) for row in reversed(rows) if catalogue in (None, row.catalogue)]
    if not held and not turns:
        raise UnknownTaste(user_id, catalogue or services.profile.catalogue)
    return {
        "format": FORMAT,
        "exported_at": now.isoformat(),
        "user_id": user_id,
        "catalogues": held,
        "turns": turns,
    }


def to_json(export: dict[str, Any], *, indent: int | None = 2) -> str:
    """The export as text that any file can hold: half a surrogate pair is written as its escape."""
    return json.dumps(export, ensure_ascii=False, indent=indent).encode("utf-8", "backslashreplace").decode("utf-8")


def _of_catalogue(services: Services, user_id: str, name: str) -> dict[str, Any]:
    events = services.log.of_user(user_id, name, edits=True)
    versions = services.preferences.versions(user_id, name)[::-1]
    try:
        items = services.catalogue(name)
        titles = {event.item_id: items[event.item_id].title for event in events if event.item_id in items}
    except UnknownCatalogue:
        titles = {}
    return {
        "catalogue": name,
        "taste": _taste(versions[-1]) if versions else None,
        "titles": titles,
        "interactions": [event.model_dump(mode="json", exclude={"user_id", "catalogue"}) for event in events],
        "versions": [version.model_dump(mode="json", exclude={"user_id"}) for version in versions],
    }


def _taste(preference: Preference) -> dict[str, Any]:
    facts = [f"{fact.polarity.replace('_', ' ')} {fact.aspect}: {fact.value}" for fact in preference.holding]
    return {"version": preference.version, "prose": preference.prose, "facts": facts}


def _turn(trace: Trace) -> dict[str, Any]:
    started, ended = trace.started, trace.ended
    return {
        "trace_id": started.trace_id,
        "thread_id": started.thread_id,
        "catalogue": started.catalogue,
        "at": started.at.isoformat(),
        "message": started.message,
        "reply": ended.reply if ended is not None else "",
        "slate": list(ended.slate) if ended is not None else [],
        "error": ended.error if ended is not None else "the turn was cut off",
    }
