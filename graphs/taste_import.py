"""Restoring what `graphs.taste_export` wrote, in another home or after a loss."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from pydantic import ValidationError

from agents.state import TurnState
from catalog.pictures import PictureError
from graphs.belongings import Held, held_of
from graphs.services import Services
from graphs.taste_export import FORMAT, STATE
from memory.errors import AlreadyHeld, BadExport
from memory.event_restore import restore_events
from memory.interactions import Interaction
from memory.preferences import Preference
from tracing.events import Trace


@dataclass(frozen=True)
class _Export:
    """A file as it was read, checked.

    versions: by catalogue, oldest first. names: of threads, those that were given one. pictures: content hash → when it
    was sent, and its bytes.
    """

    user_id: str
    events: list[Interaction]
    versions: dict[str, list[Preference]]
    threads: dict[str, list[TurnState]]
    names: dict[str, str]
    traces: list[Trace]
    pictures: dict[str, tuple[datetime, bytes]]


def import_user(services: Services, export: Mapping[str, Any]) -> Held:
    """Restore everything an export holds of its user; returns how much that was.

    Events keep their ids where these are free, else all get new ones in the same order, and the versions name those.
    Nothing is changed when the file is damaged, or when anything is held of the user or under an id of its traces
    already; broken off in the middle, the user must be forgotten before the next attempt. Raises BadExport,
    AlreadyHeld, BeingForgotten, StoreError, and PictureStoreError when a picture cannot be written.
    """
    try:
        read = _read(export)
    except (ValidationError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadExport(_first(error)) from error
    services.marks.refuse(read.user_id)
    if not held_of(services, read.user_id).nothing:
        raise AlreadyHeld(read.user_id)
    if services.traces.known(trace.trace_id for trace in read.traces):
        raise BadExport("its turns are recorded here already, of somebody else")
    for picture, (at, data) in read.pictures.items():
        _restore_picture(services, read.user_id, picture, at, data)
    numbers = restore_events(services.engine, read.events)
    for catalogue, versions in read.versions.items():
        for version in versions:
            services.preferences.save(_renumbered(version, numbers), catalogue)
    for thread_id, turns in read.threads.items():
        services.threads.restore(read.user_id, thread_id, turns)
    for thread_id, name in read.names.items():
        services.thread_names.put(read.user_id, thread_id, name)
    for trace in read.traces:
        services.traces.save(trace)
    services.forget_cached()
    return held_of(services, read.user_id)


def _read(export: Mapping[str, Any]) -> _Export:
    if not isinstance(export, Mapping):
        raise ValueError("it is no object with a `format`")
    if export["format"] != FORMAT:
        raise ValueError(f"its format is {export['format']!r}, not {FORMAT!r}")
    user_id = export["user_id"]
    events, versions = [], dict[str, list[Preference]]()
    for part in export["catalogues"]:
        own = {"user_id": user_id, "catalogue": part["catalogue"]}
        events += [Interaction.model_validate({**event, **own}) for event in part["interactions"]]
        kept = [Preference.model_validate({**version, "user_id": user_id}) for version in part["versions"]]
        if [version.version for version in kept] != list(range(1, len(kept) + 1)):
            raise ValueError(f"the versions in {part['catalogue']!r} are not numbered from 1 on")
        versions[part["catalogue"]] = kept
    if any(event.at.tzinfo is None for event in events):
        raise ValueError("the time of an event has no zone")
    traces = [Trace.model_validate(trace) for trace in export["traces"]]
    if any(trace.started.user_id != user_id for trace in traces):
        raise ValueError("a turn in it is somebody else's")
    threads = {one["thread_id"]: [_state(turn, user_id) for turn in one["turns"]] for one in export["threads"]}
    pictures = {
        one["picture"]: (datetime.fromisoformat(one["at"]), base64.b64decode(one["base64"], validate=True))
        for one in export["uploads"]
        if one["base64"] is not None
    }
    names = {one["thread_id"]: one["name"] for one in export["threads"] if one["name"]}
    return _Export(user_id, events, versions, threads, names, traces, pictures)


def _state(plain: Mapping[str, Any], user_id: str) -> TurnState:
    earlier = [_dated(stood) for stood in plain.get("earlier", ())]
    state = STATE.validate_python({**_dated(plain), "earlier": earlier})
    return replace(state, user_id=user_id, candidates=())


def _dated(plain: Mapping[str, Any]) -> dict[str, Any]:
    """The same with the filters whose value is a date as they were."""
    filters = [
        {**one, "value": date.fromisoformat(one["value"]["date"]) if isinstance(one["value"], dict) else one["value"]}
        for one in plain["filters"]
    ]
    return {**plain, "filters": filters}


def _restore_picture(services: Services, user_id: str, picture: str, at: datetime, data: bytes) -> None:
    """Keep a picture as one the user sent; its bytes are looked at with the same care as any upload's."""

    def check(content: str) -> None:
        if content != picture:
            raise BadExport(f"the picture {picture[:12]}… was changed")
        services.uploads.add(user_id, content, at=at)

    try:
        services.pictures.add(data, announce=check)
    except PictureError as error:
        raise BadExport(f"the picture {picture[:12]}… cannot be taken: {error}") from error


def _renumbered(version: Preference, numbers: Mapping[int, int]) -> Preference:
    """The version with the ids its events have here; where these differ, without evidence the export did not hold."""
    if all(old == new for old, new in numbers.items()):
        return version

    def new(evidence: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(numbers[event_id] for event_id in evidence if event_id in numbers)

    return version.model_copy(
        update={
            "facts": tuple(fact.model_copy(update={"evidence": new(fact.evidence)}) for fact in version.facts),
            "edits": tuple(edit.model_copy(update={"evidence": new(edit.evidence)}) for edit in version.edits),
            "watermark": max((there for here, there in numbers.items() if here <= version.watermark), default=0),
        }
    )


def _first(error: Exception) -> str:
    """What is wrong, in a line."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or error.title}: {first['msg']}"
    if isinstance(error, KeyError):
        return f"it has no {error.args[0]!r}"
    return "a picture is not written as base64" if isinstance(error, binascii.Error) else str(error)
