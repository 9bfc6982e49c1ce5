"""What a checkpoint's tower makes of a picture: computed alone, the same beside any other, and kept by content."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from models.local.architectures import PROVEN

if TYPE_CHECKING:
    from models.local.feature_store import FeatureStore
    from models.local.runtime import Runtime

PREPARATION = 1  # of `models.pictures.open_picture`; raise it when the same file would give other pixels
Features = dict[
    str, Any
]  # name → tensor: "pooled", or "listed" where the model wants a list, and "deep.0", "deep.1", …


class Eyes:
    """Looks at pictures for one checkpoint, or remembers what it saw. Everything runs on the runtime's own thread."""

    def __init__(self, runtime: Runtime, store: FeatureStore, picture_px: int) -> None:
        """picture_px: the longest side of the pictures it is shown."""
        self._runtime, self._store, self._px = runtime, store, picture_px

    def knows(self, content_hash: str) -> bool:
        """Whether the features of a picture are kept."""
        return self._store.get(content_hash, self._runtime.fingerprint(self._px)) is not None

    def see(self, content_hash: str, inputs: Mapping[str, Any]) -> Features:
        """Give the features of one picture. inputs: what the processor made of it, its pixels among them."""
        from safetensors.torch import load, save

        fingerprint = self._runtime.fingerprint(self._px)
        if (kept := self._store.get(content_hash, fingerprint)) is not None:
            return {name: tensor.to(self._runtime.device) for name, tensor in load(kept).items()}
        seen = _look(self._runtime, inputs)
        self._store.put(content_hash, fingerprint, save({name: one.cpu().contiguous() for name, one in seen.items()}))
        return seen


def eyes_of(runtime: Runtime, store: FeatureStore | None, picture_px: int) -> Eyes | None:
    """Give the eyes of a checkpoint; None where nothing is to be kept, or its kind is not shown to take features."""
    if store is None or not store.max_bytes or not runtime.sees or runtime.model.config.model_type not in PROVEN:
        return None
    takes = "mm_encoder_outputs" in inspect.signature(runtime.model.forward).parameters
    return Eyes(runtime, store, picture_px) if takes else None


def as_inputs(features: Sequence[Features]) -> dict[str, Any]:
    """Give the model's input for these pictures, in the order of their tokens."""
    import torch
    from transformers.modeling_outputs import BaseModelOutputWithPooling

    if "listed" in features[0]:
        output = BaseModelOutputWithPooling(pooler_output=[one["listed"] for one in features])
    else:
        output = BaseModelOutputWithPooling(pooler_output=torch.cat([one["pooled"] for one in features]))
    deep = sorted((name for name in features[0] if name.startswith("deep.")), key=lambda name: int(name[5:]))
    if deep:
        output.deepstack_features = [tuple(one[name] for one in features) for name in deep]
    return {"mm_encoder_outputs": {"image": output}}


def apart(inputs: Mapping[str, Any], count: int) -> list[dict[str, Any]] | None:
    """Give what belongs to each of `count` pictures of one prompt or several; None where it cannot be told apart."""
    pictures = {name: value for name, value in inputs.items() if hasattr(value, "to")}
    if count == 1:
        return [pictures]
    pixels, grid = pictures["pixel_values"], pictures.get("image_grid_thw")
    if grid is not None:
        cut = pixels.split(grid.prod(-1).tolist())
        return [{"pixel_values": one, "image_grid_thw": grid[row : row + 1]} for row, one in enumerate(cut)]
    if len(pixels) != count:
        return None
    return [
        {name: value[row : row + 1] for name, value in pictures.items() if len(value) == count} for row in range(count)
    ]


def placed(runtime: Runtime, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Give the tensors on the model's device and, where they are no whole numbers, in its type of number."""
    return {
        name: value.to(runtime.device, dtype=runtime.model.dtype if value.is_floating_point() else None)
        for name, value in inputs.items()
    }


def fingerprint_of(runtime: Runtime, picture_px: int) -> str:
    """Tell checkpoints apart by all that features depend on but the picture itself: 16 hex digits.

    These are how a picture is prepared, the weights outside the language model, and the numbers they compute in.
    """
    import PIL
    import torch
    import transformers

    model, images = runtime.model, runtime.processor.image_processor
    settings = {name: value for name, value in model.config.to_dict().items() if name != "text_config"}
    told = [PREPARATION, picture_px, transformers.__version__, PIL.__version__, str(model.dtype), runtime.device[:4]]
    digest = hashlib.sha256(json.dumps([told, type(images).__name__, images.to_dict(), settings], default=str).encode())
    words = {id(one) for part in (model.get_decoder(), model.get_output_embeddings()) for one in part.parameters()}
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if id(tensor) not in words:
            digest.update(name.encode())
            digest.update(memoryview(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()))
    return digest.hexdigest()[:16]


def _look(runtime: Runtime, inputs: Mapping[str, Any]) -> Features:
    """Ask the tower about one picture."""
    tower = runtime.model.base_model.get_image_features
    taken = inspect.signature(tower).parameters
    output = tower(**placed(runtime, {name: one for name, one in inputs.items() if name in taken}), return_dict=True)
    pooled, deep = output.pooler_output, getattr(output, "deepstack_features", None) or ()
    if isinstance(pooled, list | tuple):
        [listed] = pooled
        seen = {"listed": listed}
    else:
        seen = {"pooled": pooled}
    return seen | {f"deep.{number}": layer for number, [layer] in enumerate(deep)}
