"""Training on groups whose rows begin alike: the shared tokens are read once, and the gradients are those of all rows.

`SharedPrefix` stands beside any trainer of transformers or TRL: its `batch` is what the data collator returns, and the
model it was made for understands that. Loss, weighting and metrics stay the trainer's own.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from models.local.architectures import TOKEN_KINDS, picture_token, positions
from training.finetune.collate import IGNORED, batch_of
from training.finetune.errors import TrainingRefused
from training.finetune.packing import Packed, attention, pack_group
from training.finetune.rows import Row

MASK, PLACES = "shared_mask", "answer_places"  # inputs of ours; the model itself never sees them
LAYERS = frozenset({"full_attention", "sliding_attention"})
MASKED = frozenset({"sdpa", "eager"})  # attention that takes any mask
BOTH_WAYS = {"gemma3": "token_type_ids"}  # kinds whose pictures are read in both directions, and what marks them
TOLERANCE = {True: 1e-4, False: 2e-2}  # of a probability: float32, and shorter floats
REMEDY = "train it on separate rows (`--shared-prefix never`)"


class SharedPrefix:
    """Packs groups for one model, and has the model read them so. Dropout aside, gradients equal those of rows apart.

    Dropout draws once for a shared token instead of once per row; nothing else differs.
    """

    def __init__(self, model: Any, *, pad_id: int) -> None:
        """model: of transformers, or a PEFT model around it. Raises TrainingRefused for a kind that cannot share."""
        self._model, self._pad_id = model, pad_id
        self._core = model.get_base_model() if hasattr(model, "get_base_model") else model
        self._decoder = self._core.get_decoder()
        self._config = self._decoder.config
        if reason := _reason_against(model, self._core, self._decoder):
            raise TrainingRefused(f"a {type(self._core).__name__} cannot share a prefix: {reason}", REMEDY)
        self._places: Any = None
        self._handles = [
            self._decoder.register_forward_pre_hook(self._enter, with_kwargs=True),
            self._decoder.register_forward_hook(self._leave),
        ]

    def close(self) -> None:
        """Leave the model as it was."""
        for handle in self._handles:
            handle.remove()

    def batch(self, groups: Sequence[Sequence[Row]], *, dtype: Any) -> dict[str, Any]:
        """Tensors for the model. groups: rows that belong together, none empty. dtype: of pixels.

        Beside the usual: position_ids, (rows, length) or (axes, rows, length); shared_mask, what may be looked at;
        answer_places and shift_labels, (rows, answers), where answers are learned and what, IGNORED where a row has
        fewer. attention_mask is 1 for every token that is read, so it counts tokens as usual.
        """
        import torch

        token, width = picture_token(self._core), self._config.hidden_size
        packed = [one for rows in groups for one in pack_group(rows, self._count, picture_token=token, width=width)]
        plain = [Row(one.ids, 0, kinds=one.kinds) for one in packed]
        batch = batch_of(plain, pad_id=self._pad_id, dtype=dtype)
        batch |= self._pictures([row for one in packed for row in one.pictures], dtype)
        length = batch["input_ids"].shape[1]
        axes = max(one.positions.shape[0] for one in packed)
        where = torch.zeros((axes, len(packed), length), dtype=torch.long)
        most = max(len(one.answers) for one in packed)
        places = torch.zeros((len(packed), most), dtype=torch.long)
        learned = torch.full((len(packed), most), IGNORED)
        for number, one in enumerate(packed):
            where[:, number, : len(one.ids)] = one.positions
            for nth, (place, answer) in enumerate(one.answers):
                places[number, nth], learned[number, nth] = place, answer
                batch["labels"][number, place + 1] = answer
        return batch | {
            "position_ids": where if axes > 1 else where[0],
            MASK: self._masks(packed),
            PLACES: places,
            "shift_labels": learned,
        }

    def prove(self, rows: Sequence[Row], *, dtype: Any) -> float:
        """Read one group packed and apart; give the largest difference of an answer's probability.

        Raises TrainingRefused when they differ, or when the model fails on the packed group: its kind reads in a way
        that is not known here.
        """
        import torch

        was_training = self._model.training
        self._model.eval()
        try:
            with torch.no_grad():
                apart = torch.cat([self._read(self._apart(row, dtype)) for row in rows])
                try:
                    together = self._read(self.batch([rows], dtype=dtype))
                except (RuntimeError, TypeError, ValueError, AttributeError, KeyError) as error:
                    raise TrainingRefused(f"{self._name} cannot share a prefix: {error}", REMEDY) from error
        finally:
            self._model.train(was_training)
        difference = float((apart - together).abs().max())
        if not difference <= TOLERANCE[apart.dtype == torch.float32 and dtype == torch.float32]:
            raise TrainingRefused(
                f"{self._name} cannot share a prefix: an answer's probability differs by {difference:.1e} from "
                "the one of its row alone",
                REMEDY,
            )
        return difference

    @property
    def _name(self) -> str:
        return f"a {type(self._core).__name__}"

    def _apart(self, row: Row, dtype: Any) -> dict[str, Any]:
        import torch

        batch = batch_of([row], pad_id=self._pad_id, dtype=dtype)
        places = [range(len(row.ids) - row.answer - 1, len(row.ids) - 1)]
        return batch | {PLACES: torch.tensor(places), "shift_labels": torch.tensor([row.ids[-row.answer :]])}

    def _read(self, batch: dict[str, Any]) -> Any:
        """The probability of each answer token, in order."""
        device = next(self._core.parameters()).device
        inputs = {name: _moved(value, device) for name, value in batch.items() if name != "labels"}
        learned = inputs.pop("shift_labels")
        logits = self._core(**inputs, use_cache=False).logits.float()
        kept = learned != IGNORED
        return logits[kept].softmax(-1).gather(-1, learned[kept][:, None])[:, 0]

    def _count(self, row: Row) -> Any:
        import torch

        kinds = next((torch.tensor([row.kinds[name]]) for name in TOKEN_KINDS if name in row.kinds), None)
        return positions(self._core, row.ids, kinds, row.inputs.get("image_grid_thw"))

    def _pictures(self, rows: Sequence[Row], dtype: Any) -> dict[str, Any]:
        """The inputs of the pictures of these rows, joined as they are for rows apart."""
        if not rows:
            return {}
        joined = batch_of([Row([self._pad_id], 0, row.inputs) for row in rows], pad_id=self._pad_id, dtype=dtype)
        return {name: value for name, value in joined.items() if name not in ("input_ids", "attention_mask", "labels")}

    def _masks(self, packed: Sequence[Packed]) -> Any:
        """One mask, or one for each kind of layer."""
        kinds = BOTH_WAYS.get(self._core.config.model_type)
        window = getattr(self._config, "sliding_window", None)
        layers = set(getattr(self._config, "layer_types", None) or ())
        if not layers:
            return attention(packed, window=window, kinds=kinds)
        masks = {
            name: attention(packed, window=window if name == "sliding_attention" else None, kinds=kinds)
            for name in sorted(layers)
        }
        return masks if len(masks) > 1 else masks.popitem()[1]

    def _enter(self, decoder: Any, args: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        mask, self._places = given.pop(MASK, None), given.pop(PLACES, None)
        if mask is not None:
            ready = partial(_as_scores, eager=self._config._attn_implementation == "eager")
            given["attention_mask"] = (
                {name: ready(one) for name, one in mask.items()} if isinstance(mask, Mapping) else ready(mask)
            )
        return args, given

    def _leave(self, decoder: Any, args: Any, output: Any) -> Any:
        """Keep the states from which answers are read; the last layer has nothing to say of the others."""
        import torch

        if self._places is not None:
            places, self._places = self._places, None
            output["last_hidden_state"] = torch.take_along_dim(output[0], places[..., None], dim=1)
        return output


def _reason_against(model: Any, core: Any, decoder: Any) -> str | None:
    """Why a kind of model cannot, as far as its settings tell."""
    config = decoder.config
    takes = inspect.signature(decoder.forward).parameters
    if core.config.is_encoder_decoder:
        return "it reads with one model and writes with another"
    if not {"position_ids", "attention_mask"} <= takes.keys():
        return "its layers cannot be told where a token stands and what it may look at"
    if unknown := set(getattr(config, "layer_types", None) or ()) - LAYERS:
        return f"its layers of the kind {', '.join(sorted(unknown))} read in an order of their own"
    if config._attn_implementation not in MASKED:
        how = f"its attention ({config._attn_implementation}) takes no mask of ours"
        return f"{how}; load it with attn_implementation='sdpa' instead"
    if getattr(config, "output_router_logits", False):
        return "its experts are balanced over tokens, and a shared token would count once instead of once per row"
    if any(one.is_prompt_learning for one in getattr(model, "peft_config", {}).values()):
        return "its adapter puts tokens of its own before every row"
    return None


def _as_scores(mask: Any, *, eager: bool) -> Any:
    """A bool mask as the attention takes it: eager attention adds it to the scores."""
    import torch

    if not eager:
        return mask
    return torch.zeros(mask.shape, device=mask.device).masked_fill(~mask, torch.finfo(torch.float32).min)


def _moved(value: Any, device: Any) -> Any:
    return {name: one.to(device) for name, one in value.items()} if isinstance(value, Mapping) else value.to(device)
