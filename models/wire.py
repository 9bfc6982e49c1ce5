"""Our questions in the words of the System One request format, which transformers and LiteLLM share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from catalog.pictures import PictureError
from models.decisions import Choice, Question
from models.errors import ModelMisconfigured

if TYPE_CHECKING:
    from models.loading import PictureSource


def as_systemone(question: Question, mark: str | None) -> dict[str, Any]:
    """Give the question as a System One question; its picture, if any, stands as `mark` before the text."""
    instructions = f"{mark or ''}{question.text}"
    if isinstance(question, Choice):
        criteria = {name: description or None for name, description in question.options.items()}
        return {"type": "choice", "instructions": instructions, "criteria": criteria}
    return {"type": "noul", "instructions": instructions}


def words_of(question: Question) -> str:
    """Give all words of a question, options included."""
    options = question.options if isinstance(question, Choice) else {}
    return "\n".join([question.text, *options, *options.values()])


def read_picture(pictures: PictureSource, content_hash: str, model: str) -> bytes:
    """Give the encoded picture of a question. Raises ModelMisconfigured where there is none."""
    try:
        return pictures.read(content_hash)
    except (PictureError, KeyError, OSError) as error:
        detail = f"the picture {content_hash[:12]} cannot be read from the picture store"
        raise ModelMisconfigured(model, detail, "import the catalogue again") from error
