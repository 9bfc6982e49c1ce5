"""What is a user's in every store, what others hold, and by what anything left of a user could be told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agents.state import TurnState
from graphs.services import Services
from memory.database import rows_of_others
from memory.file_scan import Sought
from memory.labels import label_of
from memory.needles import TextNeedles, pieces
from memory.preference_store import is_of
from memory.preferences import Preference
from memory.vectors import Vectors
from tracing.events import ModelCall, PreferenceChange, Trace

_ALL = 10_000_000


@dataclass(frozen=True)
class Held:
    """How much is held of a user. events: edits by hand included. pictures: those they sent."""

    events: int = 0
    versions: int = 0
    turns: int = 0
    threads: int = 0
    pictures: int = 0

    @property
    def nothing(self) -> bool:
        """Whether the user is unknown to every store."""
        return self == Held()

    def __str__(self) -> str:
        names = ("event", "version", "turn", "conversation", "picture")
        counts = (self.events, self.versions, self.turns, self.threads, self.pictures)
        told = [f"{count:,} {name}{'s' * (count != 1)}" for name, count in zip(names, counts, strict=True) if count]
        return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told) or "nothing"


def held_of(services: Services, user_id: str) -> Held:
    """How much every store holds of a user."""
    log, preferences = services.log, services.preferences
    return Held(
        events=sum(len(log.of_user(user_id, name, edits=True)) for name in log.catalogues(user_id)),
        versions=sum(len(preferences.versions(user_id, name)) for name in preferences.catalogues(user_id)),
        turns=services.traces.count(user_id),
        threads=len({*services.threads.ids(user_id), *_kept_of_threads(services, user_id)}),
        pictures=len(services.uploads.of(user_id)),
    )


def sought_of(services: Services, user_id: str) -> Sought:
    """What nothing of this user may be left by: their words and what was made of them, ids, vectors, pictures.

    What models were asked is not among it, for it is made of these words and of the catalogue's. pictures: all they
    sent, whoever else did. The vectors of earlier summaries are made anew where that costs nothing.
    """
    versions = [
        version
        for name in services.preferences.catalogues(user_id)
        for version in services.preferences.versions(user_id, name)
    ]
    stores = (services.traces, services.replays)
    traces = [store.get(row.trace_id) for store in stores for row in store.list(limit=_ALL, user=user_id)]
    threads = {thread: services.threads.turns(user_id, thread) for thread in services.threads.ids(user_id)}
    states = [state for turns in threads.values() for state in turns]
    pictures = {*services.uploads.of(user_id), *(state.upload for state in states if state.upload)}
    pictures.update(picture for trace in traces for picture in _uploads_in(trace))
    names = services.thread_names.of(user_id)
    branched = services.thread_branches.of(user_id)
    texts = {user_id, label_of(user_id), *threads, *names, *names.values(), *pictures, *branched}
    texts.update(branch.from_thread for branch in branched.values())
    texts.update(_event_texts(services, user_id))
    for told in (*map(_version_texts, versions), *map(_trace_texts, traces), *map(_state_texts, states)):
        texts.update(told)
    vectors = []
    for record, own in services.store.contents():
        if is_of(user_id, record.namespace, record.key):
            texts.add(record.record_id)
            vectors += list(own)
    proses = list(dict.fromkeys(version.prose for version in versions if version.prose.strip()))
    if proses and services.embedder.in_process:
        vectors += list(services.embedder.embed(proses))
    return Sought(tuple(sorted(texts - {""})), _distinct(vectors), frozenset(pictures))


def bytes_of_others(services: Services, user_id: str) -> Iterator[bytes]:
    """Everything every store holds that is not this user's: of other users, and of nobody, such as catalogues."""
    yield from rows_of_others(services.engine, user_id)
    yield from services.threads.rows_of_others(user_id)
    for record, vectors in services.store.contents():
        if not is_of(user_id, record.namespace, record.key):
            yield record.to_document().encode("ascii")
            yield vectors.tobytes()


def pictures_of_others(services: Services, user_id: str, pictures: frozenset[str]) -> frozenset[str]:
    """Those of the pictures that somebody else sent too, or that belong to a catalogue."""
    needles, found = TextNeedles(pictures), set[str]()
    for row in bytes_of_others(services, user_id) if pictures else ():
        found |= needles.found(row)
    return frozenset(picture for picture in pictures if found.issuperset(pieces(picture)))


def _kept_of_threads(services: Services, user_id: str) -> set[str]:
    """The threads that a name or an origin is kept of."""
    return {*services.thread_names.of(user_id), *services.thread_branches.of(user_id)}


def _event_texts(services: Services, user_id: str) -> Iterator[str]:
    for name in services.log.catalogues(user_id):
        for event in services.log.of_user(user_id, name, edits=True):
            yield event.text
            origin, _, turn_id = event.source.partition(":")
            if origin == "turn":
                yield turn_id


def _version_texts(version: Preference) -> list[str]:
    return [version.prose, *(edit.reason for edit in version.edits)]


def _trace_texts(trace: Trace) -> Iterator[str]:
    started = trace.started
    yield from (started.trace_id, started.thread_id, started.message)
    if trace.ended is not None:
        yield trace.ended.reply
    for change in trace.of(PreferenceChange):
        yield from (change.prose_before, change.prose_after, *(edit.reason for edit in change.edits))
    yield from (call.output for call in trace.of(ModelCall) if call.kind == "chat")


def _state_texts(state: TurnState) -> Iterator[str]:
    yield from (state.turn_id, state.message, state.reply, state.upload_summary, state.news)
    yield from (*state.wishes, *state.new_wishes, *(message.text for message in state.history))
    yield from (*(one.said for one in state.filters), *(one.said for one in state.critiques))
    yield from (
        *(one.likeness for one in state.critiques),
        *(card.reason for card in (*state.slate, *state.last_cards)),
    )


def _uploads_in(trace: Trace) -> Iterator[str]:
    """The pictures that a turn put into words: those that came with its message."""
    for call in trace.of(ModelCall):
        if call.step == "summarize_items":
            yield from call.pictures


def _distinct(vectors: list[Vectors]) -> tuple[Vectors, ...]:
    return tuple({vector.tobytes(): vector for vector in vectors}.values())
