"""Pictures: read with care, kept once by content.

Nothing a file claims is trusted: its kind is told by its bytes, its size is checked on the header before any pixel is
decoded, and what is kept is upright, RGB, at most 1,024 pixels long and free of metadata.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import re
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps

from catalog.picture_bytes import is_bare, kind_of, webp_header

FORMATS: Final = ("JPEG", "PNG", "WEBP")
MAX_BYTES: Final = 32 * 1024 * 1024
MAX_PIXELS: Final = 50_000_000  # a decoded picture takes four bytes each: 200 MB at most
KEPT_PX: Final = 1024
_LOSSLESS_BYTES: Final = 512 * 1024
_MIME: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_SUFFIX: Final = {"JPEG": ".jpg", "PNG": ".png"}
_SHRINKABLE: Final = ("RGB", "RGBA", "L", "LA", "CMYK")  # others lose quality when shrunk before they are converted
_HALF: Final = ".new-"  # what a file is called until it is whole
_HASH: Final = re.compile(r"[0-9a-f]{64}")

# Process-wide on purpose: nobody here should decode a bomb. `_check_size` below does not rely on it.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


class PictureError(Exception):
    """A picture that is not taken. The person who has the file can act.

    what: what is wrong with it. remedy: what to do.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what, self.remedy = what, remedy

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}"


class PictureMissing(PictureError):
    """The store has no such picture, or what it has is damaged."""


