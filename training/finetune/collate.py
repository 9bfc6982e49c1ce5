"""Rows side by side: padded on the right, and only what is answered is learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from training.finetune.rows import Row

IGNORED = -100


def batch_of(rows: Sequence[Row], *, pad_id: int, dtype: Any) -> dict[str, Any]:
    """Tensors for the model: input_ids, attention_mask, labels, and what the pictures need.

    labels: (rows, length); the id where the answer stands, IGNORED elsewhere: prompt, picture places and padding. The
    model itself shifts them by one. dtype: of pixels. A row's loss does not depend on what stands beside it.
    """
    import torch

    width = max(len(row.ids) for row in rows)
    shape = (len(rows), width)
    ids, labels = torch.full(shape, pad_id), torch.full(shape, IGNORED)
    mask = torch.zeros(shape, dtype=torch.long)
    kinds = {
        name: torch.zeros(shape, dtype=torch.long) for name in sorted({name for row in rows for name in row.kinds})
    }
    for place, row in enumerate(rows):
        length = len(row.ids)
        ids[place, :length] = torch.tensor(row.ids)
        labels[place, length - row.answer : length] = torch.tensor(row.ids[length - row.answer :])
        mask[place, :length] = 1
        for name, values in row.kinds.items():
            kinds[name][place, :length] = torch.tensor(values)
    return {"input_ids": ids, "attention_mask": mask, "labels": labels, **kinds, **_pictures(rows, dtype)}


def _pictures(rows: Sequence[Row], dtype: Any) -> dict[str, Any]:
    """The inputs of all pictures, row after row. Where tiles differ in number, empty ones fill up."""
    import torch

    joined = {}
    for name in sorted({name for row in rows for name in row.inputs}):
        parts = [row.inputs[name] for row in rows if name in row.inputs]
        if not all(hasattr(part, "shape") for part in parts):
            continue
        if parts[0].is_floating_point():
            parts = [part.to(dtype) for part in parts]
        if parts[0].dim() > 2 and len({part.shape[1] for part in parts}) > 1:
            most = max(part.shape[1] for part in parts)
            parts = [_filled(part, most) for part in parts]
        joined[name] = torch.cat(parts)
    return joined


def _filled(part: Any, most: int) -> Any:
    import torch

    missing = torch.zeros((part.shape[0], most - part.shape[1], *part.shape[2:]), dtype=part.dtype)
    return torch.cat([part, missing], dim=1)
