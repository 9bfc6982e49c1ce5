"""One step of the recurrence, free of any model: the same in a conversation, in training and in evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from agents.folding import Fold, apply_edits, checked_edits, trusted_prose
from agents.wording import fact_line
from memory.preferences import Preference

FACTS_SHOWN = 24  # to a model at once, strongest first


@dataclass(frozen=True)
class NextVersion:
    """What a fold's answer makes of a preference. left_out: its edits that had no ground in the events."""

    preference: Preference
    left_out: int


def next_version(
    before: Preference,
    answer: Fold,
    block: Mapping[int, str],
    *,
    words: int,
    now: datetime,
    shown: Callable[[str], float],
) -> NextVersion:
    """The version after a fold, as far as the answer holds.

    block: the events that were folded, by id, oldest first, as prompts show them. words: the bound of the prose. shown:
    the share of the catalogue that shows a value.
    """
    ids, lines = list(block), list(block.values())
    edits = checked_edits(answer, lines, ids, before.facts)
    prose = trusted_prose(answer, edits, before.prose, [*lines, *map(fact_line, before.holding)])
    after = apply_edits(before, edits, prose=prose, words=words, watermark=ids[-1], now=now, block=block, shown=shown)
    return NextVersion(after, len(answer.edits) - len(edits))


def fact_lines(preference: Preference) -> list[str]:
    """The facts that hold as prompts show them, the strongest FACTS_SHOWN."""
    return [fact_line(fact) for fact in preference.holding[:FACTS_SHOWN]]