class PictureStoreError(Exception):
    """The folder of pictures cannot be written: a full disk, a missing right. The person who runs Palate can act."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(where, reason)
        self.where, self.reason = where, reason

    def __str__(self) -> str:
        return (
            f"cannot write a picture to {self.where} ({self.reason}); nothing half-written is left: "
            "free some space or set PALATE_HOME to a folder that can be written, then try again"
        )


def mime_type(data: bytes) -> str:
    """The media type told by the bytes: `image/jpeg`, `image/png` or `image/webp`. Raises PictureError for others."""
    return _MIME[_allowed_kind(data)]


def load_picture(data: bytes, *, longest_px: int | None = None) -> Image.Image:
    """Decode one picture: upright, RGB, no metadata, transparency laid on white.

    longest_px: when given, the longer side is shrunk to it (never enlarged); a large JPEG is then decoded small.
    Size, kind and animation are checked before any pixel is decoded.
    Raises PictureError for what is empty, no JPEG, PNG or WebP, animated, truncated, over 32 MiB or over 50 megapixels.
    """
    kind = _allowed_kind(data)
    if len(data) > MAX_BYTES:
        raise PictureError(f"{len(data) / 2**20:.0f} MiB is more than the {MAX_BYTES >> 20} allowed", "save it smaller")
    if kind == "WEBP":  # Pillow allocates the whole canvas of a WebP when it opens one
        width, height, animated = webp_header(data)
        _check_size(width, height)
        _check_still(animated)
    try:
        with Image.open(io.BytesIO(data), formats=(kind,)) as image:
            _check_size(*image.size)
            # a JPEG of several frames is a photograph with a preview or a depth map behind it, never a film
            _check_still(kind != "JPEG" and bool(getattr(image, "is_animated", False)))
            if longest_px is not None and image.mode in _SHRINKABLE:
                image.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)  # decodes a large JPEG small
            image.load()
            upright = _plain_rgb(ImageOps.exif_transpose(image))
            if longest_px is not None:
                upright.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)
            return upright
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError("it unfolds to more pixels than allowed", "save it smaller") from error
    except Exception as error:  # decoders raise nearly anything on hostile bytes
        raise PictureError(f"the {kind} is damaged or cut short ({error})", "save or fetch it again") from error


class PictureStore:
    """Pictures by content hash: the SHA-256, in hex, of the bytes kept. The same picture twice is kept once.

    Files lie under `root` as `ab/abcd….jpg` or `.png`. A file is complete or absent, whatever is killed when.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def add(self, data: bytes, *, announce: Callable[[str], None] = lambda content_hash: None) -> str:
        """Keep a picture and return its content hash; adding what `read` gave returns the same hash.

        announce: told the hash before anything is written, so that no picture is ever there without its owner.

        A JPEG or PNG that is already small, RGB and without metadata is kept byte for byte; all else is written anew:
        JPEG, or PNG where the source was lossless and the result stays under 512 KiB.
        Raises PictureError as `load_picture` does, PictureStoreError when it cannot be written.
        """
        content_hash = hashlib.sha256(data).hexdigest()
        if self._find(content_hash, size=len(data)) is not None:
            announce(content_hash)
            return content_hash
        kept = _reencoded(data)
        if kept is not data:
            content_hash = hashlib.sha256(kept).hexdigest()
        announce(content_hash)
        if kept is not data and self._find(content_hash, size=len(kept)) is not None:
            return content_hash
        target = self.root / content_hash[:2] / (content_hash + _SUFFIX[_allowed_kind(kept)])
        try:
            _write_whole(target, kept)
        except OSError as error:
            reason = "no space left on the disk" if error.errno == errno.ENOSPC else error.strerror or str(error)
            raise PictureStoreError(str(self.root), reason) from error
        return content_hash

    def read(self, content_hash: str) -> bytes:
        """The bytes kept. Raises PictureMissing for an unknown hash, and for a file that no longer has its content."""
        data = self.path(content_hash).read_bytes()
        if hashlib.sha256(data).hexdigest() != content_hash:
            raise PictureMissing(f"picture {content_hash[:12]}… was changed on the disk", "import its catalogue again")
        return data

    def path(self, content_hash: str) -> Path:
        """Where the picture lies. Raises PictureMissing for an unknown hash."""
        found = self._find(content_hash)
        if found is None:
            raise PictureMissing(f"no picture {content_hash[:12]!r} under {self.root}", "import its catalogue again")
        return found

    def thumbnail(self, content_hash: str, px: int) -> bytes:
        """The picture as a JPEG whose longer side is at most `px` (1 to 1,024). Raises PictureMissing, ValueError."""
        if not 1 <= px <= KEPT_PX:
            raise ValueError(f"a thumbnail is 1 to {KEPT_PX} pixels long, not {px}")
        return _encode(load_picture(self.read(content_hash), longest_px=px), "JPEG", quality=85)

    def discard(self, content_hash: str) -> None:
        """Remove a picture, such as one a user uploaded and wants forgotten. One already gone is not an error."""
        found = self._find(content_hash)
        if found is not None:
            found.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what writes that were killed left behind. A write under way at this moment fails and may be redone."""
        for left in self.root.glob(f"*/{_HALF}*"):
            left.unlink(missing_ok=True)

    def __contains__(self, content_hash: object) -> bool:
        return isinstance(content_hash, str) and self._find(content_hash) is not None

    def _find(self, content_hash: str, *, size: int | None = None) -> Path | None:
        if not _HASH.fullmatch(content_hash):  # also what keeps `../` out
            return None
        for suffix in _SUFFIX.values():
            path = self.root / content_hash[:2] / (content_hash + suffix)
            if path.is_file() and (size is None or path.stat().st_size == size):
                return path
        return None


def _allowed_kind(data: bytes) -> str:
    if not data:
        raise PictureError("the file is empty", "give a JPEG, PNG or WebP picture")
    kind = kind_of(data)
    if kind not in FORMATS:
        raise PictureError(f"it is {kind}, whatever its name says", "give a JPEG, PNG or WebP picture")
    return kind


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        what = f"{width} × {height} pixels are more than the {MAX_PIXELS // 10**6} million allowed"
        raise PictureError(what, "save it smaller")
    if width < 1 or height < 1:
        raise PictureError(f"{width} × {height} pixels hold no picture", "save or fetch it again")


def _check_still(animated: bool) -> None:
    if animated:
        raise PictureError("it is animated", "save one frame of it as a still picture")


def _plain_rgb(image: Image.Image) -> Image.Image:
    """The pixels alone, as RGB."""
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits of grey: `convert` would clip, not scale
        image = image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        sheet = Image.new("RGBA", coloured.size, "white")
        sheet.alpha_composite(coloured)
        image = sheet
    plain = image.convert("RGB")
    plain.info = {}
    plain.getexif().clear()
    return plain


def _reencoded(data: bytes) -> bytes:
    """What the store keeps of a picture; `data` itself when it already is as it should be."""
    image = load_picture(data, longest_px=KEPT_PX)
    if is_bare(data, longest_px=KEPT_PX):
        return data
    if kind_of(data) == "PNG" or (kind_of(data) == "WEBP" and b"VP8L" in data[:64]):
        lossless = _encode(image, "PNG")
        if len(lossless) <= _LOSSLESS_BYTES:
            return lossless
    return _encode(image, "JPEG", quality=90)


def _encode(image: Image.Image, kind: str, *, quality: int = 90) -> bytes:
    buffer = io.BytesIO()
    if kind == "JPEG":
        image.save(buffer, "JPEG", quality=quality, optimize=True)
    else:
        image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _write_whole(target: Path, data: bytes) -> None:
    """Write a file so that it is there completely or not at all, also after a power cut."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=_HALF)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
