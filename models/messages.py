"""From LangChain's messages to plain turns: who speaks, and the text and pictures in the order given."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from models.errors import ModelMisconfigured

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

Speaker = Literal["system", "user", "assistant"]
_SPEAKERS: dict[str, Speaker] = {"system": "system", "human": "user", "ai": "assistant"}


@dataclass(frozen=True)
class Text:
    """Words of a turn."""

    text: str


@dataclass(frozen=True)
class Picture:
    """An encoded picture of a turn."""

    data: bytes
    mime_type: str

    @property
    def content_hash(self) -> str:
        """The SHA-256 of its bytes, in hex."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Said:
    """One turn of a conversation."""

    speaker: Speaker
    parts: tuple[Text | Picture, ...]

    @property
    def has_picture(self) -> bool:
        """Whether a picture is among the parts."""
        return any(isinstance(part, Picture) for part in self.parts)


def read_messages(messages: Sequence[BaseMessage], *, model: str, vision: bool) -> list[Said]:
    """Give the turns of these messages, in order.

    Raises ModelMisconfigured for a picture given to a model without vision, a picture by URL (pictures travel as data
    only), and kinds of message or content that no model here takes.
    """
    said = [_read(message, model) for message in messages]
    if not vision and any(turn.has_picture for turn in said):
        raise ModelMisconfigured(
            model, "it takes text only and was given a picture", "choose a model with `vision: true` for this role"
        )
    return said


def _read(message: BaseMessage, model: str) -> Said:
    speaker = _SPEAKERS.get(message.type)
    if speaker is None:
        raise ModelMisconfigured(
            model, f"a {message.type!r} message cannot be sent", "send system, human or ai messages"
        )
    if isinstance(message.content, str):
        return Said(speaker, (Text(message.content),))
    return Said(speaker, tuple(_part(dict(block), model) for block in message.content_blocks))


def _part(block: dict[str, object], model: str) -> Text | Picture:
    match block.get("type"):
        case "text":
            return Text(str(block.get("text", "")))
        case "image" if block.get("base64"):
            try:
                data = base64.b64decode(str(block["base64"]), validate=True)
            except binascii.Error as error:
                raise ModelMisconfigured(model, "a picture is not valid base64", "send the picture again") from error
            return Picture(data, str(block.get("mime_type") or "image/png"))
        case "image":
            raise ModelMisconfigured(model, "a picture was given by address", "send it as base64 data")
        case other:
            raise ModelMisconfigured(model, f"a {other!r} block cannot be sent", "send text and image blocks")
