"""A directory has one owner: a lock that ends with the process, however that ends."""

from __future__ import annotations

import os
from pathlib import Path

from memory.errors import StoreLocked

LOCK_FILE = "palate.lock"


class DirectoryLock:
    """An exclusive lock on a directory, held until release or the end of the process, however it ends.

    broken_off: the owner before ended without releasing it.
    """

    def __init__(self, directory: Path) -> None:
        import fcntl

        self._file = open(directory / LOCK_FILE, "a+", encoding="ascii")  # noqa: SIM115 (held while the store is open)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            owner = self._file.read().strip()
            self._file.close()
            raise StoreLocked(str(directory), int(owner) if owner.isdigit() else None) from error
        self._file.seek(0)
        self.broken_off = bool(self._file.read())
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self, *, whole: bool = True) -> None:
        """Let another process in, though a forked child may still hold a copy of the file.

        whole: False when the directory still is as a killed owner left it. The file stays: removing it would let two
        owners lock two files.
        """
        import fcntl

        if whole:
            self._file.truncate(0)
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._file.close()

    def abandon(self) -> None:
        """Close a forked child's copy, so that the lock ends with the owner."""
        self._file.close()
