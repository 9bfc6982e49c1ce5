"""A person's own conversations: which there are, what they are called, and the turns recorded of them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from agents.state import TurnState
from graphs.rewinding import standing
from graphs.services import Services
from graphs.threads import Threads
from memory.replaced_turns import ReplacedTurns
from memory.thread_branches import Branch, ThreadBranches
from memory.thread_names import ThreadNames
from tracing.events import Trace, trace_id_of
from tracing.rows import ThreadRow, TraceRow
from tracing.storage import TraceStore

UNNAMED = "A picture, without words"
REPLAYS_LOOKED_AT = TURNS_LOOKED_AT = 1000  # of one conversation
NAME_CHARACTERS = 60  # of a message that stands for a name


@dataclass(frozen=True)
class ConversationRow:
    """A conversation as lists show it.

    named: by the person; else `name` is how it began. turns: those of its own that left a trace, replaced ones too. at:
    of its latest turn. came_from: the conversation it branched off from, empty where it did not.
    """

    thread_id: str
    name: str
    named: bool
    catalogue: str
    turns: int
    at: datetime
    came_from: str = ""


@dataclass(frozen=True)
class Spent:
    """What a conversation took so far, replaced turns too.

    usd: of the turns whose cost is known. unknown: how many others there are.
    """

    turns: int
    seconds: float
    usd: float
    unknown: int

    def __str__(self) -> str:
        known = f"${self.usd:.4f}" if self.usd else "no cost"
        if self.unknown:
            of = "cost unknown" if self.unknown == self.turns else f"the cost of {self.unknown} unknown"
            known = of if self.unknown == self.turns else f"{known}, {of}"
        return f"{self.turns} turn{'s' * (self.turns != 1)}, {self.seconds:.1f} s, {known}"


class NoSuchTurn(Exception):
    """A conversation has no turn of that id to branch off from."""

    def __init__(self, turn_id: str) -> None:
        super().__init__(turn_id)
        self.turn_id = turn_id

    def __str__(self) -> str:
        return "that turn is not part of the conversation any more; load the page anew to see how the talk goes on"


@dataclass(frozen=True)
class Conversations:
    """The conversations of one user, as their traces tell of them. No call reaches another user's.

    A conversation whose turns left no trace is not among them, unless it branched off from another.
    """

    user_id: str
    traces: TraceStore
    replays: TraceStore
    threads: Threads
    names: ThreadNames
    branches: ThreadBranches
    replaced: ReplacedTurns

    @classmethod
    def of(cls, services: Services, user_id: str) -> Conversations:
        """The conversations of a user. Raises BeingForgotten."""
        services.marks.refuse(user_id)
        return cls(
            user_id,
            services.traces,
            services.replays,
            services.threads,
            services.thread_names,
            services.thread_branches,
            services.replaced,
        )

    def list(self, words: str = "", *, limit: int | None = None) -> Sequence[ConversationRow]:
        """The conversations, the latest first. words: only those whose name or messages have every one of them."""
        wanted = words.casefold().split()
        names, branches = self.names.of(self.user_id), self.branches.of(self.user_id)
        if not wanted:
            rows = self.traces.threads(self.user_id, limit=limit)
        else:
            said = self.traces.said(self.user_id)
            found = {one for one, messages in said.items() if _says(wanted, [names.get(one, ""), *messages])}
            rows = [one for one in self.traces.threads(self.user_id) if one.thread_id in found] if found else []
        told = [_row(one, names, branches) for one in rows]
        fresh = [one for one in self._fresh(names, branches) if _says(wanted, [one.name])]
        return sorted([*told, *fresh], key=lambda row: row.at, reverse=True)[:limit] if fresh else told[:limit]

    def of_ids(self, thread_ids: Collection[str]) -> Mapping[str, ConversationRow]:
        """The conversations of these ids by their ids; without those of which no turn left a trace, or a branch."""
        names, branches = self.names.of(self.user_id), self.branches.of(self.user_id)
        rows = [_row(one, names, branches) for one in self.traces.threads(self.user_id, among=thread_ids)]
        fresh = [one for one in self._fresh(names, branches) if one.thread_id in thread_ids]
        return {one.thread_id: one for one in (*rows, *fresh)}

    def count(self) -> int:
        """How many conversations there are."""
        return self.traces.count_threads(self.user_id) + len(self._fresh({}, self.branches.of(self.user_id)))

    def branch(self, thread_id: str, turn_id: str, *, catalogue: str) -> str:
        """Begin a conversation that has the turns of another up to this one, and return its id; the other stays as is.

        Nothing is taught anew, and what the copied turns taught stays theirs: replacing one in the branch takes nothing
        back. It is called after the other, with a number. Raises NoSuchTurn.
        """
        turns = standing(self.threads.turns(self.user_id, thread_id), self.user_id, self.replaced)
        place = next((place for place, turn in enumerate(turns, 1) if turn.turn_id == turn_id), 0)
        if not place:
            raise NoSuchTurn(turn_id)
        branch_id = uuid.uuid4().hex[:12]
        copies = [replace(turn, turn_id=f"{trace_id_of(turn.turn_id)}-{branch_id}") for turn in turns[:place]]
        self.threads.restore(self.user_id, branch_id, copies)
        self.names.put(self.user_id, branch_id, self._branch_name(thread_id, turns))
        self.branches.put(self.user_id, Branch(branch_id, thread_id, place, catalogue, datetime.now(UTC)))
        return branch_id

    def _branch_name(self, thread_id: str, turns: Sequence[TurnState]) -> str:
        name = self.names.of(self.user_id).get(thread_id) or _began([turn.message for turn in turns])
        number = 2 + sum(one.from_thread == thread_id for one in self.branches.of(self.user_id).values())
        return f"{name} ({number})"

    def _fresh(self, names: Mapping[str, str], branches: Mapping[str, Branch]) -> Sequence[ConversationRow]:
        """The branches in which nothing was said yet."""
        begun = (
            {one.thread_id for one in self.traces.threads(self.user_id, among=list(branches))} if branches else set()
        )
        return [
            ConversationRow(
                one.thread_id, names.get(one.thread_id, UNNAMED), True, one.catalogue, 0, one.at, one.from_thread
            )
            for one in branches.values()
            if one.thread_id not in begun
        ]

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
        self.branches.delete(self.user_id, thread_id)

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

    def spent(self, thread_id: str) -> Spent:
        """What a conversation took so far: a branch counts what was asked in itself."""
        rows = self.traces.list(TURNS_LOOKED_AT, user=self.user_id, thread=thread_id)
        costs = [row.cost_usd for row in rows]
        return Spent(len(rows), sum(row.seconds for row in rows), sum(one or 0.0 for one in costs), costs.count(None))

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


def _row(row: ThreadRow, names: Mapping[str, str], branches: Mapping[str, Branch]) -> ConversationRow:
    return ConversationRow(
        thread_id=row.thread_id,
        name=names.get(row.thread_id) or _shortened(" ".join(row.began.split()) or UNNAMED),
        named=row.thread_id in names,
        catalogue=row.catalogue,
        turns=row.turns,
        at=row.at,
        came_from=branches[row.thread_id].from_thread if row.thread_id in branches else "",
    )


def _shortened(name: str) -> str:
    return name if len(name) <= NAME_CHARACTERS else f"{name[: NAME_CHARACTERS - 1].rstrip()}…"


def _began(messages: Sequence[str]) -> str:
    """The first words said in a conversation, shortened."""
    return _shortened(next((" ".join(one.split()) for one in messages if one.strip()), "") or UNNAMED)


def _says(wanted: Sequence[str], texts: Sequence[str]) -> bool:
    told = "\n".join(texts).casefold()
    return all(word in told for word in wanted)
