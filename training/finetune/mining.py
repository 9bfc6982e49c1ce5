"""Hard negatives: of items a user had not met, those that the model as it is takes for likings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from palate.progress import Report
from training.finetune.draw import Judge
from training.finetune.examples import Candidates


def hard_groups(
    pool: Sequence[Candidates], judge: Judge, *, hardest: int, report: Report = lambda what, done, of: None
) -> Iterator[Candidates]:
    """What was liked beside the `hardest` others of highest p(yes), in the order they stood; ties go to the first."""
    for done, group in enumerate(pool, 1):
        scores = judge(group)
        others = [place for place, question in enumerate(group.questions) if not question.yes]
        hard = set(sorted(others, key=lambda place: (-scores[place], place))[:hardest])
        kept = (one for place, one in enumerate(group.questions) if one.yes or place in hard)
        yield replace(group, questions=tuple(kept))
        report("looking for hard negatives", done, len(pool))
