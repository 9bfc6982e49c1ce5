"""The exact layer of understanding: filters, item names and judgements read without any model.

Everything comes from the catalogue's own schema, values and titles, so the reading is the same in every profile. What
is not certain is not read: it stays in the residual, for a model to judge.
"""

from __future__ import annotations

from collections.abc import Sequence

from agents.parsing.comparisons import is_likened, read_comparisons
from agents.parsing.cues import hint_first, hint_last, read_relaxed, undone, wants_new
from agents.parsing.index import CatalogueIndex, index_of
from agents.parsing.judgement import read_judgement
from agents.parsing.names import Named, NameReader
from agents.parsing.numbers import read_numbers
from agents.parsing.parsed import Comparison, Mention, Parsed, Unsure
from agents.parsing.places import read_places
from agents.parsing.tokens import Reading
from agents.parsing.values import read_values
from agents.parsing.years import merged, read_years
from catalog.filters import Filter
from catalog.items import Catalogue

__all__ = ["Mention", "Parsed", "parse", "warm"]

LONGEST_MESSAGE = 4_000  # characters read; the rest goes to the residual unread


def parse(message: str, catalogue: Catalogue, *, shown: Sequence[str] = ()) -> Parsed:
    """Read what can be read exactly in a message about this catalogue.

    shown: ids of the items shown last, in the order shown; what "the second" means. Every filter returned names an
    attribute and, for listed values, a value of the catalogue. Never raises; an empty message reads as nothing.
    """
    reading, index = Reading(message[:LONGEST_MESSAGE]), index_of(catalogue)
    shown = [item_id for item_id in shown if item_id in catalogue]
    named = [*NameReader(reading, index, catalogue, shown).read(), *read_places(reading, shown)]
    named.sort(key=lambda one: one.start)
    new, hint = wants_new(reading), hint_first(reading.message, points=bool(named))
    judged = read_judgement(reading, named if hint != "question" else ())  # "why the first and not the third?" asks
    relaxed: list[str] = []
    filters: list[Filter] = []
    comparisons: list[Comparison] = []
    if hint in (None, "correct_taste"):
        relaxed = read_relaxed(reading, index)
        filters = _filters(reading, index)
    if hint is None:
        comparisons = read_comparisons(reading, index, named, shown=bool(shown))
        hint = hint_last(
            reading.message, judged=bool(judged.likes or judged.dislikes), filters=len(filters), shown=shown, new=new
        )
    return Parsed(
        filters=tuple(filters),
        relax=tuple(relaxed),
        mentioned=_mentions(named),
        likes=judged.likes,
        dislikes=judged.dislikes,
        unsure=_unsure(reading, named),
        comparisons=tuple(comparisons),
        undo=undone(message),
        wants_new=new,
        residual=reading.residual() + message[LONGEST_MESSAGE:],
        intent_hint=hint,
    )


def warm(catalogue: Catalogue) -> None:
    """Build the catalogue's index ahead of the first message."""
    index_of(catalogue)


def _filters(reading: Reading, index: CatalogueIndex) -> list[Filter]:
    read = [*read_years(reading, index), *read_numbers(reading, index), *read_values(reading, index)]
    return merged(sorted(read, key=lambda one: reading.message.find(one.said)))


def _unsure(reading: Reading, named: Sequence[Named]) -> tuple[Unsure, ...]:
    """The names of several items that the message rests on: it says nothing else, or wants more like them."""
    found = []
    for one in named:
        if len(one.among) < 2:
            continue
        said = reading.said(one.start, one.stop)
        alone = len(said) >= len(reading.message.strip(" .!?"))
        if alone or is_likened(reading, one.start):
            found.append(Unsure(said, one.among))
    return tuple(found)


def _mentions(named: Sequence[Named]) -> tuple[Mention, ...]:
    each: dict[str, Mention] = {}
    for one in named:
        for mention in one.mentions:
            each.setdefault(mention.item_id, mention)
    return tuple(each.values())
