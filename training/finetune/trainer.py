"""The first stage: TRL's supervised trainer on our rows. Answers only, groups together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset
from trl import SFTConfig, SFTTrainer

from models.loading import PictureSource
from palate.progress import Report
from training.finetune.base import Base, dtype_of
from training.finetune.examples import Example, HeldOutList
from training.finetune.ranked import RankedTrainer, arguments_of, callbacks_of, pad_id_of
from training.finetune.rows import Encoder
from training.finetune.scoring import Scorer
from training.finetune.settings import TrainSettings
from training.finetune.together import Batches, batches_for

CHECKPOINTS, LOGS = "checkpoints", "logs"


class GroupTrainer(RankedTrainer, SFTTrainer):  # type: ignore[misc]
    """Learns groups of candidates, or single texts."""

    def __init__(self, *, batches: Batches, **given: Any) -> None:
        super().__init__(data_collator=batches, **given)
        self.batches = batches

    def close(self) -> None:
        """Give the model back as it was, and end the scorer."""
        self.batches.close()
        super().close()


def make_trainer(
    base: Base,
    model: Any,
    encoder: Encoder,
    settings: TrainSettings,
    examples: Sequence[Example],
    held_out: Sequence[HeldOutList],
    pictures: PictureSource,
    run: Path,
    *,
    report: Report = lambda what, done, of: None,
) -> GroupTrainer:
    """The trainer of a run, ready to train or to go on. Raises TrainingRefused, as `batches_for` does."""
    dtype, pad_id = dtype_of(settings), pad_id_of(base)
    common = arguments_of(
        settings,
        run / CHECKPOINTS,
        len(examples),
        steps=settings.steps,
        epochs=settings.epochs,
        learning_rate=settings.learning_rate,
    )
    arguments = SFTConfig(**common, dataset_kwargs={"skip_prepare_dataset": True})
    numbers = Dataset.from_dict({"example": list(range(len(examples)))})
    if settings.method != "qlora":  # four-bit weights were loaded where they stay
        model = model.to(arguments.device)
    return GroupTrainer(
        model=model,
        args=arguments,
        train_dataset=numbers,
        eval_dataset=numbers.select([0]),  # the lists are not rows; the trainer only asks whether there is one
        processing_class=base.processor,
        callbacks=callbacks_of(settings, run / LOGS, report, what="training"),
        batches=batches_for(model, examples, encoder, settings, pad_id=pad_id, dtype=dtype),
        held_out=held_out,
        scorer=Scorer(base, model, pictures),
        report=report,
        minutes=settings.minutes,
    )
