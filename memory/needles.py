"""Texts and vectors as they may lie in a file, and finding them in its bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from memory.vectors import Vectors, unit

PIECE = 16  # characters; any cut through a longer text, as between two pages of a database, leaves a piece of it whole
SHORTEST = 8  # bytes; fewer stand in any file by chance
_ESCAPINGS = 3  # JSON in a text in JSON, as Chroma logs its entries, and once more
_VECTOR_PIECE = 64
_NEAR = 1e-6  # of a component: vectors are scaled again on their way to the disk
_TELLING = 6  # components of a piece of a vector that are not next to nothing; fewer stand in any file by chance
_NOTHING = 1e-3


def pieces(text: str) -> list[str]:
    """What to seek of a text: all of it while it is short, else pieces of 16 characters that together cover it.

    Nothing of one shorter than 8 bytes.
    """
    if len(text) < 2 * PIECE:
        return [text] if len(text.encode("utf-8", "surrogatepass")) >= SHORTEST else []
    starts = [*range(0, len(text) - PIECE, PIECE), len(text) - PIECE]
    return [text[start : start + PIECE] for start in starts]


def spellings(text: str) -> frozenset[bytes]:
    """The text as UTF-8 and as UTF-16 in both orders, as it is and escaped for JSON up to three times.

    JSON may escape letters beyond ASCII or leave them; either way is sought.
    """
    told = level = {text}
    for _ in range(_ESCAPINGS):
        level = {json.dumps(one, ensure_ascii=plain)[1:-1] for one in level for plain in (True, False)}
        told = told | level
    codes = ("utf-8", "utf-16-le", "utf-16-be")
    return frozenset(one.encode(code, "surrogatepass") for one in told for code in codes)


class TextNeedles:
    """Texts to be found in bytes, however many: the work grows with the bytes, hardly with the texts.

    count: how many pieces are sought. longest: bytes of the longest spelling.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._by_key: dict[int, list[tuple[bytes, str]]] = {}
        sought = {piece for text in texts for piece in pieces(text)}
        self.count, self.longest = len(sought), 0
        for piece in sought:
            for spelling in spellings(piece):
                self.longest = max(self.longest, len(spelling))
                key = int.from_bytes(spelling[:SHORTEST], "little")
                self._by_key.setdefault(key, []).append((spelling, piece))
        self._keys = np.array(sorted(self._by_key), dtype=np.uint64)
        self._begins = np.zeros(0x1_0000, dtype=bool)
        self._begins[(self._keys & np.uint64(0xFFFF)).astype(np.int64)] = True

    def found(self, data: bytes) -> set[str]:
        """The pieces that stand in the bytes."""
        found: set[str] = set()
        for start, key in self._likely(data):
            for spelling, piece in self._by_key[key]:
                if piece not in found and data.startswith(spelling, start):
                    found.add(piece)
        return found

    def _likely(self, data: bytes) -> Iterator[tuple[int, int]]:
        """(place, first eight bytes) of all places whose eight bytes begin a spelling."""
        for shift in range(SHORTEST if len(self._keys) else 0):
            words = _words(data, shift)
            near = np.flatnonzero(self._begins[(words & np.uint64(0xFFFF)).astype(np.int64)])
            places = np.searchsorted(self._keys, words[near])
            same = self._keys[np.minimum(places, len(self._keys) - 1)] == words[near]
            for place in near[same].tolist():
                yield place * SHORTEST + shift, int(words[place])


