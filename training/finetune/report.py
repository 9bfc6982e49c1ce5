"""The picture of a run: what it learned step by step, and how its model ranks beside popularity and item-kNN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training.finetune.scoring import RANKED

INK, MODEL, OTHERS = "#222222", "#b5462f", ("#5b7f95", "#a9b8a0")
NAMES = {"test": "test, even negatives", "test_popularity": "test, popular negatives"}


def draw_report(
    history: Sequence[Mapping[str, Any]], metrics: Mapping[str, Mapping[str, Any]], out: Path, *, title: str
) -> None:
    """Draw into a PNG: the loss, the validation figures, and the test figures with 95 % intervals.

    history: the trainer's log, a record per line with its `step`. metrics: part → scorer → figure.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    style = {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "text.color": INK}
    with pyplot.rc_context(style):
        figure, axes = pyplot.subplots(2, 2, figsize=(12, 8), layout="constrained")
        figure.suptitle(title, fontsize=13)
        _loss(axes[0][0], history)
        _validation(axes[0][1], history)
        for axis, part in zip(axes[1], NAMES, strict=True):
            _bars(axis, metrics.get(part, {}), NAMES[part])
        figure.savefig(out, dpi=110)
        pyplot.close(figure)


def _loss(axis: Any, history: Sequence[Mapping[str, Any]]) -> None:
    points = [(one["step"], one["loss"]) for one in history if "loss" in one]
    axis.plot(*zip(*points, strict=True) if points else ([], []), color=MODEL, marker=".")
    axis.set(title="loss of the answers", xlabel="step", ylabel="nats per token")
    axis.xaxis.get_major_locator().set_params(integer=True)


def _validation(axis: Any, history: Sequence[Mapping[str, Any]]) -> None:
    for name, colour in zip(RANKED, (MODEL, *OTHERS, INK), strict=False):
        points = [(one["step"], one[f"eval_{name}"]) for one in history if f"eval_{name}" in one]
        if points:
            axis.plot(*zip(*points, strict=True), color=colour, marker="o", markersize=4, label=name.upper())
    axis.set(title="validation", xlabel="step", ylim=(0, 1.18), yticks=[0, 0.2, 0.4, 0.6, 0.8, 1])
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.legend(frameon=False, ncols=4, loc="upper center")


def _bars(axis: Any, scorers: Mapping[str, Mapping[str, Mapping[str, float]]], title: str) -> None:
    names = sorted(scorers, key=lambda name: (name != "model", name))
    width = 0.8 / max(1, len(names))
    lists = 0
    for number, (name, colour) in enumerate(zip(names, (MODEL, *OTHERS), strict=False)):
        figures = [scorers[name].get(metric) for metric in RANKED]
        places = [place + (number - (len(names) - 1) / 2) * width for place in range(len(RANKED))]
        means = [one["mean"] if one else 0.0 for one in figures]
        errors = [
            [one["mean"] - one["low"] if one else 0.0 for one in figures],
            [one["high"] - one["mean"] if one else 0.0 for one in figures],
        ]
        lists = max([lists, *(int(one["lists"]) for one in figures if one)])
        axis.bar(places, means, width * 0.92, yerr=errors, color=colour, label=name.replace("_", " "), ecolor=INK)
    axis.hlines(0.5, -0.45, 0.45, color=INK, linewidth=0.8, linestyle=":")  # the AUC of chance
    axis.set(
        title=f"{title}, {lists} lists", ylim=(0, 1.18), yticks=[0, 0.2, 0.4, 0.6, 0.8, 1], xticks=range(len(RANKED))
    )
    axis.set_xticklabels([name.upper() for name in RANKED])
    axis.legend(frameon=False, ncols=3, loc="upper center")
