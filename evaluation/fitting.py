"""Fitting the blend of a catalogue from its log, and keeping it where sessions find it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any

from agents.blending import ModelWeight
from evaluation.blend import LISTS, FitResult, Log, Report, TooFewLists, fit_blend
from evaluation.held_out import HeldOut
from evaluation.judged_lists import weigh_model
from graphs.blends import BlendUnusable, LogPrint, StoredBlend
from graphs.services import Services
from memory.guessing import Values
from tracing.recorder import Recorder

GROWN = 1.2  # times as many events as a blend was fitted on make another one due


def fit_and_keep(
    services: Services,
    name: str,
    *,
    lists: int = LISTS,
    judged: int = 0,
    seed: int = 0,
    report: Report = lambda what, done, of: None,
) -> StoredBlend:
    """Fit the blend of a catalogue and keep it in place of the one before.

    judged: how many lists the recommender's model judges too; with none its p(yes) does not count in this blend.
    Raises TooFewLists and, of lists that are judged, ModelError.
    """
    catalogue, rows = services.catalogue(name), services.log.matrix(name)
    texts, summaries = services.items.vectors(catalogue)
    log = Log(name, rows, list(catalogue), texts, summaries)
    result = fit_blend(log, lists=lists, als=find_spec("implicit") is not None, seed=seed, report=report)
    blend = result.blend
    if judged:
        weight = asyncio.run(_weigh(services, name, result.fitted_on[:judged], result.odds[:judged], report))
        blend = blend.model_copy(update={"judged": weight})
    told = _told(replace(result, blend=blend))
    about = {"catalogue": name, "fitted_at": datetime.now(UTC), "log": LogPrint.of(rows), **told}
    stored = services.blends.save(about, result.learned)
    services.forget_cached(name)
    return stored


def fit_if_due(services: Services, name: str, report: Report = lambda what, done, of: None) -> StoredBlend | None:
    """Fit the blend of a catalogue where there is none that may rank, or where its log has grown a lot since.

    None where nothing was due, or too few people like enough. A model that was weighed keeps no weight: see
    `palate blend fit`.
    """
    try:
        stored = services.blends.read(name)
        known = stored.log.events if stored is not None and stored.log.still_in(services.log, name) else 0
    except BlendUnusable:
        known = 0
    if known and services.log.state(name).events <= GROWN * known:
        return None
    try:
        return fit_and_keep(services, name, report=report)
    except TooFewLists:
        return None


async def _weigh(services: Services, name: str, lists: Sequence[HeldOut], odds: Values, report: Report) -> ModelWeight:
    return await weigh_model(
        lists,
        odds,
        lambda: services.turn_context(name, Recorder(None)),
        lambda done: report("lists judged by a model", done, len(lists)),
    )


def _told(result: FitResult) -> dict[str, Any]:
    measured = result.measured
    return {
        "blend": result.blend,
        "worth": dict(result.worth.seen),
        "worth_told": dict(result.worth.told),
        "figures": {
            scorer: {metric: asdict(one) for metric, one in figures.items()}
            for scorer, figures in measured.figures.items()
        },
        "reliability": [asdict(one) for one in measured.table],
        "calibration_error": measured.calibration_error,
        "fitted_on": len(result.fitted_on),
        "tested_on": result.tested_on,
    }
