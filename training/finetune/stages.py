"""The stages of a run: learning from examples, and, where asked for, from pairs with hard negatives.

Each goes on where it was stopped. The second begins from files of the first, so a run that is resumed between the two
is the run that was not stopped.
"""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.loading import PictureSource
from palate.progress import Report
from training.finetune.adapters import adapted_model, trainable_model
from training.finetune.base import Base, device_of
from training.finetune.errors import TrainingRefused
from training.finetune.examples import Candidates
from training.finetune.files import Prepared, read_hard, write_hard
from training.finetune.mining import hard_groups
from training.finetune.preference import CHECKPOINTS as PAIR_CHECKPOINTS
from training.finetune.preference import REFERENCE, make_pair_trainer
from training.finetune.ranked import RankedTrainer
from training.finetune.saving import resume_from, save_model
from training.finetune.scoring import Scorer
from training.finetune.settings import DpoSettings, TrainSettings
from training.finetune.trainer import CHECKPOINTS, make_trainer

FIRST, TOLD = "first", "first.json"  # what the second stage begins from: an adapter, and how it came about
History = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Learned:
    """A trainer that holds the best model, what the manifest tells of the way there, and the log, a record a line."""

    trainer: RankedTrainer
    training: dict[str, Any]
    history: History


def learn(
    run: Path, settings: TrainSettings, base: Base, pictures: PictureSource, prepared: Prepared, report: Report
) -> Learned:
    """All stages, or what is left of them. Raises TrainingRefused, among them SaveFailed when the disk is full."""
    if settings.dpo is None:
        return _from_examples(run, settings, base, pictures, prepared, report)
    if os.environ.get("ACCELERATE_USE_FSDP", "false").lower() in ("true", "1"):
        raise TrainingRefused(
            "a second stage on a model whose layers are shared out among devices is not proven to work",
            "leave out --dpo, or give every device the whole model (training/finetune/configs/many_gpus.yaml)",
        )
    clock = _Clock(settings.minutes)
    if not (run / FIRST).is_dir():
        half = settings.model_copy(update={"minutes": settings.minutes and settings.minutes / 2})
        _keep_first(run, _from_examples(run, half, base, pictures, prepared, report))
        _free_memory()
    return _from_pairs(run, settings, settings.dpo, base, pictures, prepared, report, clock)


class _Clock:
    """The minutes of a run, of which the second stage has what the first has left."""

    def __init__(self, minutes: float | None) -> None:
        self._minutes, self._began = minutes, time.monotonic()

    def limit(self, settings: TrainSettings) -> TrainSettings:
        """The same settings with the minutes that are left; with none left, enough for one step."""
        if self._minutes is None:
            return settings
        left = self._minutes - (time.monotonic() - self._began) / 60
        return settings.model_copy(update={"minutes": max(left, 1e-6)})


def _from_examples(
    run: Path, settings: TrainSettings, base: Base, pictures: PictureSource, prepared: Prepared, report: Report
) -> Learned:
    model, encoder = trainable_model(base, settings), base.encoder(pictures)
    examples, held_out = prepared.train, prepared.validation
    trainer = make_trainer(base, model, encoder, settings, examples, held_out, pictures, run, report=report)
    training = {**_trained(trainer, run / CHECKPOINTS), "rows_read": trainer.batches.how}
    return Learned(trainer, training, trainer.state.log_history)


def _keep_first(run: Path, learned: Learned) -> None:
    """Write down the first stage, in one move, and let go of it."""
    trainer, auc = learned.trainer, learned.trainer.auc()
    told = {"training": learned.training, "history": list(learned.history), "auc": auc}

    def write(folder: Path) -> None:
        trainer.save_model(str(folder))
        (folder / TOLD).write_text(json.dumps(told), encoding="utf-8")

    if trainer.args.should_save:
        save_model(run / FIRST, write)
    trainer.accelerator.wait_for_everyone()
    trainer.close()


def _from_pairs(
    run: Path, settings: TrainSettings, dpo: DpoSettings, base: Base, pictures: PictureSource, prepared: Prepared,
    report: Report, clock: _Clock,
) -> Learned:  # fmt: skip
    """The second stage. The model it gives is the better of both by AUC on the validation lists."""
    first = json.loads((run / FIRST / TOLD).read_text(encoding="utf-8"))
    model, encoder = adapted_model(base, settings, run / FIRST), base.encoder(pictures)
    groups = _hard(run, settings, dpo, base, model, pictures, prepared.pool, report)
    limited = clock.limit(settings)
    trainer = make_pair_trainer(
        base, model, encoder, limited, dpo, groups, prepared.validation, pictures, run, report=report
    )
    told = _trained(trainer, run / PAIR_CHECKPOINTS)
    before, after = first["auc"], trainer.auc()
    kept = after > before
    if not kept:
        model.load_adapter(str(run / FIRST), model.active_adapter)
    model.delete_adapter(REFERENCE)
    pairs = sum(len(group.questions) for group in groups)
    told |= {"pairs": pairs, "validation_auc": {"before": before, "after": after}, "kept": kept}
    return Learned(trainer, first["training"] | {"dpo": told}, _joined(first, trainer.state.log_history))


def _trained(trainer: RankedTrainer, checkpoints: Path) -> dict[str, Any]:
    """Train to the end, from the last checkpoint if there is one, and tell of it. The best model is held then."""
    resume = resume_from(checkpoints)
    began = time.monotonic()
    trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    return {
        "steps": trainer.state.global_step,
        "best_step": trainer.state.best_global_step,
        "seconds": round(time.monotonic() - began, 1),
        "resumed_from": resume.name if resume else None,
        "ended": _ended(trainer),
    }


def _ended(trainer: RankedTrainer) -> str:
    """Why training went no further."""
    if trainer.pace.out_of_time:
        return "out of time"
    return "all steps" if trainer.state.global_step >= trainer.state.max_steps else "no better AUC"


def _hard(
    run: Path, settings: TrainSettings, dpo: DpoSettings, base: Base, model: Any, pictures: PictureSource,
    pool: Sequence[Candidates], report: Report,
) -> list[Candidates]:  # fmt: skip
    """The hard negatives of a run, looked for by one process and once; a resumed run learns from the same."""
    from accelerate import PartialState

    device = device_of(settings)
    with PartialState(cpu=device == "cpu").main_process_first():
        if read_hard(run) is None:
            ready = model if settings.method == "qlora" else model.to(device)
            scorer = Scorer(base, ready, pictures)
            write_hard(run, hard_groups(pool, scorer.p_yes, hardest=dpo.hardest, report=report))
            scorer.close()
    found = read_hard(run)
    if not found:
        raise TrainingRefused("there is no liking to find hard negatives beside", "leave out --dpo")
    return found


def _joined(first: Mapping[str, Any], second: History) -> list[Mapping[str, Any]]:
    """One log of both: the steps of the second follow the first's, without its loss, which is of another kind."""
    steps = first["training"]["steps"]
    later = [{key: value for key, value in one.items() if key != "loss"} for one in second]
    return [*first["history"], *({**one, "step": one["step"] + steps} for one in later)]


def _free_memory() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
