"""Many questions after one beginning in a single row: each sees the beginning and itself, and none of the others.

Rows side by side would each need a copy of what was read of the beginning, which on a processor costs more than the
questions themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from models.local.prefixes import lent

if TYPE_CHECKING:
    from models.local.rows import Row
    from models.local.runtime import Runtime

# Tokens of one pack: a longer one looks at more of its neighbours in vain, a shorter one leaves the device idle.
PACK_TOKENS = {"cpu": 320}
PACK_TOKENS_ELSEWHERE = 2048
MASKED = frozenset({"sdpa", "eager"})  # attention that takes any mask


def may_pack(model: Any) -> bool:
    """Whether the settings of a model speak for it: every layer sees every token, and takes a mask of ours."""
    config = model.config.get_text_config()
    layers = set(getattr(config, "layer_types", None) or ("full_attention",))
    window = getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None
    return layers == {"full_attention"} and not window and config._attn_implementation in MASKED


def packs(rows: Sequence[Row], length: int, device: str) -> list[list[int]]:
    """The rows in packs, by their places and in their order. length: of the beginning, which no pack holds."""
    most, room = PACK_TOKENS.get(device.split(":")[0], PACK_TOKENS_ELSEWHERE), 0
    made: list[list[int]] = []
    for place, row in enumerate(rows):
        own = len(row.ids) - length
        if not made or own > room:
            made.append([])
            room = most
        made[-1].append(place)
        room -= own
    return made


def read_pack(runtime: Runtime, rows: Sequence[Row], where: Sequence[Any], length: int, cache: Any) -> list[Any]:
    """The logits at the end of each row. where: (axes, tokens), positions of each. cache: of the beginning."""
    import torch

    own = [len(row.ids) - length for row in rows]
    ids = torch.tensor([[token for row in rows for token in row.ids[length:]]])
    places = torch.cat([one[:, length:] for one in where], dim=1)[:, None]
    ends = torch.tensor(own).cumsum(0) - 1
    output = runtime.model(
        input_ids=ids.to(runtime.device),
        attention_mask=_mask(own, length, runtime.model.dtype).to(runtime.device),
        position_ids=(places if len(places) > 1 else places[0]).to(runtime.device),
        past_key_values=lent(cache),
        use_cache=cache is not None,
        logits_to_keep=ends.to(runtime.device),
    )
    return list(output.logits[0].float().cpu())


def _mask(own: Sequence[int], length: int, dtype: Any) -> Any:
    """What is added to the scores of attention, (1, 1, tokens, beginning + tokens): 0 for what is seen."""
    import torch

    whose = torch.arange(len(own)).repeat_interleave(torch.tensor(own))
    seen = (whose[:, None] == whose[None]).tril()
    seen = torch.cat([torch.ones(len(seen), length, dtype=torch.bool), seen], dim=1)
    return torch.zeros(seen.shape, dtype=dtype).masked_fill(~seen, torch.finfo(dtype).min)[None, None]
