"""Everything held about a user, in one JSON that a person can read and `graphs.taste_import` can restore."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter

from agents.state import TurnState
from catalog.filters import Filter
from catalog.pictures import PictureMissing, mime_type
from catalog.storage import UnknownCatalogue
from graphs.services import Services
from memory.errors import UnknownTaste
from memory.preferences import Preference
from tracing.events import Trace

FORMAT = "palate-user/2"
STATE = TypeAdapter(TurnState)
_ALL = 10_000_000


def export_user(services: Services, user_id: str, *, now: datetime, catalogue: str | None = None) -> dict[str, Any]:
    """Everything held about a user as plain values: `docs/taste.md` says what each key holds.

    catalogue: only what belongs to that one: its events, versions and turns, their threads and the pictures in these.
    Raises UnknownTaste where nothing is held, and BeingForgotten.
    """
    services.marks.refuse(user_id)
    names = sorted({*services.log.catalogues(user_id), *services.preferences.catalogues(user_id)})
    held = [_of_catalogue(services, user_id, name) for name in names if catalogue in (None, name)]
    rows = services.traces.list(limit=_ALL, user=user_id)
    traces = [services.traces.get(row.trace_id) for row in reversed(rows) if catalogue in (None, row.catalogue)]
    among = {trace.started.thread_id for trace in traces}
    called = services.thread_names.of(user_id)
    threads = {
        thread_id: services.threads.turns(user_id, thread_id)
        for thread_id in sorted({*services.threads.ids(user_id), *called})
        if catalogue is None or thread_id in among
    }
    uploads = services.uploads.of(user_id)
    if catalogue is not None:
        shown = {state.upload for turns in threads.values() for state in turns}
        uploads = {picture: at for picture, at in uploads.items() if picture in shown}
    if not (held or traces or threads or uploads):
        raise UnknownTaste(user_id, catalogue or services.profile.catalogue)
    return {
        "format": FORMAT,
        "exported_at": now.isoformat(),
        "user_id": user_id,
        "catalogues": held,
        "turns": [_turn(trace) for trace in traces],
        "threads": [
            {"thread_id": one, "name": called.get(one, ""), "turns": [plain_state(state) for state in turns]}
            for one, turns in threads.items()
        ],
        "uploads": [_upload(services, picture, at) for picture, at in uploads.items()],
        "traces": [trace.model_dump(mode="json") for trace in traces],
    }


def to_json(export: dict[str, Any], *, indent: int | None = 2) -> str:
    """The export as text that any file can hold: half a surrogate pair is written as its escape."""
    return json.dumps(export, ensure_ascii=False, indent=indent).encode("utf-8", "backslashreplace").decode("utf-8")


def plain_state(state: TurnState) -> dict[str, Any]:
    """What a turn came to as plain values. Dates are marked, for JSON has none."""
    plain: dict[str, Any] = STATE.dump_python(
        state,
        mode="json",
        exclude={"user_id", "candidates"},
        warnings=False,  # a checkpoint gives lists for tuples
    )
    _mark_dates(plain, state.filters)
    for held, stood in zip(plain["earlier"], state.earlier, strict=True):
        _mark_dates(held, stood.filters)
    return plain


def _mark_dates(plain: dict[str, Any], filters: Sequence[Filter]) -> None:
    for told, condition in zip(plain["filters"], filters, strict=True):
        if isinstance(condition.value, date):
            told["value"] = {"date": condition.value.isoformat()}


def _of_catalogue(services: Services, user_id: str, name: str) -> dict[str, Any]:
    events = services.log.of_user(user_id, name, edits=True)
    versions = services.preferences.versions(user_id, name)[::-1]
    return {
        "catalogue": name,
        "taste": _taste(versions[-1]) if versions else None,
        "titles": _titles(services, name, (event.item_id for event in events)),
        "interactions": [event.model_dump(mode="json", exclude={"user_id", "catalogue"}) for event in events],
        "versions": [version.model_dump(mode="json", exclude={"user_id"}) for version in versions],
    }


def _titles(services: Services, name: str, item_ids: Iterable[str]) -> dict[str, str]:
    try:
        items = services.catalogue(name)
    except UnknownCatalogue:
        return {}
    return {item_id: items[item_id].title for item_id in item_ids if item_id in items}


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


def _upload(services: Services, picture: str, at: datetime) -> dict[str, Any]:
    """A picture with its bytes; null for one whose file is gone or damaged."""
    try:
        data = services.pictures.read(picture)
    except PictureMissing:
        return {"picture": picture, "at": at.isoformat(), "media_type": None, "base64": None}
    told = base64.b64encode(data).decode("ascii")
    return {"picture": picture, "at": at.isoformat(), "media_type": mime_type(data), "base64": told}
