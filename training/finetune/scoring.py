"""How well the model in training ranks, asked through the product's own decider: what is measured is what is served."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from evaluation.metrics import METRICS, Estimate, Labels, Scores, evaluate
from models.decisions import DecisionRequest, Predicate
from models.loading import PictureSource
from models.local.decider import LocalDecider
from models.local.runtime import Runtime
from models.spec import ModelSpec
from training.finetune.base import Base
from training.finetune.examples import Candidates, HeldOutList

RANKED = tuple(METRICS)  # the names of the figures, AUC first


class Scorer:
    """p(yes) of candidates by a model in memory."""

    def __init__(self, base: Base, model: Any, pictures: PictureSource) -> None:
        import torch

        parameter = next(model.parameters())
        self._runtime = Runtime(
            label=base.label,
            model=model,
            processor=base.processor,
            decide_processor=copy.deepcopy(base.processor),
            decision_config=base.decision_config,
            device=str(parameter.device),
            exact=parameter.dtype == torch.float32,
        )
        px = base.picture_px
        spec = ModelSpec(backend="local", model=base.label, vision=base.sees, timeout_s=3600, picture_px=px)
        self._decider = LocalDecider(spec, self._runtime, pictures)

    def p_yes(self, candidates: Candidates) -> list[float]:
        """One figure per candidate, in order. The model is in evaluation mode after. Raises ModelError."""
        self._runtime.model.eval()
        self._runtime.prefixes.clear()  # the weights may have changed since they were read
        questions = [Predicate(one.text, one.picture) for one in candidates.questions]
        decisions = asyncio.run(self._decider.decide(DecisionRequest(candidates.state, questions)))
        return [answer.p_yes for answer in decisions.answers]

    def lists(
        self, held_out: Sequence[HeldOutList], progress: Callable[[int], None] = lambda done: None
    ) -> list[tuple[Scores, Labels]]:
        """Scores and labels of every list."""
        judged: list[tuple[Scores, Labels]] = []
        for done, one in enumerate(held_out, 1):
            judged.append((self.p_yes(one.candidates), labels(one)))
            progress(done)
        return judged

    def close(self) -> None:
        """End the worker thread."""
        self._runtime.worker.shutdown()


def labels(one: HeldOutList) -> Labels:
    """1 for what was liked, in order."""
    return [int(question.yes) for question in one.candidates.questions]


def baseline_figures(held_out: Sequence[HeldOutList], *, seed: int) -> dict[str, dict[str, Estimate]]:
    """The figures of each scorer that needs no model, over the same lists."""
    names = sorted({name for one in held_out for name in one.baselines})
    return {name: evaluate([(one.baselines[name], labels(one)) for one in held_out], seed=seed) for name in names}


def as_record(figures: Mapping[str, Estimate]) -> dict[str, dict[str, float]]:
    """Figures as a manifest keeps them: mean, the 95 % interval, and how many lists."""
    return {
        name: {"mean": round(one.mean, 6), "low": round(one.low, 6), "high": round(one.high, 6), "lists": one.lists}
        for name, one in figures.items()
    }
