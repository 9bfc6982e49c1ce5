"""One run from prepared files to a judged model with its manifest and its picture."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from evaluation.metrics import evaluate
from models.loading import PictureSource
from training.finetune.adapters import trainable_model
from training.finetune.base import Base
from training.finetune.errors import SaveFailed, TrainingRefused
from training.finetune.manifest import manifest_of
from training.finetune.prepare import DATA, Prepared, load_prepared
from training.finetune.report import draw_report
from training.finetune.scoring import Scorer, as_record, baseline_figures
from training.finetune.settings import TrainSettings
from training.finetune.trainer import CHECKPOINTS, GroupTrainer, disk_is_full, is_whole, last_whole, make_trainer

MODEL, REPORT = "model", "report.png"
Report = Callable[[str, int, int | None], None]
Metrics = dict[str, dict[str, dict[str, dict[str, float]]]]  # part → scorer → figure


def fit(
    run: Path,
    settings: TrainSettings,
    base: Base,
    pictures: PictureSource,
    *,
    report: Report = lambda what, done, of: None,
) -> Metrics:
    """Train, or go on where a stopped run was; then judge the best checkpoint and keep it as `model/`.

    Returns the figures of the model and of the scorers without one, over the same lists. Raises TrainingRefused, among
    them SaveFailed when the disk is full.
    """
    prepared = load_prepared(run)
    model = trainable_model(base, settings)
    trainer = make_trainer(
        base, model, base.encoder(pictures), settings, prepared.train, prepared.validation, pictures, run, report=report
    )
    resume = _resume_from(run / CHECKPOINTS)
    began = time.monotonic()
    trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    seconds = time.monotonic() - began
    metrics = _judge(trainer, prepared, settings, report)
    trainer.close()
    if trainer.args.should_save:
        training = {
            "steps": trainer.state.global_step,
            "best_step": trainer.state.best_global_step,
            "seconds": round(seconds, 1),
            "resumed_from": resume.name if resume else None,
            "rows_read": trainer.batches.how,
        }
        manifest = manifest_of(base, settings, prepared.about, metrics=metrics, training=training)
        save_model(run / MODEL, lambda folder: _write(trainer, base, settings, manifest, folder))
        draw_report(trainer.state.log_history, metrics, run / REPORT, title=f"{settings.method} on {settings.base}")
        _clean(run, settings)
    return metrics


def save_model(out: Path, write: Callable[[Path], None]) -> None:
    """Write a model's folder so that it changes in one move. Raises SaveFailed on a full disk; what was there stays."""
    fresh, old = out.with_name(out.name + ".new"), out.with_name(out.name + ".old")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        write(fresh)
    except Exception as error:
        full = disk_is_full(error, fresh)
        shutil.rmtree(fresh, ignore_errors=True)
        if not full and not (isinstance(error, OSError) and error.errno == errno.EDQUOT):
            raise
        there = "what was there before is untouched" if out.exists() else "nothing half-written is kept"
        raise SaveFailed(
            f"the disk is full: the model could not be written to {out}; {there}",
            "free some space and run the same command again",
        ) from error
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        os.replace(out, old)
    os.replace(fresh, out)
    shutil.rmtree(old, ignore_errors=True)


def _write(trainer: GroupTrainer, base: Base, settings: TrainSettings, manifest: Any, folder: Path) -> None:
    trainer.save_model(str(folder))
    for name in ("training_args.bin", "README.md"):
        (folder / name).unlink(missing_ok=True)
    if settings.method == "full":
        base.processor.save_pretrained(str(folder))
        base.decision_config.save_pretrained(str(folder))
    manifest.write(folder)


def _resume_from(folder: Path) -> Path | None:
    """The last checkpoint that is whole; what a kill left half-written is removed."""
    if folder.is_dir():
        for one in folder.glob("checkpoint-*"):
            if not is_whole(one):
                shutil.rmtree(one, ignore_errors=True)  # other processes of the run do the same
    return last_whole(folder) if folder.is_dir() else None


def _judge(trainer: GroupTrainer, prepared: Prepared, settings: TrainSettings, report: Report) -> Metrics:
    """The figures of the best checkpoint, which the trainer holds now, beside those of popularity and item-kNN."""
    scorer: Scorer = trainer.scorer
    metrics: Metrics = {}
    for part, lists in {"validation": prepared.validation, **prepared.tests}.items():
        judged = scorer.lists(lists, partial(_tell, report, part, len(lists)))
        metrics[part] = {"model": as_record(evaluate(judged, seed=settings.seed))}
        figures = baseline_figures(lists, seed=settings.seed)
        metrics[part] |= {name: as_record(found) for name, found in figures.items()}
    return metrics


def _tell(report: Report, part: str, of: int, done: int) -> None:
    report(f"judging: {part}", done, of)


def _clean(run: Path, settings: TrainSettings) -> None:
    """Remove what was only needed to get here: checkpoints, and the files that hold what users did."""
    shutil.rmtree(run / CHECKPOINTS, ignore_errors=True)
    if not settings.keep_data:
        shutil.rmtree(run / DATA, ignore_errors=True)


def refuse_finished(run: Path) -> None:
    """Raises TrainingRefused for a run that has ended: going on would train on nothing new."""
    if (run / MODEL).is_dir():
        raise TrainingRefused(f"{run} holds a finished run", "choose another folder, or remove this one")
