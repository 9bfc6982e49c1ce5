"""Traces sent to a collector as turns end, without any turn waiting for it."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping

from tracing.events import Trace
from tracing.otlp import ExportFailed, send
from tracing.recorder import TraceSink

_LOG = logging.getLogger(__name__)
WAITING = 200  # traces kept back while the collector is slow; more are left out


class LiveExport:
    """Keeps each trace in `sink`, then sends what was kept, which is without secrets, from a thread of its own.

    A collector that is away or slow costs the turn nothing: what cannot be sent is left out, and the log says so once.
    url: of OTLP over HTTP.
    """

    def __init__(self, sink: TraceSink, url: str, headers: Mapping[str, str] | None = None) -> None:
        self._sink, self._url, self._headers = sink, url, dict(headers or {})
        self._waiting: queue.Queue[Trace] = queue.Queue(WAITING)
        self._complained = False
        threading.Thread(target=self._send_all, name="palate-otlp", daemon=True).start()

    def save(self, trace: Trace) -> Trace:
        """Keep the trace, and let it be sent. Raises what the sink raises."""
        kept = self._sink.save(trace)
        try:
            self._waiting.put_nowait(kept)
        except queue.Full:
            self._complain(f"{WAITING} are waiting already")
        return kept

    def flush(self) -> None:
        """Wait until everything that waits was tried."""
        self._waiting.join()

    def _send_all(self) -> None:
        while True:
            trace = self._waiting.get()
            try:
                send(trace, self._url, headers=self._headers)
            except ExportFailed as error:
                self._complain(str(error))
            except Exception as error:  # a trace must not break over a strange value
                self._complain(f"{type(error).__name__}: {error}")
            finally:
                self._waiting.task_done()

    def _complain(self, why: str) -> None:
        if not self._complained:
            self._complained = True
            _LOG.warning("a trace was not sent, and further failures are not told: %s", why)
