"""A thread that asks a store, every so often, to delete what has expired."""

from __future__ import annotations

import logging
import threading
import weakref
from concurrent.futures import Future
from typing import Protocol

from memory.errors import StoreClosed

logger = logging.getLogger(__name__)


class Sweepable(Protocol):
    """What can be swept."""

    def sweep_ttl(self) -> int:
        """Delete what has expired; how much it was."""
        ...


class Sweeper:
    """At most one thread of a store. A sweep that fails is logged and tried again at the next interval.

    It ends when it is stopped, when its future is cancelled, and when the store is closed or no longer referred to.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        self._starting = threading.Lock()

    def start(self, store: Sweepable, interval_s: float) -> Future[None]:
        """Begin sweeping; the future is done when it has ended. One already running goes on as it was."""
        future = Future[None]()
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._stopped = threading.Event()
                arguments = (weakref.ref(store), interval_s, self._stopped, future)
                self._thread = threading.Thread(target=_sweep, args=arguments, daemon=True, name="palate-ttl-sweeper")
                self._thread.start()
                weakref.finalize(store, self._stopped.set)
            stopped = self._stopped
        future.add_done_callback(lambda done: stopped.set() if done.cancelled() else None)
        return future

    def stop(self, timeout_s: float | None = None) -> bool:
        """End it, waiting at most so long for a sweep under way; whether none runs any longer."""
        with self._starting:
            thread = self._thread
            self._stopped.set()
        if thread is None or thread is threading.current_thread():
            return True
        thread.join(timeout_s)
        return not thread.is_alive()


def _sweep(
    reference: weakref.ref[Sweepable], interval_s: float, stopped: threading.Event, future: Future[None]
) -> None:
    while not stopped.wait(interval_s):
        store = reference()
        if store is None:
            break
        try:
            if count := store.sweep_ttl():
                logger.info("%d expired entries deleted", count)
        except StoreClosed:
            break
        except Exception:
            logger.exception("expired entries could not be deleted; it is tried again in %g s", interval_s)
        del store
    if future.set_running_or_notify_cancel():
        future.set_result(None)
