"""Which namespaces hold entries, sorted, so that listing them does not look at every entry."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence

from langgraph.store.base import ListNamespacesOp, MatchCondition

from memory.records import Namespace


class Namespaces:
    """How many entries each namespace holds."""

    def __init__(self, of_entries: Iterable[Namespace] = ()) -> None:
        self._counts = Counter(of_entries)
        self._sorted: list[Namespace] | None = None

    def add(self, namespace: Namespace) -> None:
        """Count one more entry."""
        if self._counts[namespace] == 0:
            self._sorted = None
        self._counts[namespace] += 1

    def remove(self, namespace: Namespace) -> None:
        """Count one entry less; a namespace without any is gone."""
        self._counts[namespace] -= 1
        if self._counts[namespace] <= 0:
            del self._counts[namespace]
            self._sorted = None

    def listed(self, op: ListNamespacesOp) -> list[Namespace]:
        """The page of the namespaces that meet the conditions, cut to `max_depth` labels, sorted, each once."""
        if self._sorted is None:
            self._sorted = sorted(self._counts)
        conditions, wanted = op.match_conditions or (), op.offset + op.limit
        prefix, found = literal_prefix(conditions), list[Namespace]()
        for number in range(bisect_left(self._sorted, prefix), len(self._sorted)):
            namespace = self._sorted[number]
            if len(found) >= wanted or namespace[: len(prefix)] != prefix:
                break
            cut = namespace[: op.max_depth]
            if (not found or cut != found[-1]) and all(_meets(condition, namespace) for condition in conditions):
                found.append(cut)
        return found[op.offset : wanted]


def literal_prefix(conditions: Sequence[MatchCondition]) -> Namespace:
    """The labels that every namespace meeting the conditions begins with, as far as they can be told."""
    longest: Namespace = ()
    for condition in conditions:
        path = tuple(condition.path)
        if condition.match_type == "prefix":
            literal = path[: path.index("*")] if "*" in path else path
            longest = max(longest, literal, key=len)
    return longest


def check_listing(op: ListNamespacesOp) -> None:
    """Raise ValueError for a condition or a page that cannot be met."""
    for condition in op.match_conditions or ():
        if condition.match_type not in ("prefix", "suffix"):
            raise ValueError(f"namespaces match by prefix or suffix, not by {condition.match_type!r}")
    if op.limit < 0 or op.offset < 0 or (op.max_depth is not None and op.max_depth < 1):
        raise ValueError(
            f"namespaces cannot be listed with limit {op.limit}, offset {op.offset} and max_depth {op.max_depth}; "
            "limit and offset begin at 0, max_depth at 1"
        )


def _meets(condition: MatchCondition, namespace: Namespace) -> bool:
    path = tuple(condition.path)
    if len(path) > len(namespace):
        return False
    part = namespace[: len(path)] if condition.match_type == "prefix" else namespace[len(namespace) - len(path) :]
    return all(wanted in ("*", label) for wanted, label in zip(path, part, strict=True))
