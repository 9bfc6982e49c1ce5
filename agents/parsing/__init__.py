"""The exact layer of understanding: filters, item names and judgements read without any model.

Everything comes from the catalogue's own schema, values and titles, so the reading is the same in every profile. What
is not certain is not read: it stays in the residual, for a model to judge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from agents.parsing.comparisons import is_likened, read_comparisons
from agents.parsing.cues import hint_first, hint_last, tells_how_it_was, undone, wants_new
from agents.parsing.described import read_described
from agents.parsing.extremes import read_extremes
from agents.parsing.index import CatalogueIndex, index_of
from agents.parsing.judgement import read_judgement, read_seen
from agents.parsing.lexicon import FUNCTION_WORDS
from agents.parsing.names import Named, NameReader
from agents.parsing.numbers import read_numbers
from agents.parsing.parsed import Comparison, Mention, Parsed, Unsure
from agents.parsing.places import read_places
from agents.parsing.relaxed import read_relaxed
from agents.parsing.spelling import mended
from agents.parsing.strangers import Stranger, read_strangers
from agents.parsing.superlatives import read_count, read_superlatives
from agents.parsing.tokens import Reading
from agents.parsing.values import read_values
from agents.parsing.years import merged, read_years
from catalog.filters import Filter
from catalog.items import Catalogue

__all__ = ["Mention", "Parsed", "parse", "warm"]

NOTHING_TOLD: Mapping[str, str] = MappingProxyType({})
_AROUND_A_TITLE = frozenset("please the film movie print original do you have got hi hello".split())
LONGEST_MESSAGE = 4_000  # characters read; the rest goes to the residual unread


def parse(
    message: str,
    catalogue: Catalogue,
    *,
    shown: Sequence[str] = (),
    meant: str = "",
    told: Mapping[str, str] = NOTHING_TOLD,
    this_year: int | None = None,
) -> Parsed:
    """Read what can be read exactly in a message about this catalogue.

    shown: ids of the items shown last, in the order shown; what "the second" means. meant: id of the one item that the
    message before was about, which "that one" means; empty for none. told: item id → all that is known
    of an item shown, by which "the blue one" points. this_year: what "the last ten years" end with. Every filter
    returned names an attribute and, for listed values, a value of the catalogue. Never raises; an empty message reads
    as nothing.
    """
    index = index_of(catalogue)
    reading = Reading(message[:LONGEST_MESSAGE], lambda word: mended(word, index.words))
    meant_text = reading.meant
    shown = [item_id for item_id in shown if item_id in catalogue]
    named = [*NameReader(reading, index, catalogue, shown).read(), *read_places(reading, shown, meant)]
    named += [*read_extremes(reading, index, catalogue, shown), *read_described(reading, index, shown, told)]
    named.sort(key=lambda one: one.start)
    strangers = read_strangers(reading, index, named)
    hint = hint_first(meant_text, points=bool(named), names=any(one.mentions for one in named))
    seen = read_seen(reading, named) if hint is None else ()
    others = bool(seen) and not tells_how_it_was(meant_text)
    new = wants_new(reading, shown=bool(shown)) or (others and bool(shown))
    judged = read_judgement(reading, named if hint != "question" else ())  # "why the first and not the third?" asks
    relaxed: list[str] = []
    filters: list[Filter] = []
    comparisons: list[Comparison] = []
    if hint in (None, "correct_taste"):
        relaxed = read_relaxed(reading, index)
        filters = _filters(reading, index, this_year)
    count = read_count(reading) if hint is None else 0
    if hint is None:
        comparisons = read_superlatives(reading, index)
        comparisons += read_comparisons(reading, index, named, shown=bool(shown))
        hint = hint_last(
            meant_text,
            judged=bool(judged.likes or judged.dislikes),
            filters=len(filters),
            shown=shown,
            new=new,
            rest=_naming(reading.residual()),
        )
    bare = _is_bare(reading, named)
    return Parsed(
        filters=tuple(filters),
        relax=tuple(relaxed),
        mentioned=_mentions(named),
        seen=tuple(item_id for item_id in seen if item_id not in judged.likes),
        likes=judged.likes,
        dislikes=judged.dislikes,
        unsure=_unsure(reading, named, strangers),
        unknown=tuple(one.said for one in strangers),
        bare=bare,
        comparisons=tuple(comparisons),
        undo=undone(meant_text),
        wants_new=new,
        count=count,
        residual=reading.residual() + message[LONGEST_MESSAGE:],
        intent_hint="question" if bare and hint in (None, "recommend") else hint,
    )


def warm(catalogue: Catalogue) -> None:
    """Build the catalogue's index ahead of the first message."""
    index_of(catalogue)


def _filters(reading: Reading, index: CatalogueIndex, this_year: int | None) -> list[Filter]:
    read = [*read_years(reading, index, this_year), *read_numbers(reading, index), *read_values(reading, index)]
    return merged(sorted(read, key=lambda one: reading.message.find(one.said)))


def _unsure(reading: Reading, named: Sequence[Named], strangers: Sequence[Stranger]) -> tuple[Unsure, ...]:
    """What the message rests on and several items answer to: names alone or likened, what points, what nobody has."""
    found = [Unsure(one.said, one.near, "near", *reading.around(one.start, one.stop)) for one in strangers if one.near]
    for one in named:
        if len(one.among) < 2 or any(other.start == one.start for other in strangers):
            continue
        said = reading.said(one.start, one.stop)
        if one.pointed:
            found.append(Unsure(said, one.among, "shown", *reading.around(one.start, one.stop)))
        elif len(said) >= len(reading.message.strip(" .!?")) or is_likened(reading, one.start):
            found.append(Unsure(said, one.among))
    return tuple(found)


def _naming(residual: str) -> str:
    """The words that are left, where some may say what is looked for; else nothing."""
    words = (token.word for token in Reading(residual).tokens if token.kind == "word")
    return residual if any(word not in FUNCTION_WORDS | _AROUND_A_TITLE for word in words) else ""


def _is_bare(reading: Reading, named: Sequence[Named]) -> bool:
    """Whether the message names one item, by its title or its place, and nothing else."""
    if len(named) != 1 or len(named[0].mentions) != 1:
        return False
    rest = [*range(named[0].start), *range(named[0].stop, len(reading))]
    return all(reading.tokens[at].kind == "mark" or reading.word(at) in _AROUND_A_TITLE for at in rest)


def _mentions(named: Sequence[Named]) -> tuple[Mention, ...]:
    each: dict[str, Mention] = {}
    for one in named:
        for mention in one.mentions:
            each.setdefault(mention.item_id, mention)
    return tuple(each.values())
