"""Reading every file of some folders for what must not be left in them."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from memory.needles import TextNeedles, VectorNeedles
from memory.vectors import Vectors

_BLOCK = 8 * 1024 * 1024


class Needle(NamedTuple):
    """One thing sought. told: a piece of a text, the number of a vector, or the content hash of a picture."""

    kind: Literal["text", "vector", "picture"]
    told: str


@dataclass(frozen=True)
class Sought:
    """What nothing may be left of: texts, vectors (d,) of any length, and the content hashes of whole files."""

    texts: tuple[str, ...] = ()
    vectors: tuple[Vectors, ...] = ()
    pictures: frozenset[str] = frozenset()


class Search:
    """Finds what is sought in bytes and in files. texts: how many pieces of texts that is."""

    def __init__(self, sought: Sought) -> None:
        self._texts, self._vectors = TextNeedles(sought.texts), VectorNeedles(sought.vectors)
        self._pictures = sought.pictures
        self.texts = self._texts.count
        self._overlap = max(self._texts.longest, self._vectors.longest, 1) - 1

    def in_bytes(self, data: bytes) -> set[Needle]:
        """The texts and vectors that stand in the bytes."""
        found = {Needle("text", piece) for piece in self._texts.found(data)}
        return found | {Needle("vector", str(number)) for number in self._vectors.found(data)}

    def in_file(self, path: Path, name: str) -> set[Needle]:
        """The same for a file, block by block; its name counts, and so does a file that as a whole is a picture.

        Raises OSError.
        """
        found, digest, tail = self.in_bytes(os.fsencode(name)), hashlib.sha256(), b""
        with open(path, "rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                found |= self.in_bytes(tail + block)
                tail = (tail + block)[-self._overlap :] if self._overlap else b""
        return found | ({Needle("picture", digest.hexdigest())} if digest.hexdigest() in self._pictures else set())


def files_under(roots: Iterable[Path], *, leave_out: Sequence[Path] = ()) -> list[tuple[Path, str]]:
    """Every regular file below the folders, and those that are files themselves, each once, with its name below.

    Links are followed, none twice. Folders that cannot be listed raise OSError.
    """
    found: dict[Path, tuple[Path, str]] = {}
    skipped, seen = {path.resolve() for path in leave_out}, set[Path]()

    def walk(folder: Path, root: Path) -> None:
        if (real := folder.resolve()) in seen or real in skipped:
            return
        seen.add(real)
        for path in sorted(folder.iterdir()):
            if path.is_dir():
                walk(path, root)
            elif _is_regular(path) and path.resolve() not in skipped:
                found.setdefault(path.resolve(), (path, str(path.relative_to(root))))

    for root in roots:
        if root.is_dir():
            walk(root, root)
        elif _is_regular(root):
            found.setdefault(root.resolve(), (root, root.name))
    return list(found.values())


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False
