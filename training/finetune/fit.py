"""One run from prepared files to a judged model with its manifest and its picture."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

from evaluation.metrics import evaluate
from models.loading import PictureSource
from palate.progress import Report
from training.finetune.base import Base
from training.finetune.errors import TrainingRefused
from training.finetune.files import DATA, Prepared, load_prepared
from training.finetune.manifest import manifest_of, refuse_other
from training.finetune.preference import CHECKPOINTS as PAIR_CHECKPOINTS
from training.finetune.ranked import RankedTrainer
from training.finetune.report import draw_report
from training.finetune.saving import save_model
from training.finetune.scoring import Scorer, as_record, baseline_figures
from training.finetune.settings import TrainSettings
from training.finetune.stages import FIRST, learn
from training.finetune.trainer import CHECKPOINTS

MODEL, REPORT = "model", "report.png"
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
    refuse_other(run, prepared.about, base, settings)
    learned = learn(run, settings, base, pictures, prepared, report)
    trainer = learned.trainer
    metrics = _judge(trainer, prepared, settings, report)
    trainer.close()
    if trainer.args.should_save:
        manifest = manifest_of(base, settings, prepared.about, metrics=metrics, training=learned.training)
        save_model(run / MODEL, lambda folder: _write(trainer, base, settings, manifest, folder))
        draw_report(learned.history, metrics, run / REPORT, title=f"{settings.method} on {settings.base}")
        _clean(run, settings)
    return metrics


def _write(trainer: RankedTrainer, base: Base, settings: TrainSettings, manifest: Any, folder: Path) -> None:
    trainer.save_model(str(folder))
    for name in ("training_args.bin", "README.md"):
        (folder / name).unlink(missing_ok=True)
    if settings.method == "full":
        base.processor.save_pretrained(str(folder))
        base.decision_config.save_pretrained(str(folder))
    manifest.write(folder)


def _judge(trainer: RankedTrainer, prepared: Prepared, settings: TrainSettings, report: Report) -> Metrics:
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
    for name in (CHECKPOINTS, PAIR_CHECKPOINTS, FIRST):
        shutil.rmtree(run / name, ignore_errors=True)
    if not settings.keep_data:
        shutil.rmtree(run / DATA, ignore_errors=True)


def refuse_finished(run: Path) -> None:
    """Raises TrainingRefused for a run that has ended: going on would train on nothing new."""
    if (run / MODEL).is_dir():
        raise TrainingRefused(f"{run} holds a finished run", "choose another folder, or remove this one")
