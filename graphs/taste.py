"""The taste of one user as they may read, question and correct it: what the screen and the command line ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from agents.hand_edits import FactEdit, HandEdit, Restore, apply_hand_edit, hand_edit_of, in_words, restored
from catalog.items import Catalogue
from graphs.services import Services
from memory.errors import StaleVersion, UnknownTaste, UnknownVersion
from memory.event_log import EventLog
from memory.interactions import Interaction
from memory.preference_store import PreferenceStore
from memory.preferences import Fact, Maker, Preference
from memory.taste_history import ChangeKind, TasteDiff, diff, find_fact, in_force
from tracing.events import trace_id_of
from tracing.storage import TraceStore

_Turn = dict[str, str]  # trace id, thread id and message, as `Evidence` names them
_TRIES = 5  # when somebody else saves a version between our reading and our writing


class Step(BaseModel):
    """One version in which a fact changed. strength: after it; None where the fact is gone. reason: as it was given."""

    model_config = ConfigDict(frozen=True)

    version: int
    at: datetime | None
    made_by: Maker
    kind: ChangeKind
    strength: float | None
    reason: str = ""


class Evidence(BaseModel):
    """One event that a fact rests on.

    words: what the user said, or the edit in words. said: the whole message of the turn, where its trace is kept.
    origin: `gone` where the event was erased; else what caused it, and `source` names the turn or the import.
    """

    model_config = ConfigDict(frozen=True)

    event_id: int
    origin: Literal["turn", "import", "edit", "elsewhere", "gone"]
    source: str = ""
    at: datetime | None = None
    kind: str = ""
    item_id: str = ""
    title: str = ""
    value: float | None = None
    words: str = ""
    trace_id: str = ""
    thread_id: str = ""
    said: str = ""

    @property
    def what(self) -> str:
        """What happened: `like Quiet Hour 3`, `rating 4.5 of Alien`, `wish “something calm”`, an edit in words."""
        if self.origin == "gone":
            return "erased since"
        if self.kind == "edit":
            return self.words
        value = f" {self.value:g} of" if self.value is not None else ""
        return f"{self.kind}{value} {f'“{self.words}”' if self.words else self.title}"

    @property
    def came_from(self) -> str:
        """Where it came from; empty for a turn whose trace is kept: `said` and the ids tell of that one."""
        match self.origin:
            case "edit":
                return "your own hand"
            case "import":
                return f"import {self.source}"
            case "turn":
                return "" if self.trace_id else "a turn whose trace is not kept"
            case _:
                return self.source


class Explanation(BaseModel):
    """Why a fact is believed: the versions that changed it, oldest first, and the events it rests on, oldest first."""

    model_config = ConfigDict(frozen=True)

    fact: Fact
    steps: tuple[Step, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Taste:
    """One user's taste in one catalogue, with all its versions. No call reaches another user.

    words: the bound of the prose. now: the wall clock, timezone-aware.
    """

    user_id: str
    catalogue: Catalogue
    log: EventLog
    preferences: PreferenceStore
    traces: TraceStore
    words: int
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @classmethod
    def of(cls, services: Services, user_id: str, catalogue: str) -> Taste:
        """The taste of a user. Raises UnknownCatalogue, and BeingForgotten for somebody who is."""
        services.marks.refuse(user_id)
        words = services.profile.memory.words
        found = services.catalogue(catalogue)
        return cls(user_id, found, services.log, services.preferences, services.traces, words)

    def current(self) -> Preference:
        """What is believed now; version 0 for someone unknown."""
        return self.preferences.current(self.user_id, self.catalogue.name)

    def history(self) -> list[Preference]:
        """Every version, newest first. Raises UnknownTaste where there is none."""
        versions = self.preferences.versions(self.user_id, self.catalogue.name)
        if not versions:
            raise UnknownTaste(self.user_id, self.catalogue.name)
        return versions

    def version(self, version: int) -> Preference:
        """One version; 0 is the empty one. Raises UnknownTaste and UnknownVersion."""
        newest = self._known().version
        found = self.preferences.version(self.user_id, self.catalogue.name, version) if version >= 0 else None
        if found is None:
            raise UnknownVersion(self.user_id, version, newest)
        return found

    def as_of(self, moment: datetime) -> Preference:
        """The version in force at a moment, which is aware; the empty one before the first. Raises UnknownTaste."""
        return in_force(self.history(), moment) or Preference(user_id=self.user_id)

    def diff(self, before: int, after: int) -> TasteDiff:
        """What leads from one version to another, in either direction. Raises UnknownTaste and UnknownVersion."""
        return diff(self.version(before), self.version(after))

    def fact(self, name: str) -> Fact:
        """A fact by its id, as `aspect: value`, or by its value. Raises UnknownTaste and UnknownFact."""
        return find_fact(self._known(), name)

    def why(self, name: str) -> Explanation:
        """Why a fact is believed, or was. Raises UnknownTaste and UnknownFact."""
        return self._explained(find_fact(self._known(), name), self.history(), {})

    def why_all(self) -> list[Explanation]:
        """Why each fact that holds is believed, strongest first. Raises UnknownTaste."""
        versions, turns = self.history(), dict[str, _Turn]()
        return [self._explained(fact, versions, turns) for fact in versions[0].holding]

    def edit(self, edit: FactEdit) -> Preference:
        """Change the taste by hand: the edit is recorded as an event, and is a version of its own.

        One that would change nothing leaves the current version. Raises UnknownFact, and UnknownTaste where there is no
        fact to remove or pin.
        """
        if edit.op != "set":
            self._known()
        return self._save(
            edit,
            lambda current, event_id: apply_hand_edit(
                current, edit, event_id=event_id, words=self.words, now=self.now()
            ),
        )

    def undo(self, to: int | None = None, *, fold_again: bool = False) -> Preference:
        """Bring back the version before the current one, or version `to`, as a new version; the history stays.

        So undoing twice returns to where it began. fold_again: see `agents.hand_edits.restored`. Going back to the
        current version leaves it. Raises UnknownTaste and UnknownVersion.
        """
        newest = self._known().version
        edit = Restore(version=newest - 1 if to is None else to, fold_again=fold_again)
        earlier = self.version(edit.version)
        if edit.version == newest:
            return earlier
        return self._save(edit, lambda current, _: restored(current, earlier, edit, now=self.now()))

    def _known(self) -> Preference:
        current = self.current()
        if current.version == 0:
            raise UnknownTaste(self.user_id, self.catalogue.name)
        return current

    def _save(self, edit: HandEdit, make: Callable[[Preference, int], Preference]) -> Preference:
        """Record the edit, then save the version it makes; done anew where another version came first."""
        event_id, tries = 0, _TRIES
        while True:
            current = self.current()
            if edit.op != "undo" and _same(current, make(current, 0)):
                return current
            event_id = event_id or self._recorded(edit)
            after, tries = make(current, event_id), tries - 1
            try:
                self.preferences.save(after, self.catalogue.name)
            except StaleVersion:
                if not tries:
                    raise
            else:
                return after

    def _recorded(self, edit: HandEdit) -> int:
        [kept] = self.log.append(
            [
                Interaction(
                    user_id=self.user_id,
                    catalogue=self.catalogue.name,
                    kind="edit",
                    text=edit.model_dump_json(),
                    at=self.now(),
                    source="edit",
                )
            ]
        )
        return kept.event_id

    def _explained(self, fact: Fact, versions: list[Preference], turns: dict[str, _Turn]) -> Explanation:
        steps, before = [], Preference(user_id=self.user_id)
        for after in reversed(versions):
            for change in diff(before, after).changes:
                if change.fact_id == fact.fact_id:
                    reasons = [one.reason for one in after.edits if one.fact_id == fact.fact_id]
                    steps.append(
                        Step(
                            version=after.version,
                            at=after.updated_at,
                            made_by=after.made_by,
                            kind=change.kind,
                            strength=change.after.strength if change.after is not None else None,
                            reason="; ".join(filter(None, reasons)),
                        )
                    )
            before = after
        found = {event.event_id: event for event in self.log.by_ids(self.user_id, fact.evidence)}
        evidence = tuple(
            self._told(found[event_id], turns) if event_id in found else Evidence(event_id=event_id, origin="gone")
            for event_id in fact.evidence
        )
        return Explanation(fact=fact, steps=tuple(steps), evidence=evidence)

    def _told(self, event: Interaction, turns: dict[str, _Turn]) -> Evidence:
        """An event as evidence. turns: those already looked up, by source; it is filled."""
        item = self.catalogue.get(event.item_id)
        origin, _, source = event.source.partition(":")
        turn: _Turn = {}
        if origin == "turn":
            turn = turns[source] = turns[source] if source in turns else self._turn(trace_id_of(source))
        return Evidence.model_validate(
            {
                "event_id": event.event_id,
                "origin": origin if origin in ("turn", "import", "edit") else "elsewhere",
                "source": source,
                "at": event.at,
                "kind": event.kind,
                "item_id": event.item_id,
                "title": item.title if item is not None else event.item_id,
                "value": event.value,
                "words": in_words(hand_edit_of.validate_json(event.text)) if event.kind == "edit" else event.text,
            }
            | turn
        )

    def _turn(self, trace_id: str) -> _Turn:
        """Where a turn of this user took place and what was said in it; empty where no trace of it is kept."""
        try:
            started = self.traces.get(trace_id).started
        except KeyError:
            return {}
        if started.user_id != self.user_id:
            return {}
        return {"trace_id": trace_id, "thread_id": started.thread_id, "said": started.message}


def _same(before: Preference, after: Preference) -> bool:
    """Whether nothing differs but version, time and evidence."""

    def told(preference: Preference) -> tuple[str, tuple[Fact, ...]]:
        return preference.prose, tuple(fact.model_copy(update={"evidence": ()}) for fact in preference.facts)

    return told(before) == told(after)
