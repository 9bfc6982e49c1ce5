"""The picture of the memory's gauges."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evaluation.memory_gauges import Gauges

INK, ONE, OTHER = "#222222", "#b5462f", "#5b7f95"


def draw(gauges: Gauges, out: Path) -> None:
    """Draw into a PNG: precision and recall by blocks, the tokens of a fold, and AUC by what travels to the model."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    blocks = [stage.blocks for stage in gauges.stages]
    style = {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "text.color": INK}
    with pyplot.rc_context(style):
        figure, (truth, tokens, judged) = pyplot.subplots(1, 3, figsize=(13, 3.8), layout="constrained")
        truth.plot(
            blocks, [stage.precision for stage in gauges.stages], "o-", color=ONE, label="precision of sure facts"
        )
        truth.plot(blocks, [stage.recall for stage in gauges.stages], "s-", color=OTHER, label="recall of the truth")
        truth.set(title=f"{gauges.people} simulated people", xlabel="blocks folded", ylim=(0, 1.02), xscale="log")
        truth.legend(frameon=False, loc="lower right")
        tokens.plot(blocks, [stage.tokens for stage in gauges.stages], "o-", color=ONE)
        tokens.set(title="tokens of one fold, in and out", xlabel="blocks folded", ylim=(0, None), xscale="log")
        for axis in (truth, tokens):
            axis.set_xticks(blocks, ["" if one == 75 else str(one) for one in blocks])  # 75 and 100 would touch
            axis.minorticks_off()
        kinds = list(gauges.auc)
        means = [gauges.auc[kind].mean for kind in kinds]
        errors = [
            [one.mean - one.low for one in gauges.auc.values()],
            [one.high - one.mean for one in gauges.auc.values()],
        ]
        judged.barh(kinds, means, xerr=errors, color=(ONE, OTHER, "#a9b8a0")[: len(kinds)], height=0.55, ecolor=INK)
        judged.axvline(0.5, color=INK, linewidth=0.8, linestyle=":")
        judged.set(title="AUC of p(yes), prints never met", xlim=(0.4, 1))
        judged.invert_yaxis()
        figure.savefig(out, dpi=110)
        pyplot.close(figure)
