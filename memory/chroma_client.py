"""Chroma's own client of a directory: opened without telemetry, and closed for real.

`close` of Chroma 1.5.9 returns while the threads of its SQLite connections still end, and a write returns before the
purge of its log that it began (`rust/log/src/sqlite_log.rs`: the message is sent, not awaited). So what comes right
after may meet a lock, or files in use. Whoever opens, closes or alters collections of a directory does it through here.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from memory.chroma_lock import LOCK_FILE

logger = logging.getLogger(__name__)

PATIENCE_S = 30.0
_PAUSE_S = 0.002
_OPEN_FILES = Path("/proc/self/fd")  # Linux; elsewhere the platform does not tell
Answer = TypeVar("Answer")


def open_client(directory: Path) -> Any:
    """A client of a directory that nobody else has open. Raises what Chroma raises."""
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    return patiently(lambda: chromadb.PersistentClient(str(directory), settings=settings))


def close_client(client: Any, directory: Path) -> None:
    """Close it; when this returns, no file of the directory is in use any more. Closing twice is no error.

    Raises TimeoutError when Chroma keeps one for half a minute. Where the platform does not tell which files are open,
    that is not waited for.
    """
    client.close()
    ends = time.monotonic() + PATIENCE_S
    while held := _in_use(directory):
        if time.monotonic() > ends:
            raise TimeoutError(f"Chroma still has {', '.join(sorted(held))} open after {PATIENCE_S:g} s")
        time.sleep(_PAUSE_S)


def patiently(call: Callable[[], Answer]) -> Answer:
    """What the call returns; it is made again while SQLite says that the database is locked.

    Only for calls that may be made twice. Raises what the call raises, that it is locked after half a minute of it.
    """
    ends, pause = time.monotonic() + PATIENCE_S, _PAUSE_S
    while True:
        try:
            return call()
        except Exception as error:
            if not is_locked(error) or time.monotonic() > ends:
                raise
            logger.info("Chroma found its database locked; it is asked again")
            time.sleep(pause)
            pause = min(2 * pause, 0.5)


def is_locked(error: Exception) -> bool:
    """Whether this is SQLite's refusal to wait (code 5): nothing was done, and the same call may succeed later."""
    return "database is locked" in str(error)


def _in_use(directory: Path) -> set[str]:
    """The names of the files of the directory that this process has open, but our own lock."""
    if not _OPEN_FILES.is_dir():
        return set()
    found = set()
    for one in os.listdir(_OPEN_FILES):
        try:
            target = os.readlink(_OPEN_FILES / one)
        except OSError:  # closed since
            continue
        inside, _, name = target.removesuffix(" (deleted)").partition(f"{directory}{os.sep}")
        if not inside and name and name != LOCK_FILE:
            found.add(name)
    return found
