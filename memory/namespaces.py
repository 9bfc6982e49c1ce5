"""Namespaces at hand, sorted, and which of them a listing asks for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from langgraph.store.base import ListNamespacesOp, MatchCondition

from memory.records import Namespace


class Namespaces:
    """A set of namespaces."""

    def __init__(self, namespaces: Iterable[Namespace] = ()) -> None:
        self._held = set(namespaces)
        self._sorted: list[Namespace] | None = None

    def __contains__(self, namespace: Namespace) -> bool:
        return namespace in self._held

    def add(self, namespaces: Iterable[Namespace]) -> None:
        """Take these in; those that are there already change nothing."""
        before = len(self._held)
        self._held.update(namespaces)
        if len(self._held) > before:
            self._sorted = None

    def remove(self, namespaces: Iterable[Namespace]) -> None:
        """Take these out, as far as they are there."""
        before = len(self._held)
        self._held.difference_update(namespaces)
        if len(self._held) < before:
            self._sorted = None

    def holds(self, prefix: Namespace) -> bool:
        """Whether any of them begins with these labels."""
        ordered = self._ordered()
        first = bisect_left(ordered, prefix)
        return first < len(ordered) and ordered[first][: len(prefix)] == prefix

    def listed(self, op: ListNamespacesOp) -> list[Namespace]:
        """The page of the namespaces that meet the conditions, cut to `max_depth` labels, sorted, each once."""
        ordered = self._ordered()
        conditions, wanted = op.match_conditions or (), op.offset + op.limit
        prefix, found = literal_prefix(conditions), list[Namespace]()
        for number in range(bisect_left(ordered, prefix), len(ordered)):
            namespace = ordered[number]
            if len(found) >= wanted or namespace[: len(prefix)] != prefix:
                break
            cut = namespace[: op.max_depth]
            if (not found or cut != found[-1]) and all(_meets(condition, namespace) for condition in conditions):
                found.append(cut)
        return found[op.offset : wanted]

    def _ordered(self) -> list[Namespace]:
        if self._sorted is None:
            self._sorted = sorted(self._held)
        return self._sorted


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
