"""A person's own conversations: which there are, what they are called, and the turns recorded of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graphs.services import Services
from graphs.threads import Threads
from memory.thread_names import ThreadNames
from tracing.events import Trace
from tracing.storage import TraceRow, TraceStore

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
        found = [
            ConversationRow(
                thread_id=row.thread_id,
                name=names.get(row.thread_id) or _began(row.messages),
                named=row.thread_id in names,
                catalogue=row.catalogue,
                turns=len(row.messages),
                at=row.at,
            )
            for row in self.traces.threads(self.user_id)
            if _says(wanted, [names.get(row.thread_id, ""), *row.messages])
        ]
        return found[:limit]

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

    def turns(self, *, limit: int = 20, thread_id: str | None = None, errors_only: bool = False) -> Sequence[TraceRow]:
        """The newest turns first, at most `limit`: of all conversations or of one, or only those that went wrong."""
        return self.traces.list(limit, user=self.user_id, thread=thread_id, errors_only=errors_only)

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


def _began(messages: Sequence[str]) -> str:
    """The first words said in a conversation."""
    first = next((" ".join(one.split()) for one in messages if one.strip()), "") or UNNAMED
    return first if len(first) <= NAME_CHARACTERS else f"{first[: NAME_CHARACTERS - 1].rstrip()}…"


def _says(wanted: Sequence[str], texts: Sequence[str]) -> bool:
    told = "\n".join(texts).casefold()
    return all(word in told for word in wanted)
