"""Pictures as a model takes them: small, and without anything but their pixels."""

from __future__ import annotations

import base64
import io
import warnings
from typing import TYPE_CHECKING

from models.errors import ModelMisconfigured

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 50_000_000  # beyond this a few kilobytes can decode to gigabytes


def open_picture(data: bytes, *, model: str, longest_px: int | None = None) -> Image:
    """Give the picture as RGB, its longest side at most `longest_px`; never enlarged.

    Raises ModelMisconfigured when it cannot be read or is larger than 50 million pixels.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(data))
            if opened.width * opened.height > MAX_PIXELS:
                raise ModelMisconfigured(
                    model, f"a picture has {opened.width}x{opened.height} pixels", "make it smaller"
                )
            if longest_px:
                opened.draft("RGB", (longest_px, longest_px))
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Warning, Image.DecompressionBombError) as error:
        raise ModelMisconfigured(model, f"a picture cannot be read ({error})", "add the picture again") from error
    if longest_px and max(picture.size) > longest_px:
        picture.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)
    return picture


def to_send(data: bytes, *, model: str, longest_px: int) -> tuple[bytes, str]:
    """Give the picture as it may leave the machine, and its kind, "jpeg" or "png": small, and without metadata.

    One that is so already goes as it is, which keeps answers the same wherever a model runs; any other becomes a JPEG.
    """
    picture = open_picture(data, model=model, longest_px=longest_px)
    if kind := _bare_kind(data, longest_px):
        return data, kind
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue(), "jpeg"


def data_url(data: bytes, *, model: str, longest_px: int) -> str:
    """Give the picture as a data URL, as `to_send` makes it."""
    sent, kind = to_send(data, model=model, longest_px=longest_px)
    return f"data:image/{kind};base64,{base64.b64encode(sent).decode('ascii')}"


def _bare_kind(data: bytes, longest_px: int) -> str | None:
    """Give "jpeg" or "png" for a small enough picture that holds nothing but pixels."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as opened:
        harmless = {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi", "gamma", "srgb", "chromaticity"}
        small = max(opened.size) <= longest_px and opened.mode in ("RGB", "L")
        bare = small and not opened.getexif() and not set(opened.info) - harmless
        return {"JPEG": "jpeg", "PNG": "png"}.get(opened.format or "") if bare else None


def placeholders(count: int, texts: str) -> list[str]:
    """Give `count` distinct marks for pictures, none of which occurs in `texts` or inside another."""
    mark = "picture"
    while mark in texts:
        mark += "~"
    return [f"<{mark}-{number}>" for number in range(count)]
