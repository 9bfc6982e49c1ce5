"""The recorder: what a turn tells its events to."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from tracing.events import ModelCall, StepEnded, StepStarted, Trace, TraceEvent, TurnEnded, TurnStarted, busy_seconds
from tracing.plain import plain

_LOG = logging.getLogger(__name__)


class TraceSink(Protocol):
    """Where finished traces go. `tracing.storage.TraceStore` is one."""

    def save(self, trace: Trace) -> Trace:
        """Keep the trace, and return it as it was kept, which is without secrets."""
        ...


@dataclass
class OpenStep:
    """A step under way; what is put into `state_changes` is recorded when it ends."""

    state_changes: Mapping[str, Any] = field(default_factory=dict)


class Recorder:
    """Collects the events of one turn at a time and keeps them when it ends.

    Make one for each turn under way: events of two turns never mix. All methods may be called from any thread and none
    raises: a trace that cannot be kept is said once in the log, and the turn goes on.
    sink: where traces go; None records nothing. clock: rising seconds. now: timezone-aware wall clock.
    """

    def __init__(
        self,
        sink: TraceSink | None,
        *,
        clock: Callable[[], float] = time.perf_counter,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._sink, self._clock, self._now = sink, clock, now
        self._lock = threading.RLock()
        self._events: list[TraceEvent] = []
        self._open: list[str] = []
        self._began: float | None = None
        self._complained = False

    def start_turn(
        self,
        *,
        trace_id: str,
        user_id: str,
        thread_id: str,
        profile: str,
        catalogue: str,
        message: str,
        replay_of: str = "",
    ) -> None:
        """Begin a turn. One that was left open is ended first, with an error that says so."""
        with self._guard("start"):
            if self._began is not None:
                self.end_turn(error="the next turn began before this one ended")
            self._began, self._events, self._open = self._clock(), [], []
            started = TurnStarted(
                trace_id=trace_id,
                user_id=user_id,
                thread_id=thread_id,
                profile=profile,
                catalogue=catalogue,
                message=message,
                at=self._now(),
                replay_of=replay_of,
            )
            self._events.append(started)

    def record(self, event: TraceEvent) -> None:
        """Add an event to the turn, stamped with the time since it began. Outside a turn it is dropped."""
        with self._guard("record"):
            if self._began is None:
                return
            stamp: dict[str, Any] = {"after_s": self._clock() - self._began}
            if isinstance(event, ModelCall) and not event.step and self._open:
                stamp["step"] = self._open[-1]
            self._note_step(event)
            self._events.append(event.model_copy(update=stamp))

    @contextmanager
    def step(self, name: str) -> Iterator[OpenStep]:
        """Record a step from beginning to end, with what ends it; the body's errors pass through untouched."""
        opened, began = OpenStep(), self._clock()
        self.record(StepStarted(step=name))
        error: str | None = None
        try:
            yield opened
        except BaseException as failure:
            error = _told(failure)
            raise
        finally:
            with self._guard("record"):
                seconds = self._clock() - began
                changes = {key: plain(value) for key, value in opened.state_changes.items()}
                self.record(StepEnded.model_construct(step=name, seconds=seconds, state_changes=changes, error=error))

    def end_turn(self, *, reply: str = "", slate: Sequence[str] = (), error: str | None = None) -> Trace | None:
        """End the turn and keep its trace, once; also right after an error or a cancellation.

        A TurnEnded that was recorded before is kept as it is. Returns the trace as kept, without secrets; None when no
        turn is open, when traces are switched off or when keeping it failed.
        """
        with self._guard("keep"):
            if self._began is None:
                return None
            if not any(isinstance(event, TurnEnded) for event in self._events):
                self._append_end(reply, slate, error)
            events, self._events, self._open, self._began = tuple(self._events), [], [], None
            if self._sink is not None:
                return self._sink.save(Trace.model_construct(events=events))
        return None

    @property
    def model_seconds(self) -> float:
        """So far in this turn: time in which at least one model call was under way."""
        with self._lock:
            return busy_seconds([event for event in self._events if isinstance(event, ModelCall)])

    @property
    def events(self) -> tuple[TraceEvent, ...]:
        """What this turn has recorded so far, in order; empty outside a turn."""
        with self._lock:
            return tuple(self._events)

    def _append_end(self, reply: str, slate: Sequence[str], error: str | None) -> None:
        seconds = self._clock() - (self._began or 0.0)
        ended = TurnEnded(
            after_s=seconds,
            reply=reply,
            slate=tuple(slate),
            seconds=seconds,
            model_seconds=self.model_seconds,
            error=error,
        )
        self._events.append(ended)

    def _note_step(self, event: TraceEvent) -> None:
        if isinstance(event, StepStarted):
            self._open.append(event.step)
        elif isinstance(event, StepEnded) and event.step in self._open:
            self._open.remove(event.step)

    @contextmanager
    def _guard(self, doing: str) -> Iterator[None]:
        """Hold the lock; turn any failure into one line of the log."""
        with self._lock:
            try:
                yield
            except Exception as error:
                if not self._complained:
                    self._complained = True
                    _LOG.warning("could not %s a trace (%s); the conversation goes on without it", doing, _told(error))


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