class VectorNeedles:
    """Vectors to be found in bytes as 32-bit floats, wherever they begin: whole, or a telling piece of each.

    A component may differ by a millionth, so that one scaled anew is found as well. longest: bytes of the longest
    piece.
    """

    def __init__(self, vectors: Sequence[Vectors]) -> None:
        self._pieces = [(piece, number) for number, vector in enumerate(vectors) for piece in _vector_pieces(vector)]
        self._pieces.sort(key=lambda one: float(one[0][_anchors(one[0])[0]]))
        anchors = np.array([_anchors(piece) for piece, _ in self._pieces], dtype=np.int64).reshape(-1, 2)
        self._first, self._second = anchors[:, 0], anchors[:, 1]
        rows = [(piece[at], piece[then]) for (piece, _), (at, then) in zip(self._pieces, anchors, strict=True)]
        self._values, self._then = np.array(rows, dtype=np.float32).reshape(-1, 2).T
        self.longest = max((4 * len(piece) for piece, _ in self._pieces), default=0)

    def found(self, data: bytes) -> set[int]:
        """The numbers of the vectors of which a piece stands in the bytes."""
        found: set[int] = set()
        for shift in range(4 if self._pieces else 0):
            floats = _floats(data, shift)
            for start, sought in self._likely(floats):
                piece, number = self._pieces[sought]
                if number not in found and _alike(floats[start : start + len(piece)], piece).all():
                    found.add(number)
        return found

    def _likely(self, floats: Vectors) -> Iterator[tuple[int, int]]:
        """(place, piece) wherever a piece could begin: the two components that tell most are those of the piece."""
        with np.errstate(all="ignore"):  # most bytes are no floats
            near = np.flatnonzero((np.abs(floats) > _NOTHING) & (np.abs(floats) <= 1 + _NEAR))
        low = np.searchsorted(self._values, floats[near] - np.float32(_NEAR))
        high = np.searchsorted(self._values, floats[near] + np.float32(_NEAR), side="right")
        alike = np.flatnonzero(high > low)
        many = (high - low)[alike]
        sought = np.repeat(low[alike] - (np.cumsum(many) - many), many) + np.arange(int(many.sum()))
        starts = np.repeat(near[alike], many) - self._first[sought]
        lengths = np.array([len(piece) for piece, _ in self._pieces], dtype=np.int64)[sought]
        fits = (starts >= 0) & (starts + lengths <= len(floats))
        sought, starts = sought[fits], starts[fits]
        same = _alike(floats[starts + self._second[sought]], self._then[sought])
        return zip(starts[same].tolist(), sought[same].tolist(), strict=True)


def _alike(there: Vectors, piece: Vectors) -> npt.NDArray[np.bool_]:
    with np.errstate(all="ignore"):
        return np.asarray(np.abs(there - piece) <= _NEAR)


def _anchors(piece: Vectors) -> tuple[int, int]:
    """The places of the two largest components, which chance repeats least."""
    order = np.argsort(-np.abs(piece), kind="stable")
    return int(order[0]), int(order[min(1, len(order) - 1)])


def _vector_pieces(vector: Vectors) -> list[Vectors]:
    """Pieces of 64 components or more that cover the vector at length 1; longer where few components tell anything.

    A vector of zeros has none.
    """
    row = unit(np.asarray(vector, dtype=np.float32).reshape(1, -1))[0]
    cuts, telling = [0], np.abs(row) > _NOTHING
    for end in range(_VECTOR_PIECE, len(row), _VECTOR_PIECE):
        if telling[cuts[-1] : end].sum() >= _TELLING and telling[end:].sum() >= _TELLING:
            cuts.append(end)
    found = [row[start:end] for start, end in zip(cuts, [*cuts[1:], len(row)], strict=True)]
    return found if telling.any() else []


def _words(data: bytes, shift: int) -> npt.NDArray[np.uint64]:
    """The bytes from there on, eight at a time, as many as fit."""
    count = max(0, len(data) - shift) // 8
    return np.frombuffer(data, dtype="<u8", offset=min(shift, len(data)), count=count)


def _floats(data: bytes, shift: int) -> Vectors:
    """The bytes from there on as 32-bit floats, as many as fit."""
    count = max(0, len(data) - shift) // 4
    return np.frombuffer(data, dtype="<f4", offset=min(shift, len(data)), count=count)
