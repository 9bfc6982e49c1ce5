"""Many replies written at once, greedily: each takes room and work only until it ends.

What `generate` does for a batch costs more the longer it goes on: the cache of all rows is copied for every token, and
a row whose reply is complete is written on until the last one is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from models.local.packing import may_pack
from models.local.runtime import Runtime

if TYPE_CHECKING:
    from models.local.constrained import Held

ROOM = 64  # tokens that are made room for at once
LEAVING = 8  # rows of a batch, one of so many, that have ended before the others are moved together
# What a checkpoint may ask of `generate` that changes nothing of a greedy reply
_PLAIN = frozenset(
    """bos_token_id eos_token_id pad_token_id transformers_version _from_model_config use_cache output_attentions
    output_hidden_states output_scores output_logits do_sample temperature top_p top_k max_length
    max_new_tokens""".split()
)
_INPUTS = frozenset({"input_ids", "attention_mask", "pixel_values"})


def may_write_together(model: Any, inputs: Any) -> bool:
    """Whether replies to these inputs can be written here, as `generate` would.

    Not where a layer looks at a part of what was read only, where positions are not simply counted, or where the
    checkpoint's settings change its scores.
    """
    settings = model.generation_config.to_diff_dict()
    counted = getattr(getattr(model, "model", None), "get_rope_index", None) is None
    return may_pack(model) and counted and settings.keys() <= _PLAIN and inputs.keys() <= _INPUTS


def write_together(
    runtime: Runtime,
    inputs: Any,
    *,
    most: int,
    ends: Sequence[int],
    held: Held | None,
    over: Callable[[Any, Any], Any],
) -> list[list[int]]:
    """The tokens of each reply, at most that many, its end included.

    inputs: padded on the left. ends: the tokens that end a reply. held: holds the replies to a schema. over: given what
    was written and the scores, gives whether each row shall stop; all stop with the first.
    """
    import torch

    mask, written = inputs["attention_mask"], torch.zeros(len(inputs["input_ids"]), 0, dtype=torch.long)
    replies, rows = [list[int]() for _ in written], list(range(len(written)))
    places, stops = mask.long().cumsum(-1) - 1, set(ends)
    state, cache = dict(inputs), _cache()
    state["position_ids"] = places.clamp(min=0)
    while True:
        logits = runtime.model(**state, past_key_values=cache, use_cache=True, logits_to_keep=1).logits
        scores = logits[:, -1].float().cpu()
        chosen = (held(written, scores) if held is not None else scores).argmax(-1)
        written = torch.cat([written, chosen[:, None]], dim=1)
        tokens = chosen.tolist()
        for row, token in zip(rows, tokens, strict=True):
            if not replies[row] or replies[row][-1] not in stops:
                replies[row].append(token)
        going = [place for place, row in enumerate(rows) if replies[row][-1] not in stops]
        if not going or written.shape[1] >= most or bool(over(written, scores).any()):
            return replies
        mask, places = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1), places[:, -1:] + 1
        if len(going) <= len(rows) - max(1, len(rows) // LEAVING):
            kept = torch.tensor(going)
            rows, written, chosen = [rows[place] for place in going], written[kept], chosen[kept]
            mask, places = mask[kept.to(mask.device)], places[kept.to(places.device)]
            cache.batch_select_indices(kept.to(mask.device))
            if held is not None:
                held.keep(going)
        state = {"input_ids": chosen[:, None].to(mask.device), "attention_mask": mask, "position_ids": places}


def _cache() -> Any:
    """What was read of every row, in room that is made for many tokens at once."""
    from transformers.cache_utils import Cache, DynamicLayer

    def with_room(old: Any, length: int) -> Any:
        made = old.new_empty(*old.shape[:-2], length + ROOM, old.shape[-1])
        made[..., : old.shape[-2], :] = old
        return made

    class Roomy(DynamicLayer):  # type: ignore[misc]
        """Holds every token, and copies them only when its room is full."""

        room: Sequence[Any] = ()  # for keys and for values

        def update(self, key_states: Any, value_states: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
            before, new = self.get_seq_length(), (key_states, value_states)
            length = before + key_states.shape[-2]
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
                self.room = [with_room(one, length) for one in new]
            elif length > self.room[0].shape[-2]:
                self.room = [with_room(one, length) for one in self.room]
            for room, states in zip(self.room, new, strict=True):
                room[..., before:length, :] = states
            return self.filled(length)

        def batch_select_indices(self, indices: Any) -> None:
            self.room = [room[indices] for room in self.room]
            self.filled(self.get_seq_length())

        def filled(self, length: int) -> tuple[Any, Any]:
            keys, values = (room[..., :length, :] for room in self.room)
            self.keys, self.values = keys, values
            return keys, values

    return Cache(layer_class_to_replicate=Roomy)
