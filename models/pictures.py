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


def to_jpeg(data: bytes, *, model: str, longest_px: int) -> bytes:
    """Give the picture as a JPEG of at most `longest_px` on its longest side, without metadata."""
    buffer = io.BytesIO()
    open_picture(data, model=model, longest_px=longest_px).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def data_url(data: bytes, *, model: str, longest_px: int) -> str:
    """Give the picture as a data URL, resized as `to_jpeg` does."""
    encoded = base64.b64encode(to_jpeg(data, model=model, longest_px=longest_px)).decode("ascii")
    return f"data:image/jpeg;base64,{encoded}"


def placeholders(count: int, texts: str) -> list[str]:
    """Give `count` distinct marks for pictures, none of which occurs in `texts` or inside another."""
    mark = "picture"
    while mark in texts:
        mark += "~"
    return [f"<{mark}-{number}>" for number in range(count)]
