"""What the bytes of a picture file say by themselves, before anything is decoded."""

from __future__ import annotations

import struct
from typing import Final

_MAGIC: Final = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "a GIF"),
    (b"GIF89a", "a GIF"),
    (b"BM", "a BMP"),
    (b"II*\x00", "a TIFF"),
    (b"MM\x00*", "a TIFF"),
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
)
# JPEG segments that carry the picture itself: frames, tables, restart interval, scans, JFIF and Adobe's colour mark
_JPEG_BARE: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC4, 0xDB, 0xDD, 0xDA, 0xE0, 0xEE})
_PNG_BARE: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})


def kind_of(data: bytes) -> str:
    """`JPEG`, `PNG`, `WEBP`, or words for what it is instead (`a GIF`, `text`, `no picture`)."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        return "an AVIF, HEIC or video file"
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    head = data[:512].lstrip()
    if head[:4].lower() in (b"<svg", b"<?xm", b"<!do", b"<htm"):
        return "a web page or SVG drawing"
    printable = sum(byte >= 32 or byte in b"\t\n\r" for byte in head)
    return "text" if head and b"\x00" not in head and printable == len(head) else "no picture"


def webp_header(data: bytes) -> tuple[int, int, bool]:
    """Width, height and whether it moves, as a WebP's first chunk declares; zeros when the chunk is cut short."""
    if len(data) < 30:
        return 0, 0, False
    chunk = data[12:16]
    if chunk == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height, bool(data[20] & 0x02)
    if chunk == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1, False
    if chunk == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF, False
    return 0, 0, False


def is_bare(data: bytes, *, longest_px: int) -> bool:
    """Whether a JPEG or PNG holds an RGB picture of at most that size and nothing else: no metadata, no tail."""
    try:
        if data.startswith(b"\xff\xd8"):
            return _is_bare_jpeg(data, longest_px)
        if data.startswith(b"\x89PNG"):
            return _is_bare_png(data, longest_px)
    except (IndexError, struct.error):
        return False
    return False


def _is_bare_jpeg(data: bytes, longest_px: int) -> bool:
    at = 2
    while True:
        if data[at] != 0xFF:
            return False
        marker = data[at + 1]
        if marker == 0xD9:
            return at + 2 == len(data)
        length = int(struct.unpack(">H", data[at + 2 : at + 4])[0])
        body = data[at + 4 : at + 2 + length]
        if marker not in _JPEG_BARE or (marker == 0xE0 and not _plain_jfif(body)):
            return False
        if marker in (0xC0, 0xC1, 0xC2):
            height, width, colours = struct.unpack(">HHB", body[1:6])
            if colours != 3 or max(width, height) > longest_px:
                return False
        at += 2 + length
        if marker == 0xDA:
            at = _end_of_scan(data, at)


def _plain_jfif(body: bytes) -> bool:
    return body.startswith(b"JFIF\x00") and len(body) == 14  # longer: a thumbnail of its own


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the next marker stands; inside a scan 0xFF is followed by 0x00 or a restart mark."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            raise IndexError("a scan without end")
        if data[at + 1] != 0 and not 0xD0 <= data[at + 1] <= 0xD7:
            return at
        at += 2


def _is_bare_png(data: bytes, longest_px: int) -> bool:
    at = 8
    while True:
        length, name = struct.unpack(">I4s", data[at : at + 8])
        if name not in _PNG_BARE:
            return False
        if name == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", data[at + 8 : at + 18])
            if (depth, colour) != (8, 2) or max(width, height) > longest_px:
                return False
        at += 12 + int(length)
        if name == b"IEND":
            return at == len(data)
