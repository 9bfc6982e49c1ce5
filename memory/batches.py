"""A batch of operations, checked whole before anything of it is done."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from langgraph.store.base import (
    GetOp,
    InvalidNamespaceError,
    ListNamespacesOp,
    Op,
    PutOp,
    SearchOp,
    validate_op_namespace,
)

from memory.namespaces import check_listing
from memory.records import Namespace, check_filter, value_to_json
from memory.text_index import TextIndex


@dataclass(frozen=True)
class Put:
    """A put, checked. value: its JSON. texts: those to embed."""

    op: PutOp
    value: str
    texts: list[str]


@dataclass
class Plan:
    """What a batch asks for. puts: by namespace and key, the last of each, None for an entry to delete."""

    ops: list[Op] = field(default_factory=list)
    puts: dict[tuple[Namespace, str], Put | None] = field(default_factory=dict)
    queries: list[str] = field(default_factory=list)

    def texts(self) -> list[str]:
        """Every text of the puts, once each."""
        return list(dict.fromkeys(text for put in self.puts.values() if put is not None for text in put.texts))


def plan_of(ops: Iterable[Op], index: TextIndex | None) -> Plan:
    """The plan of a batch. Raises ValueError and InvalidNamespaceError for an operation that cannot be done."""
    plan = Plan()
    for op in ops:
        validate_op_namespace(op)
        match op:
            case PutOp():
                plan.puts[tuple(op.namespace), str(op.key)] = _put(op, index)
            case SearchOp():
                check_search(op)
                if op.query and op.query not in plan.queries:
                    plan.queries.append(op.query)
            case ListNamespacesOp():
                check_listing(op)
            case GetOp():
                pass
            case _:
                raise ValueError(f"{type(op).__name__} is not an operation of a store")
        plan.ops.append(op)
    return plan


def check_search(op: SearchOp) -> None:
    """Raise ValueError for a page or a filter that cannot be met."""
    if op.limit < 0 or op.offset < 0:
        raise ValueError(f"a search cannot have limit {op.limit} and offset {op.offset}; use 0 or more")
    check_filter(op.filter)


def _put(op: PutOp, index: TextIndex | None) -> Put | None:
    if not op.namespace:
        raise InvalidNamespaceError("a namespace needs at least one label")
    if op.ttl is not None and not 0 <= op.ttl < math.inf:
        raise ValueError(f"{op.key!r} cannot live for {op.ttl} minutes; give 0 or more, or None to keep it")
    if op.value is None:
        return None
    value = value_to_json(tuple(op.namespace), str(op.key), op.value)
    texts = index.texts_of(json.loads(value), op.index) if index is not None else []
    return Put(op, value, texts)
