"""What differs between kinds of checkpoint when a prompt is read in two parts, and which kinds are refused."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from models.errors import ModelMisconfigured

if TYPE_CHECKING:
    from collections.abc import Sequence

# Kinds whose pictures may stand behind, or inside, a part that was read before: each is held to it by a test.
PROVEN = frozenset(
    {"llava", "llava_next", "qwen2_5_vl", "qwen3_vl", "smolvlm", "idefics3", "gemma3", "internvl"}
)  # fmt: skip
# Of these, the kinds whose processors take video too, for which transformers demands torchvision.
TAKES_VIDEO = frozenset({"qwen2_5_vl", "qwen3_vl", "smolvlm", "internvl"})
TOKEN_KINDS = ("token_type_ids", "mm_token_type_ids")  # inputs with a number per token: 1 where it is of a picture
log = logging.getLogger(__name__)


def check_supported(config: Any, processor: Any, *, sees: bool, label: str) -> None:
    """Raise ModelMisconfigured for a checkpoint that cannot be used here. sees: whether its kind takes pictures."""
    if config.is_encoder_decoder:
        detail = f"its kind ({config.model_type}) reads with one model and writes with another"
        raise ModelMisconfigured(label, detail, "choose a model that goes on from its prompt, such as LLaVA or Qwen-VL")
    if sees and getattr(processor, "image_processor", None) is None:
        detail = f"its kind ({config.model_type}) takes pictures, but its files do not say how to prepare them"
        raise ModelMisconfigured(label, detail, "add its preprocessor_config.json and processor_config.json")


def takes_pictures(config: Any) -> bool:
    """Say whether models of this kind take pictures and go on in text."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING

    return type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING


def may_share_pictures(config: Any, *, label: str) -> bool:
    """Say whether questions with pictures may follow a shared prefix; where not, they are read whole, one by one."""
    if config.model_type in PROVEN:
        return True
    reason = f"its kind ({config.model_type}) is not tested with pictures after a shared prefix"
    log.warning("%s: %s; questions with pictures are read one by one", label, reason)
    return False


def picture_token(model: Any) -> int | None:
    """Give the id of the token that stands for a piece of a picture, or None for a model of text."""
    token = getattr(model.config, "image_token_id", None)
    return None if token is None else int(token)


def positions(model: Any, ids: Sequence[int], kinds: Any, grid: Any) -> Any:
    """Give the position of each token as the model counts: (1, n), or (3, n) for time, height and width.

    kinds: (1, n), 1 where a token is of a picture, and grid: (pictures, 3), patches in time, height and width; both
    None without a picture. A picture takes as many positions as its longer side has tokens, so what follows it
    depends on its shape.
    """
    import torch

    plain = torch.arange(len(ids))[None]
    count = getattr(model.model, "get_rope_index", None) if hasattr(model, "model") else None
    if count is None:
        return plain
    if grid is None or kinds is None:
        return plain.expand(3, -1)
    counted, _ = count(torch.tensor([list(ids)]), mm_token_type_ids=kinds, image_grid_thw=grid)
    return counted[:, 0]
