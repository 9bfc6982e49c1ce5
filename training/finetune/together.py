"""How the rows of a group reach the model: together behind what they share, where that is proven, or side by side."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import Any

from training.finetune.collate import batch_of
from training.finetune.errors import TrainingRefused
from training.finetune.examples import Example
from training.finetune.rows import Encoder
from training.finetune.settings import TrainSettings
from training.finetune.shared_prefix import SharedPrefix

TOGETHER = "together"
log = logging.getLogger(__name__)


class Batches:
    """The collator of a run: numbers of examples become tensors, all rows of an example in the same batch."""

    def __init__(
        self, examples: Sequence[Example], encoder: Encoder, *, pad_id: int, dtype: Any, shared: SharedPrefix | None,
        how: str,
    ) -> None:  # fmt: skip
        """shared: of the model that is trained; None for rows side by side. how: in words. dtype: of pixels."""
        self._examples, self._encoder, self._shared = examples, encoder, shared
        self._pad_id, self._dtype, self.how = pad_id, dtype, how

    def __call__(self, picked: Sequence[dict[str, int]]) -> dict[str, Any]:
        """picked: `{"example": number}` each."""
        groups = [list(self._encoder.rows(self._examples[one["example"]])) for one in picked]
        if self._shared is not None:
            return self._shared.batch(groups, dtype=self._dtype)
        return batch_of([row for rows in groups for row in rows], pad_id=self._pad_id, dtype=self._dtype)

    def close(self) -> None:
        """Leave the model as it was."""
        if self._shared is not None:
            self._shared.close()


def batches_for(
    model: Any, examples: Sequence[Example], encoder: Encoder, settings: TrainSettings, *, pad_id: int, dtype: Any
) -> Batches:
    """The collator; it tells how rows are read: `together`, or `apart` with the reason.

    Where the rows of an example are not read together as they are read alone, `shared_prefix: auto` reads them side by
    side and warns, `always` raises TrainingRefused.
    """
    shared, how = None, "apart: as asked"
    if settings.shared_prefix != "never":
        try:
            shared, how = _proven(model, examples, encoder, pad_id=pad_id, dtype=dtype), TOGETHER
        except TrainingRefused as refusal:
            if settings.shared_prefix == "always":
                raise
            how = f"apart: {refusal.what}"
            log.warning("%s; the candidates of a person are read side by side, which takes longer", refusal.what)
    return Batches(examples, encoder, pad_id=pad_id, dtype=dtype, shared=shared, how=how)


def _proven(model: Any, examples: Sequence[Example], encoder: Encoder, *, pad_id: int, dtype: Any) -> SharedPrefix:
    if os.environ.get("ACCELERATE_USE_FSDP", "false").lower() in ("true", "1"):
        raise TrainingRefused(
            "a model whose layers are shared out among devices is not proven to share a prefix",
            "write --shared-prefix never",
        )
    shared = SharedPrefix(model, pad_id=pad_id)
    try:
        for example in _first_of_each(examples):
            shared.prove(list(encoder.rows(example)), dtype=dtype)
    except BaseException:
        shared.close()
        raise
    return shared


def _first_of_each(examples: Sequence[Example]) -> list[Example]:
    """The first example of every role, with pictures and without."""
    found: dict[tuple[str, bool], Example] = {}
    for example in examples:
        found.setdefault((example.role, example.pictured), example)
    return list(found.values())
