"""A person's own conversations: which there are, what they are called, and the turns recorded of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from graphs.services import Services
from graphs.threads import Threads
from memory.thread_names import ThreadNames
from tracing.events import Trace
from tracing.rows import ThreadRow, TraceRow
from tracing.storage import TraceStore

UNNAMED = "A picture, without words"
REPLAYS_LOOKED_AT = 1000  # of one conversation
NAME_CHARACTERS = 60  # of a message that stands for a name


@dataclass(frozen=True)
class ConversationRow:
    """A conversation as lists show it. named: by the person; else `name` is how it began. at: of its latest turn."""

    thread_id: str
    name: str
    named: bool
    catalogue: str
    turns: int
    at: datetime


@dataclass(frozen=True)
class Conversations:
    """The conversations of one user, as their traces tell of them. No call reaches another user's.

    A conversation whose turns left no trace is not among them.
    """

    user_id: str
    traces: TraceStore
    replays: TraceStore
    threads: Threads
    names: ThreadNames

    @classmethod
    def of(cls, services: Services, user_id: str) -> Conversations:
        """The conversations of a user. Raises BeingForgotten."""
        services.marks.refuse(user_id)
        return cls(user_id, services.traces, services.replays, services.threads, services.thread_names)

    def list(self, words: str = "", *, limit: int | None = None) -> Sequence[ConversationRow]:
        """The conversations, the latest first. words: only those whose name or messages have every one of them."""
        wanted, names = words.casefold().split(), self.names.of(self.user_id)
        if not wanted:
            return [_row(one, names) for one in self.traces.threads(self.user_id, limit=limit)]
        said = self.traces.said(self.user_id)
        found = {one for one, messages in said.items() if _says(wanted, [names.get(one, ""), *messages])}
        rows = self.traces.threads(self.user_id) if found else ()
        return [_row(one, names) for one in rows if one.thread_id in found][:limit]

    def of_ids(self, thread_ids: Collection[str]) -> Mapping[str, ConversationRow]:
        """The conversations of these ids by their ids; without those of which no turn left a trace."""
        names = self.names.of(self.user_id)
        return {one.thread_id: _row(one, names) for one in self.traces.threads(self.user_id, among=thread_ids)}

    def count(self) -> int:
        """How many conversations there are."""
        return self.traces.count_threads(self.user_id)

    def rename(self, thread_id: str, name: str) -> None:
        """Call a conversation something; a blank name gives it back the one it began with."""
        self.names.put(self.user_id, thread_id, name)

    def delete(self, thread_id: str) -> None:
        """Erase what was said in a conversation, with its traces. What was learned from it stays in the taste.

        Deleting one already gone is no error.
        """
        self.threads.delete(self.user_id, thread_id)
        self.traces.forget_thread(self.user_id, thread_id)
        self.replays.forget_thread(self.user_id, thread_id)
        self.names.put(self.user_id, thread_id, "")

    def turns(
        self,
        *,
        limit: int = 20,
        thread_id: str | None = None,
        profile: str | None = None,
        errors_only: bool = False,
        min_seconds: float = 0.0,
        min_cost_usd: float = 0.0,
        words: str = "",
    ) -> Sequence[TraceRow]:
        """The newest turns first, at most `limit`; what narrows them is told in `TraceStore.list`."""
        return self.traces.list(
            limit,
            user=self.user_id,
            thread=thread_id,
            profile=profile,
            errors_only=errors_only,
            min_seconds=min_seconds,
            min_cost_usd=min_cost_usd,
            words=words,
        )

    def turn(self, trace_id: str) -> Trace | None:
        """The trace of one turn, or of a replay; None where this user has none of that id."""
        for store in (self.traces, self.replays):
            try:
                trace = store.get(trace_id)
            except KeyError:
                continue
            return trace if trace.started.user_id == self.user_id else None
        return None

    def replays_of(self, trace: Trace) -> Sequence[TraceRow]:
        """The replays of a turn, the newest first."""
        thread = trace.started.thread_id
        rows = self.replays.list(REPLAYS_LOOKED_AT, user=self.user_id, thread=thread)
        return [row for row in rows if row.trace_id.startswith(f"{trace.trace_id}.")]


def _row(row: ThreadRow, names: Mapping[str, str]) -> ConversationRow:
    return ConversationRow(
        thread_id=row.thread_id,
        name=names.get(row.thread_id) or _shortened(" ".join(row.began.split()) or UNNAMED),
        named=row.thread_id in names,
        catalogue=row.catalogue,
        turns=row.turns,
        at=row.at,
    )


def _shortened(name: str) -> str:
    return name if len(name) <= NAME_CHARACTERS else f"{name[: NAME_CHARACTERS - 1].rstrip()}…"


def _says(wanted: Sequence[str], texts: Sequence[str]) -> bool:
    told = "\n".join(texts).casefold()
    return all(word in told for word in wanted)
