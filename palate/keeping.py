"""Keeping what an evaluation came to, for the app's page of results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphs.results import Figure, Result, ResultStore, ResultTable

if TYPE_CHECKING:
    from evaluation.memory_gauges import Gauges
    from graphs.blends import StoredBlend


def keep_memory(folder: Path, gauges: Gauges, settings: Mapping[str, str]) -> str:
    """Keep the gauges of the memory, with their plot where matplotlib is installed; returns the result's id."""
    stages = {
        f"after {stage.blocks} blocks": {
            "precision": Figure(value=stage.precision),
            "recall": Figure(value=stage.recall),
            "tokens a fold": Figure(value=round(stage.tokens)),
            "refused": Figure(value=stage.refused),
        }
        for stage in gauges.stages
    }
    whole = {
        "pins kept": gauges.pins_kept,
        "versions that contradict themselves": gauges.contradictions,
        "drift": gauges.drift,
        "changes of heart followed": gauges.recovered,
        "longest prose, words": float(gauges.longest),
    }
    if gauges.blocks_to_recover is not None:
        whole["blocks until followed"] = gauges.blocks_to_recover
    auc = {
        kind: {"AUC": Figure(value=one.mean, low=one.low, high=one.high), "people": Figure(value=float(one.lists))}
        for kind, one in gauges.auc.items()
    }
    tables = (
        ResultTable(title="Is it true?", heading="stage", rows=stages),
        ResultTable(
            title="All in all", heading="gauge", rows={k: {"value": Figure(value=v)} for k, v in whole.items()}
        ),
        ResultTable(title="p(yes) for prints never met", heading="what the model is given", rows=auc),
    )
    told = {"people": str(gauges.people), **settings}
    result = Result(kind="memory", made_at=datetime.now(UTC), settings=told, tables=tables)
    return ResultStore(folder).save(result, _drawn(gauges))


def keep_blend(folder: Path, stored: StoredBlend) -> str:
    """Keep the figures of a fitted blend; returns the result's id."""
    bins = {
        f"{one['low']:.2f} to {one['high']:.2f}": {
            "candidates": Figure(value=one["candidates"]),
            "said": Figure(value=one["said"]),
            "were liked": Figure(value=one["were"]),
        }
        for one in stored.reliability
    }
    tables = (
        ResultTable.of_scorers(f"On {stored.tested_on:,} lists that the fit did not see", stored.figures),
        ResultTable(title="Do its probabilities mean what they say?", heading="said", rows=bins),
    )
    settings = {
        "catalogue": stored.catalogue,
        "fitted on": f"{stored.fitted_on:,} lists from {stored.log.events:,} events",
        "expected calibration error": f"{stored.calibration_error:.4f}",
    }
    result = Result(kind="blend", made_at=stored.fitted_at, settings=settings, tables=tables)
    return ResultStore(folder).save(result)


def keep_training(folder: Path, out: Path, given: Mapping[str, Any]) -> str:
    """Keep the figures and the picture of a training run in `out`; returns the result's id."""
    figures = json.loads((out / "result.json").read_text(encoding="utf-8"))
    tables = tuple(ResultTable.of_scorers(part.replace("_", ", "), own) for part, own in figures.items())
    named = ("base", "catalogue", "profile", "seed")
    settings = {"model": str(out / "model")} | {name: str(given[name]) for name in named if given.get(name) is not None}
    plot = out / "report.png"
    result = Result(kind="training", made_at=datetime.now(UTC), settings=settings, tables=tables)
    return ResultStore(folder).save(result, {plot.name: plot.read_bytes()} if plot.is_file() else {})


def _drawn(gauges: Gauges) -> dict[str, bytes]:
    if find_spec("matplotlib") is None:
        return {}
    import tempfile

    from evaluation.memory_plot import draw

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "gauges.png"
        draw(gauges, out)
        return {out.name: out.read_bytes()}
