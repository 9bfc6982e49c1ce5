"""What was read of earlier requests' shared beginnings, so that an unchanged taste need not be read again."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

KEPT_TOKENS = 8192  # of all beginnings together; on the shipped model 12 KB each, on one of 7 billion half a megabyte
WORTH_KEEPING = 32  # tokens; reading fewer costs no more than a look


@dataclass(frozen=True)
class Prefix:
    """Leading tokens and the model's cache after reading them, which may be changed."""

    ids: tuple[int, ...]
    cache: Any


class Prefixes:
    """The beginnings used last, as many as fit into a number of tokens. For one model, on its own thread."""

    def __init__(self, tokens: int = KEPT_TOKENS) -> None:
        self._tokens = tokens
        self._kept: OrderedDict[tuple[int, ...], Any] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def clear(self) -> None:
        """Keep nothing of what was read so far."""
        self._kept.clear()

    def longest(self, ids: Sequence[int]) -> Prefix | None:
        """The longest known beginning of these tokens: a copy of its cache, cut to what both have in common."""
        wanted, best, common = tuple(ids), None, WORTH_KEEPING - 1
        for known, cache in self._kept.items():
            length = _in_common(known, wanted)
            if length > common and (length == len(known) or _may_be_cut(cache)):
                best, common = known, length
        if best is None:
            return None
        self._kept.move_to_end(best)
        cache = lent(self._kept[best])
        if common < len(best):
            cache.crop(common - len(best))
        return Prefix(best[:common], cache)

    def keep(self, ids: Sequence[int], cache: Any) -> None:
        """Remember a beginning; the ones not used for longest give way. Too long or too short a one is not kept."""
        known = tuple(ids)
        if not WORTH_KEEPING <= len(known) <= self._tokens:
            return
        self._kept[known] = lent(cache)
        self._kept.move_to_end(known)
        while sum(map(len, self._kept)) > self._tokens:
            self._kept.popitem(last=False)


def lent(cache: Any) -> Any:
    """A cache to go on from, whose changes do not reach the one given.

    Layers that hold every token replace their tensors and never write them, so they are shared; any other is copied.
    """
    if cache is None or not _may_be_cut(cache):
        return copy.deepcopy(cache)
    twin = copy.copy(cache)
    twin.layers = [copy.copy(layer) for layer in cache.layers]
    return twin


def _in_common(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    limit = min(len(one), len(other))
    return next((place for place in range(limit) if one[place] != other[place]), limit)


def _may_be_cut(cache: Any) -> bool:
    """Whether every layer holds every token; one that slides, or keeps a state, cannot go back."""
    from transformers.cache_utils import DynamicLayer

    return all(type(layer) is DynamicLayer for layer in getattr(cache, "layers", [None]))
