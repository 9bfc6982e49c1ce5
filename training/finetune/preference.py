"""The second stage: direct preference optimisation, by TRL, on hard negatives that the first stage's model names.

Each liking and each of its hard negatives is a pair: the same prompt, the right answer preferred to the wrong one. The
reference is the model of the first stage. Source: Rafailov et al. 2023 (NeurIPS, arXiv 2305.18290).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from datasets import Dataset
from trl import DPOConfig, DPOTrainer

from models.loading import PictureSource
from palate.progress import Report
from training.finetune.base import Base, dtype_of
from training.finetune.collate import IGNORED, batch_of
from training.finetune.examples import Candidates, HeldOutList
from training.finetune.ranked import RankedTrainer, arguments_of, callbacks_of, pad_id_of
from training.finetune.rows import Encoder, Row
from training.finetune.scoring import Scorer
from training.finetune.settings import DpoSettings, TrainSettings

CHECKPOINTS, LOGS = "checkpoints_dpo", "logs/dpo"
REFERENCE = "ref"  # the name TRL gives the adapter that stands still


class PairTrainer(RankedTrainer, DPOTrainer):  # type: ignore[misc]
    """TRL's trainer on rows of ours: it is given tokens and pixels, and prepares none."""

    def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
        return dataset


class PairBatches:
    """The collator: numbers of groups become tensors, right answers first, then the wrong ones in the same order."""

    def __init__(self, groups: Sequence[Candidates], encoder: Encoder, *, pad_id: int, dtype: Any) -> None:
        self._groups, self._encoder, self._pad_id, self._dtype = groups, encoder, pad_id, dtype

    def __call__(self, picked: Sequence[dict[str, int]]) -> dict[str, Any]:
        """picked: `{"example": number}` each. completion_mask: (rows, length), 1 where the answer stands."""
        right: list[Row] = []
        wrong: list[Row] = []
        for one in picked:
            group = self._groups[one["example"]]
            right += self._encoder.rows(group)
            turned = tuple(replace(question, yes=not question.yes) for question in group.questions)
            wrong += self._encoder.rows(replace(group, questions=turned))
        batch = batch_of([*right, *wrong], pad_id=self._pad_id, dtype=self._dtype)
        batch["completion_mask"] = batch.pop("labels").ne(IGNORED).long()
        return batch


def make_pair_trainer(
    base: Base,
    model: Any,
    encoder: Encoder,
    settings: TrainSettings,
    dpo: DpoSettings,
    groups: Sequence[Candidates],
    held_out: Sequence[HeldOutList],
    pictures: PictureSource,
    run: Path,
    *,
    report: Report = lambda what, done, of: None,
) -> PairTrainer:
    """The trainer of the second stage, ready to train or to go on. model: with the adapters of the first."""
    common = arguments_of(
        settings, run / CHECKPOINTS, len(groups), steps=dpo.steps, epochs=dpo.epochs, learning_rate=dpo.learning_rate
    )
    arguments = DPOConfig(**common, beta=dpo.beta)
    numbers = Dataset.from_dict({"example": list(range(len(groups)))})
    if settings.method != "qlora":  # four-bit weights were loaded where they stay
        model = model.to(arguments.device)
    return PairTrainer(
        model=model,
        args=arguments,
        train_dataset=numbers,
        eval_dataset=numbers.select([0]),  # the lists are not rows; the trainer only asks whether there is one
        processing_class=base.processor,
        data_collator=PairBatches(groups, encoder, pad_id=pad_id_of(base), dtype=dtype_of(settings)),
        callbacks=callbacks_of(settings, run / LOGS, report, what="learning from pairs"),
        held_out=held_out,
        scorer=Scorer(base, model, pictures),
        report=report,
        minutes=settings.minutes,
    )
