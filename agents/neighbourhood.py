"""What people of similar taste favour beside everybody, told only where several of them share it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

FEWEST = 5  # people who must share something before it is told, so that nothing tells of one of them
CERTAIN = 3.0  # standard errors above its usual share, so that chance alone makes nothing a favourite
USUAL = 0.4  # of everything: what so much shows is a way of putting things, not a taste
_TOGETHER = 0.8  # of the times a word is used, from which the pair it stands in is told in its place
_PART = re.compile(r"[^\w\s'’-]+")
_WORD = re.compile(r"[^\W\d_][\w'’-]{2,}")


@dataclass(frozen=True)
class Favoured:
    """A word, or two that stand together, of what people like. share: of what they like; usual: of everything."""

    words: str
    people: int
    share: float
    usual: float


def favoured(likings: Sequence[Sequence[str]], everything: Sequence[str], *, limit: int = 8) -> list[Favoured]:
    """What these people favour, by how much more often it is found in what they like, most first.

    likings: of each person, the views of what they like. everything: the views of the whole catalogue.
    """
    usual = Counter(term for view in everything for term in terms_of(view))
    whole = {
        pair for pair in usual if " " in pair and all(_TOGETHER * usual[word] <= usual[pair] for word in pair.split())
    }
    inside = {word for pair in whole for word in pair.split()}
    counts, people = Counter[str](), Counter[str]()
    for views in likings:
        own = Counter(term for view in views for term in terms_of(view))
        counts.update(own)
        people.update(own.keys())
    liked, found = sum(map(len, likings)), list[Favoured]()
    for term, count in counts.items():
        share = (usual[term] + 0.5) / (len(everything) + 1)
        if people[term] < FEWEST or share > USUAL or term in inside or (" " in term and term not in whole):
            continue
        if count - liked * share > CERTAIN * math.sqrt(liked * share * (1 - share)):
            found.append(Favoured(term, people[term], count / liked, share))
    found.sort(key=lambda one: (-one.share * math.log(one.share / one.usual), one.words))
    return found[:limit]


def terms_of(view: str) -> frozenset[str]:
    """The words of a view, and the pairs of them that follow one another within a part of a sentence."""
    parts = [_WORD.findall(part) for part in _PART.split(view.casefold())]
    pairs = (f"{one} {other}" for part in parts for one, other in pairwise(part))
    return frozenset(chain(*parts, pairs))
