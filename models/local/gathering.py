"""Replies that are waited for at the same time are written at the same time."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from models.errors import ModelError, ModelMisconfigured
from models.local.generation import Writing, Written, batch_size, write
from models.local.runtime import Runtime, Stop
from models.messages import Picture, Said

PAUSE_S = 0.005  # about as long as a thread that prepares prompts goes on before another gets its turn


@dataclass(frozen=True, eq=False)
class _Waiting:
    conversation: Sequence[Said]
    writing: Writing
    stop: Stop
    reply: Future[Written] = field(default_factory=Future)

    def goes_with(self, other: _Waiting) -> bool:
        """Whether both may be written in one call."""
        return self.writing == other.writing and self._pictures == other._pictures

    @property
    def _pictures(self) -> int:
        return sum(isinstance(part, Picture) for said in self.conversation for part in said.parts)


class Gathering:
    """Gives the model's thread as many waiting conversations at once as suit it.

    A reply alone begins at once and is written as ever. While the model is busy others gather, and those to be written
    alike then go together, first come first: several times as many a second as one by one. Where several wait and more
    keep coming, these are waited for, as half a batch takes more than half of its time.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._waiting: list[_Waiting] = []
        self._lock = threading.Lock()

    def submit(self, conversation: Sequence[Said], writing: Writing, stop: Stop) -> Future[Written]:
        """Wait for a turn. The reply, or a ModelError; one that is stopped ends alone, the others go on."""
        one = _Waiting(conversation, writing, stop)
        with self._lock:
            self._waiting.append(one)
        self._runtime.submit(self._write_next)
        return one.reply

    def _write_next(self) -> None:
        """Write the first that waits, and those like it; nothing where an earlier call took them all along."""
        self._let_more_come()
        together = self._taken()
        if together:
            self._write(together)

    def _let_more_come(self) -> None:
        size, before = batch_size(self._runtime), 1
        while before < (waiting := len(self._waiting)) < size:
            before = waiting
            time.sleep(PAUSE_S)

    def _taken(self) -> list[_Waiting]:
        size = batch_size(self._runtime)
        with self._lock:
            wanted = [one for one in self._waiting if not (one.stop.is_set() and one.reply.cancel())]
            alike = [one for one in wanted if one.goes_with(wanted[0])][:size]
            self._waiting = [one for one in wanted if one not in alike]
        return [one for one in alike if one.reply.set_running_or_notify_cancel()]

    def _write(self, together: Sequence[_Waiting]) -> None:
        conversations, stops = [one.conversation for one in together], [one.stop for one in together]
        try:
            replies = self._runtime.run(write, self._runtime, conversations, together[0].writing, Stop.all_of(stops))
        except ModelMisconfigured as error:  # one that does not fit must not take the others with it
            if len(together) == 1:
                together[0].reply.set_exception(error)
            for one in together if len(together) > 1 else ():
                self._write([one])
        except ModelError as error:
            for one in together:
                one.reply.set_exception(error)
        else:
            for one, reply in zip(together, replies, strict=True):
                one.reply.set_result(reply)
