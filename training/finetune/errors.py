"""What can stop a fine-tuning before or during its run, each with the fact and the remedy."""

from __future__ import annotations

from collections.abc import Sequence

SHOWN = 5


class TrainingRefused(Exception):
    """The data, the base model or the settings cannot be trained with. what: the fact. remedy: what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what, self.remedy = what, remedy

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}"


class SplitLeaks(TrainingRefused):
    """Something of what is tested can be read off what is trained on. problems: one line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            f"the split leaks in {len(self.problems)} places: {listed(self.problems)}",
            "no model trained on it can be judged; make the split anew and report this",
        )

    def __reduce__(self) -> tuple[type[SplitLeaks], tuple[tuple[str, ...]]]:
        return SplitLeaks, (self.problems,)


class SaveFailed(TrainingRefused):
    """A checkpoint could not be written. The last good one stays."""


def listed(lines: Sequence[str]) -> str:
    """The first few, separated by semicolons, and how many more there are."""
    more = f" … and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return "; ".join(lines[:SHOWN]) + more
