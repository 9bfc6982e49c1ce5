"""The item shown that is the most of a number: "the newer one", "I like the smallest one"."""

from __future__ import annotations

from collections.abc import Sequence

from agents.parsing.comparisons import comparative_of, measure_of
from agents.parsing.described import spoken_of
from agents.parsing.index import CatalogueIndex
from agents.parsing.lexicon import ITEM_NOUNS
from agents.parsing.names import Named
from agents.parsing.parsed import Mention
from agents.parsing.tokens import Reading
from catalog.items import Catalogue


def read_extremes(reading: Reading, index: CatalogueIndex, catalogue: Catalogue, shown: Sequence[str]) -> list[Named]:
    """The items pointed at by being the most of something, in order; their tokens are held.

    "The smallest" only points where it is spoken of; by itself it asks for an order. Level items leave it open.
    """
    found = []
    for at in range(len(reading) if len(shown) > 1 else 0):
        word, stop = reading.word(at + 1), at + 2
        noun = reading.word(stop) in ITEM_NOUNS
        most = word.endswith("est") and spoken_of(reading, at, stop + noun)
        if reading.word(at) != "the" or not (most or (noun and word.endswith("er"))) or not reading.free(at, stop):
            continue
        measured = measure_of(index, comparative_of(word) if most else word)
        figures = {item_id: catalogue[item_id].attributes.get(measured[0]) for item_id in shown} if measured else {}
        known = {item_id: figure for item_id, figure in figures.items() if isinstance(figure, int | float)}
        if measured is None or not known:
            continue
        best = (min if measured[1] == "less" else max)(known.values())
        ids = tuple(item_id for item_id, figure in known.items() if figure == best)
        stop += noun
        said = reading.hold(at, stop)
        sure = (Mention(ids[0], said, 1.0, "place"),) if len(ids) == 1 else ()
        if sure or len(ids) < len(shown):
            found.append(Named(at, stop, sure, () if sure else ids, pointed=True))
    return found
