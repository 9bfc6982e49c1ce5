"""TRL's trainer on our rows: answers only, groups together, ranked lists as validation, and saves that are whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset
from torch.utils.tensorboard import SummaryWriter
from transformers import EarlyStoppingCallback, TrainerCallback
from transformers.integrations import TensorBoardCallback
from transformers.trainer_utils import rotate_checkpoints
from trl import SFTConfig, SFTTrainer

from evaluation.metrics import evaluate
from models.loading import PictureSource
from training.finetune.base import Base, device_of, dtype_of
from training.finetune.errors import SaveFailed
from training.finetune.examples import Example, HeldOutList
from training.finetune.rows import Encoder
from training.finetune.scoring import Scorer
from training.finetune.settings import TrainSettings
from training.finetune.together import Batches, batches_for

WHOLE = "whole.json"  # written last into a checkpoint: name and size of every file in it
KEPT = 2  # checkpoints: the best and the latest
CHECKPOINTS, LOGS = "checkpoints", "logs"
Report = Callable[[str, int, int | None], None]


class GroupTrainer(SFTTrainer):  # type: ignore[misc]
    """Learns groups of candidates, or single texts; validates by ranking held-out lists as the product ranks them."""

    def __init__(
        self, *, held_out: Sequence[HeldOutList], scorer: Scorer, batches: Batches, report: Report, **given: Any
    ) -> None:
        super().__init__(data_collator=batches, **given)
        self._held_out, self.scorer, self.batches, self._report = held_out, scorer, batches, report

    def close(self) -> None:
        """Give the model back as it was, and end the scorer."""
        self.batches.close()
        self.scorer.close()

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """The figures over the held-out lists, logged. The model is in evaluation mode after."""
        judged = self.scorer.lists(self._held_out, lambda done: self._report("validating", done, len(self._held_out)))
        figures = {f"{metric_key_prefix}_{name}": one.mean for name, one in evaluate(judged, rounds=1).items()}
        self.log(figures)
        self.control: Any = self.callback_handler.on_evaluate(self.args, self.state, self.control, figures)
        return figures

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """The manifest says what a card would."""

    def _send_telemetry(self) -> None:
        """TRL would tell its makers of every run; nothing leaves this machine."""

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Save, mark as whole, and only then let older ones go. Raises SaveFailed; the last good checkpoint stays."""
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        limit, self.args.save_total_limit = self.args.save_total_limit, None
        try:
            super()._save_checkpoint(model, trial)
            if self.args.should_save:
                mark_whole(folder)
        except Exception as error:
            if not disk_is_full(error, folder):
                raise
            shutil.rmtree(folder, ignore_errors=True)
            last = last_whole(Path(self.args.output_dir))
            there = f"the last good checkpoint, {last.name}, is untouched" if last else "no checkpoint was there before"
            raise SaveFailed(
                f"the disk is full: {folder.name} could not be written and was removed; {there}",
                "free some space and run the same command again; it goes on from there",
            ) from error
        finally:
            self.args.save_total_limit = limit
        if self.args.should_save:
            rotate_checkpoints(
                output_dir=self.args.output_dir,
                save_total_limit=limit,
                best_model_checkpoint=self.state.best_model_checkpoint,
                use_mtime=False,
            )


class Progress(TrainerCallback):  # type: ignore[misc]
    """Tells how far training is, for a bar with the time left."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """After every step."""
        self._report("training", state.global_step, state.max_steps)


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
    import torch

    dtype, pad_id = dtype_of(settings), base.tokenizer.pad_token_id
    if pad_id is None:
        pad_id = base.tokenizer.pad_token_id = base.tokenizer.eos_token_id or 0

    every = settings.evaluate_every or max(1, _steps(settings, len(examples)) // 8)
    on_cpu = device_of(settings) == "cpu"
    arguments = SFTConfig(
        output_dir=str(run / CHECKPOINTS),
        num_train_epochs=settings.epochs,
        max_steps=settings.steps or -1,
        per_device_train_batch_size=settings.groups,
        gradient_accumulation_steps=settings.accumulation,
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup,
        lr_scheduler_type="cosine",
        bf16=dtype == torch.bfloat16 and not on_cpu,
        use_cpu=on_cpu,
        gradient_checkpointing=settings.gradient_checkpointing,
        max_length=None,  # nothing is cut
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        eval_strategy="steps",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=KEPT,
        load_best_model_at_end=True,
        metric_for_best_model="auc",
        greater_is_better=True,
        restore_callback_states_from_checkpoint=True,
        logging_steps=max(1, every // 4),
        report_to="none",
        disable_tqdm=True,
        seed=settings.seed,
        data_seed=settings.seed,
    )
    numbers = Dataset.from_dict({"example": list(range(len(examples)))})
    if settings.method != "qlora":  # four-bit weights were loaded where they stay
        model = model.to(arguments.device)
    batches = batches_for(model, examples, encoder, settings, pad_id=pad_id, dtype=dtype)
    scorer = Scorer(base, model, pictures)
    trainer = GroupTrainer(
        model=model,
        args=arguments,
        train_dataset=numbers,
        eval_dataset=numbers.select([0]),  # the lists are not rows; the trainer only asks whether there is one
        processing_class=base.processor,
        callbacks=[
            EarlyStoppingCallback(settings.patience),
            Progress(report),
            TensorBoardCallback(SummaryWriter(str(run / LOGS))),
        ],
        held_out=held_out,
        scorer=scorer,
        batches=batches,
        report=report,
    )
    for callback in list(trainer.callback_handler.callbacks):
        if type(callback).__name__ == "PrinterCallback":
            trainer.remove_callback(callback)
    return trainer


def _steps(settings: TrainSettings, examples: int) -> int:
    per_step = settings.groups * settings.accumulation
    return settings.steps or max(1, round(settings.epochs * examples / per_step))


def mark_whole(folder: Path) -> None:
    """Write the sizes of all files into a checkpoint, last and in one move."""
    sizes = {str(one.relative_to(folder)): one.stat().st_size for one in sorted(folder.rglob("*")) if one.is_file()}
    (folder / "whole.new").write_text(json.dumps(sizes, indent=1), encoding="utf-8")
    os.replace(folder / "whole.new", folder / WHOLE)


def is_whole(folder: Path) -> bool:
    """Whether everything that was saved into a checkpoint is there."""
    if not (folder / WHOLE).is_file():
        return False
    sizes = json.loads((folder / WHOLE).read_text(encoding="utf-8"))
    return all((folder / name).is_file() and (folder / name).stat().st_size == size for name, size in sizes.items())


def last_whole(folder: Path) -> Path | None:
    """The latest checkpoint that was saved to the end, or None."""
    found = sorted(folder.glob("checkpoint-*"), key=lambda one: int(one.name.rpartition("-")[2]))
    return next((one for one in reversed(found) if is_whole(one)), None)


def disk_is_full(error: BaseException, where: Path) -> bool:
    """Whether a save failed for want of space. The writers of weights tell it in words of their own."""
    told = str(error).casefold()
    words = ("no space left", "os error 28", "errno 28", "disk quota", "os error 122", "file too large", "os error 27")
    return any(word in told for word in words) or shutil.disk_usage(where.parent).free < 1 << 20
