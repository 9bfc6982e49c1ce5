"""What models made of pictures, kept on disk by content so that no picture need be looked at twice."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import threading
from pathlib import Path
from typing import Final

DEFAULT_MB: Final = 512
_SUFFIX: Final = ".seen"
_HALF: Final = ".new-"  # what a file is called until it is whole
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_DIGEST: Final = hashlib.sha256().digest_size
_AFTER_CLEARING = 0.9  # of the bound: how full the folder is left when something has to go
_UNSEEN_GROWTH = 1 / 16  # of the bound: what one process writes before it looks again at what all have written


class FeatureStore:
    """Bytes by the content hash of a picture and the fingerprint of what looked at it, within a bound of the disk.

    Each is a file of its own, `ab/abcd….fingerprint.seen`: a SHA-256 digest, then what it is the digest of. A file that
    does not match is taken for missing and replaced. What was not read for longest goes first. Safe among threads and
    processes; each process may exceed the bound by a sixteenth of it before it notices what the others wrote.
    """

    def __init__(self, root: Path, *, max_bytes: int = DEFAULT_MB * 10**6) -> None:
        """max_bytes: of all files together; 0 keeps nothing."""
        self.root, self.max_bytes = Path(root), max_bytes
        self._room = 0  # what may be written before the folder is measured again
        self._lock = threading.Lock()

    def get(self, content_hash: str, fingerprint: str) -> bytes | None:
        """What was kept, or None; a file that is damaged or cannot be read counts as none."""
        path = self._path(content_hash, fingerprint)
        try:
            data = path.read_bytes()
            if hashlib.sha256(memoryview(data)[_DIGEST:]).digest() != data[:_DIGEST]:
                return None
            os.utime(path)  # used now, so others go before it
        except OSError:
            return None
        return data[_DIGEST:]

    def put(self, content_hash: str, fingerprint: str, data: bytes) -> None:
        """Keep this, whole or not at all; a folder that cannot be written keeps nothing, which is not an error."""
        size = len(data) + _DIGEST
        if size > self.max_bytes:
            return
        with contextlib.suppress(OSError), self._lock:
            if size > self._room:
                self._room = self._make_room(size)
            _write_whole(self._path(content_hash, fingerprint), hashlib.sha256(data).digest() + data)
            self._room -= size

    def discard(self, content_hash: str) -> None:
        """Remove all that was made of a picture, whatever looked at it. Raises OSError where that fails."""
        if not _HASH.fullmatch(content_hash):
            return
        for path in (self.root / content_hash[:2]).glob(f"*{content_hash}*"):  # half-written ones too
            path.unlink(missing_ok=True)

    def size(self) -> int:
        """How many bytes all files take."""
        return sum(size for _, size, _ in self._files())

    def _path(self, content_hash: str, fingerprint: str) -> Path:
        if not _HASH.fullmatch(content_hash):  # also what keeps `../` out
            raise ValueError(f"{content_hash!r} is no content hash; give the SHA-256 of the picture in hex")
        return self.root / content_hash[:2] / f"{content_hash}.{fingerprint}{_SUFFIX}"

    def _make_room(self, size: int) -> int:
        """Remove what was not read for longest until this fits; returns what may be written before looking again."""
        files = sorted(self._files())
        held = sum(one for _, one, _ in files)
        if held + size > self.max_bytes:
            for _, one, path in files:
                if held + size <= self.max_bytes * _AFTER_CLEARING:
                    break
                path.unlink(missing_ok=True)
                held -= one
        return min(self.max_bytes - held, max(size, int(self.max_bytes * _UNSEEN_GROWTH)))

    def _files(self) -> list[tuple[float, int, Path]]:
        """(when it was last used, bytes, path) of every file."""
        found = []
        for path in self.root.glob("??/*"):
            with contextlib.suppress(FileNotFoundError):  # another process was first
                about = path.stat()
                found.append((about.st_mtime, about.st_size, path))
        return found


def _write_whole(target: Path, data: bytes) -> None:
    """Write a file so that it is there completely or not at all; a power cut is found by its digest."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=_HALF + target.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
