"""Pictures in their frames, each with words for who cannot see it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import streamlit as st

from catalog.pictures import PictureError, PictureStore
from ui.look import say
from ui.plain import plain

PICTURE_PX = 480


def picture_words(title: str, summary: str) -> str:
    """What a picture shows, for who cannot see it: its summary after its title, or the title alone."""
    return plain(f"{title}: {summary}" if summary else title)


def draw_picture(pictures: PictureStore, content_hash: str | None, *, key: str, alt: str, px: int = PICTURE_PX) -> None:
    """A picture in its frame, or the words that there is none. px: its longer side, as it is sent."""
    with st.container(key=f"art-{key}"):
        if content_hash is None:
            say("no picture", key=f"small-no-picture-{key}")
            return
        try:
            st.image(thumbnail(pictures.root, content_hash, px), width="stretch", alt=alt)
        except PictureError:
            say("the picture is not in the store any more", key=f"small-no-picture-{key}")


@lru_cache(maxsize=512)
def thumbnail(root: Path, content_hash: str, px: int) -> bytes:
    """A picture of the store in this folder, at most so many pixels wide and high. Raises PictureError."""
    return PictureStore(root).thumbnail(content_hash, px)
