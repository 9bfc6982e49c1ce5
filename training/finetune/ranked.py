"""What both stages of a run share: validation by ranking held-out lists, and saves that are whole."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter
from transformers import EarlyStoppingCallback, Trainer, TrainerCallback
from transformers.integrations import TensorBoardCallback
from transformers.trainer_utils import rotate_checkpoints

from evaluation.metrics import evaluate
from palate.progress import Report
from training.finetune.base import Base, device_of, dtype_of
from training.finetune.errors import SaveFailed
from training.finetune.examples import HeldOutList
from training.finetune.files import TESTS
from training.finetune.pace import Pace
from training.finetune.saving import disk_is_full, last_whole, mark_whole
from training.finetune.scoring import Scorer
from training.finetune.settings import TrainSettings

KEPT = 2  # checkpoints: the best and the latest


class RankedTrainer(Trainer):  # type: ignore[misc]
    """Stands before a trainer of TRL: validates by ranking held-out lists as the product does, and saves whole."""

    def __init__(
        self,
        *,
        held_out: Sequence[HeldOutList],
        scorer: Scorer,
        report: Report,
        minutes: float | None = None,
        **given: Any,
    ) -> None:
        super().__init__(**given)
        self._held_out, self.scorer, self._report = held_out, scorer, report
        self._list_s: float | None = None
        judged = len(held_out) * (1 + len(TESTS))  # a test has as many lists
        self.pace = Pace(report, list_s=self._list_seconds, validated=len(held_out), judged=judged, minutes=minutes)
        self.add_callback(self.pace)
        for callback in list(self.callback_handler.callbacks):
            if type(callback).__name__ == "PrinterCallback":
                self.remove_callback(callback)

    def close(self) -> None:
        """Give the model back as it was, and end the scorer."""
        self.scorer.close()

    def _list_seconds(self) -> float:
        """How long a list takes to be ranked: as at the last validation, before it as one list takes now."""
        if self._list_s is None:
            self._rank(self._held_out[:1])
        return self._list_s or 0.0

    def _rank(self, lists: Sequence[HeldOutList], progress: Callable[[int], None] = lambda done: None) -> Any:
        began = time.monotonic()
        judged = self.scorer.lists(lists, progress)
        self._list_s = (time.monotonic() - began) / max(1, len(lists))
        return judged

    def auc(self) -> float:
        """The mean AUC over the held-out lists, of the model as it is now."""
        return evaluate(self.scorer.lists(self._held_out), rounds=1)["auc"].mean

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """The figures over the held-out lists, logged. The model is in evaluation mode after."""
        judged = self._rank(self._held_out, lambda done: self._report("validating", done, len(self._held_out)))
        figures = {f"{metric_key_prefix}_{name}": one.mean for name, one in evaluate(judged, rounds=1).items()}
        self.log(figures)
        self.control: Any = self.callback_handler.on_evaluate(self.args, self.state, self.control, figures)
        return figures

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Go on with the weights of a checkpoint."""
        if not self._reloaded(resume_from_checkpoint):
            super()._load_from_checkpoint(resume_from_checkpoint, model)

    def _load_best_model(self) -> None:
        """Go back to the weights of the best checkpoint."""
        if not self._reloaded(self.state.best_model_checkpoint):
            super()._load_best_model()

    def _reloaded(self, checkpoint: str | None) -> bool:
        """Whether the weights of a checkpoint were taken here; adapters and shared out layers the trainer reads itself.

        A whole model is saved under the names of the hub, which for LLaVA and others are not those in memory. The
        trainer would look for the latter and pass over all it does not find, in silence; here each must be there.
        """
        whole = hasattr(self.model, "from_pretrained") and not hasattr(self.model, "peft_config")
        if checkpoint is None or not whole or self.is_fsdp_enabled or self.is_deepspeed_enabled:
            return False
        saved = type(self.model).from_pretrained(checkpoint, dtype=self.model.dtype, local_files_only=True)
        self.model.load_state_dict(saved.state_dict())
        return True

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
    """Tells how far training is, for a bar with the time left. what: the words before the bar."""

    def __init__(self, report: Report, what: str) -> None:
        self._report, self._what = report, what

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """After every step."""
        self._report(self._what, state.global_step, state.max_steps)


def callbacks_of(settings: TrainSettings, logs: Path, report: Report, *, what: str) -> list[TrainerCallback]:
    """Early stopping, a bar, and TensorBoard's files in `logs`."""
    return [
        EarlyStoppingCallback(settings.patience),
        Progress(report, what),
        TensorBoardCallback(SummaryWriter(str(logs))),
    ]


def arguments_of(
    settings: TrainSettings, out: Path, examples: int, *, steps: int | None, epochs: float, learning_rate: float
) -> dict[str, Any]:
    """What a trainer of TRL is told in either stage. out: of checkpoints; steps: None for epochs."""
    import torch

    on_cpu = device_of(settings) == "cpu"
    in_all = steps or max(1, round(epochs * examples / (settings.groups * settings.accumulation)))
    every = settings.evaluate_every or max(1, in_all // 8)
    return {
        "output_dir": str(out),
        "num_train_epochs": epochs,
        "max_steps": steps or -1,
        "per_device_train_batch_size": settings.groups,
        "gradient_accumulation_steps": settings.accumulation,
        "learning_rate": learning_rate,
        "warmup_steps": settings.warmup,
        "lr_scheduler_type": "cosine",
        "bf16": dtype_of(settings) == torch.bfloat16 and not on_cpu,
        "use_cpu": on_cpu,
        "gradient_checkpointing": settings.gradient_checkpointing,
        "max_length": None,  # nothing is cut
        "remove_unused_columns": False,
        "dataloader_pin_memory": False,
        "eval_strategy": "steps",
        "eval_steps": every,
        "save_strategy": "steps",
        "save_steps": every,
        "save_total_limit": KEPT,
        "load_best_model_at_end": True,
        "metric_for_best_model": "auc",
        "greater_is_better": True,
        "restore_callback_states_from_checkpoint": True,
        "logging_steps": max(1, every // 4),
        "report_to": "none",
        "disable_tqdm": True,
        "seed": settings.seed,
        "data_seed": settings.seed,
    }


def pad_id_of(base: Base) -> int:
    """What rows are filled up with; a tokenizer without such a token is given one."""
    if base.tokenizer.pad_token_id is None:
        base.tokenizer.pad_token_id = base.tokenizer.eos_token_id or 0
    return int(base.tokenizer.pad_token_id)
