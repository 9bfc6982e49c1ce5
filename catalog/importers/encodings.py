"""Which encoding a text file is in, told from its bytes."""

from __future__ import annotations

import codecs
from typing import BinaryIO, Final

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT: Final = 64 * 1024 * 1024


def detect_encoding(file: BinaryIO) -> str:
    """The encoding of a binary file, read from its start (64 MiB at most).

    A byte-order mark decides. Without one, text full of zero bytes is UTF-16. Otherwise it is UTF-8, even with some bad
    bytes, unless not one character beyond ASCII is valid UTF-8: then it is Windows-1252, what spreadsheets write.
    """
    chunk = file.read(1 << 20)
    for mark, name in _MARKS:
        if chunk.startswith(mark):
            return name
    pairs = chunk[: len(chunk) // 2 * 2]
    if pairs and max(pairs[0::2].count(0), pairs[1::2].count(0)) > len(pairs) // 5:
        return "utf-16-le" if pairs[1::2].count(0) > pairs[0::2].count(0) else "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    good = bad = read = 0
    while chunk and read < _LOOKED_AT:
        read += len(chunk)
        if not chunk.isascii() or decoder.getstate()[0]:
            text = decoder.decode(chunk)
            bad += sum("\udc80" <= char <= "\udcff" for char in text)
            good += sum(char > "\x7f" and not "\udc80" <= char <= "\udcff" for char in text)
        chunk = file.read(1 << 20)
    return "cp1252" if bad and not good else "utf-8"
