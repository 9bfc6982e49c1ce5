"""How long the examples are in tokens, pictures included, known before the first step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from training.finetune.errors import TrainingRefused
from training.finetune.examples import Example
from training.finetune.rows import Encoder


@dataclass
class Lengths:
    """Longest row by role, how many rows and tokens there are in all, and the places of examples over the limit."""

    longest: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    tokens: int = 0
    too_long: list[int] = field(default_factory=list)


def measure(
    examples: Iterable[Example],
    encoder: Encoder,
    limit: int | None,
    *,
    progress: Callable[[int], None] = lambda done: None,
) -> Lengths:
    """Tokenise everything once. limit: tokens that prompt and answer may take together."""
    found = Lengths()
    for place, example in enumerate(examples):
        lengths = [len(row.ids) for row in encoder.rows(example)]
        found.longest[example.role] = max(found.longest.get(example.role, 0), *lengths)
        found.rows += len(lengths)
        found.tokens += sum(lengths)
        if limit is not None and max(lengths) > limit:
            found.too_long.append(place)
        progress(place + 1)
    return found


def refuse_long(found: Lengths, limit: int, count: int) -> None:
    """Raises TrainingRefused that tells how many examples are too long for the limit, and how long the longest is."""
    longest = max(found.longest.values())
    raise TrainingRefused(
        f"{len(found.too_long)} of {count} examples take more than {limit} tokens, the longest {longest}; "
        "cutting them would cut answers or pictures",
        "raise --max-tokens where the model can take it, write a smaller --picture-px, or fewer `memory.recent`, "
        "or leave such examples out by --too-long leave_out",
    )
