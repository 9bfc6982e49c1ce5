"""One entry of the store as Chroma keeps it, and the filters that choose among entries."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

Namespace = tuple[str, ...]

_OPERATORS = {"$eq", "$ne", "$gt", "$gte", "$lt", "$lte"}


def record_id_of(namespace: Namespace, key: str) -> str:
    """The Chroma id of an entry: 40 hex digits of SHA-256 over the namespace and the key, unambiguous between them."""
    return hashlib.sha256(json.dumps([list(namespace), key]).encode("ascii")).hexdigest()[:40]


@dataclass(frozen=True)
class Record:
    """One entry.

    value: its JSON, pure ASCII, so NUL and lone surrogates survive Chroma. stamp: new for every put; the vectors of the
    entry carry it, so a vector left behind by a crash is never taken for the entry's own. vectors: how many it has; the
    first lies in the row of the entry itself. index: what the put asked to have embedded, None for the store's own
    fields. created_at, updated_at: aware. ttl_minutes: None for an entry that stays. expires_at: seconds since 1970,
    together with ttl_minutes.
    """

    namespace: Namespace
    key: str
    value: str
    created_at: datetime
    updated_at: datetime
    stamp: str = ""
    vectors: int = 0
    index: Literal[False] | tuple[str, ...] | None = None
    ttl_minutes: float | None = None
    expires_at: float | None = None

    @cached_property
    def record_id(self) -> str:
        """Its Chroma id."""
        return record_id_of(self.namespace, self.key)

    @property
    def vector_ids(self) -> list[str]:
        """The ids of its vectors, one per embedded text. All but the first are ids of Chroma rows of their own."""
        return [f"{self.record_id}:{self.stamp}:{number}" for number in range(self.vectors)]

    def to_document(self) -> str:
        """The entry as two lines of JSON: what it is, then its value."""
        times = [self.created_at.isoformat(), self.updated_at.isoformat()]
        about = [self.namespace, self.key, *times, self.stamp, self.vectors, self.index, self.ttl_minutes]
        return json.dumps(about) + "\n" + self.value

    def to_metadata(self) -> dict[str, Any]:
        """What Chroma can select the entry by: its labels, how many vectors it has, and when it expires.

        Chroma merges metadata on upsert and drops what is None, so every name is always there. `labels_metadata` gives
        the same names for the same Chroma id, so none of those is ever left behind.
        """
        return labels_metadata(self.namespace) | {"vectors": self.vectors, "expires": self.expires_at}

    @classmethod
    def from_row(cls, document: str, metadata: Mapping[str, Any]) -> Record:
        """The entry whose document and metadata these are; the document may be of format 1."""
        about, value = document.split("\n", 1)
        namespace, key, created_at, updated_at, stamp, vectors, *later = json.loads(about)
        index, ttl_minutes = later or (None, None)
        return cls(
            namespace=tuple(namespace),
            key=key,
            value=value,
            created_at=datetime.fromisoformat(created_at),
            updated_at=datetime.fromisoformat(updated_at),
            stamp=stamp,
            vectors=vectors,
            index=tuple(index) if isinstance(index, list) else index,
            ttl_minutes=ttl_minutes,
            expires_at=metadata.get("expires"),
        )


def new_stamp() -> str:
    """A stamp no other put has."""
    return secrets.token_hex(6)


def owner_of(vector_id: str) -> tuple[str, str]:
    """The record id and the stamp a vector belongs to."""
    record_id, stamp, _ = vector_id.split(":")
    return record_id, stamp


def namespace_to_json(namespace: Namespace) -> str:
    """The labels as ASCII JSON, so that any label is legal and compares exactly."""
    return json.dumps(list(namespace))


def namespace_from_json(told: str) -> Namespace:
    """The namespace `namespace_to_json` wrote."""
    return tuple(json.loads(told))


def labels_metadata(namespace: Namespace) -> dict[str, str]:
    """The namespace as metadata: the first label as `ns0`, the first two as `ns1`, …

    So one condition selects a prefix: of several, each costs Chroma as much as the rows that meet it alone.
    """
    return {f"ns{depth}": namespace_to_json(namespace[: depth + 1]) for depth in range(len(namespace))}


def namespace_from(metadata: Mapping[str, Any]) -> Namespace:
    """The namespace `labels_metadata` wrote."""
    depth = sum(1 for name in metadata if name.startswith("ns"))
    return namespace_from_json(metadata[f"ns{depth - 1}"])


def prefix_condition(prefix: Namespace, *more: dict[str, Any]) -> dict[str, Any] | None:
    """Chroma's `where` for the rows whose namespace starts with these labels and that meet `more`; None for all."""
    wanted: list[dict[str, Any]] = [{name: label} for name, label in list(labels_metadata(prefix).items())[-1:]]
    wanted += more
    if not wanted:
        return None
    return wanted[0] if len(wanted) == 1 else {"$and": wanted}


def value_to_json(namespace: Namespace, key: str, value: Mapping[str, Any]) -> str:
    """The value as JSON. Raises ValueError naming the entry when JSON cannot hold it."""
    try:
        return json.dumps(dict(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"the value of {key!r} in {'/'.join(namespace)} is not JSON ({error}); use texts, numbers, lists and dicts"
        ) from error


def check_filter(condition: Mapping[str, Any] | None) -> None:
    """Raise ValueError for an operator we do not know, whether or not any entry would meet it."""
    for wanted in (condition or {}).values():
        if not isinstance(wanted, Mapping):
            continue
        unknown = {name for name in wanted if name.startswith("$")} - _OPERATORS
        if unknown:
            raise ValueError(
                f"unknown filter operator {', '.join(sorted(unknown))}; there are {', '.join(sorted(_OPERATORS))}"
            )
        if any(name.startswith("$") for name in wanted):
            if plain := [name for name in wanted if not name.startswith("$")]:
                raise ValueError(f"a filter mixes operators with the fields {', '.join(plain)}; write one or the other")
        else:
            check_filter(wanted)


def matches(value: Mapping[str, Any], condition: Mapping[str, Any] | None) -> bool:
    """Whether a value meets every condition.

    A plain condition asks for equality, of a nested dict only in the fields it names. Numbers compare as numbers, texts
    as texts, and a number never with a text; a missing field meets only `$ne` and the equality with None.
    """
    return all(_meets(value.get(field), wanted) for field, wanted in (condition or {}).items())


def _meets(have: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping) and any(name.startswith("$") for name in wanted):
        return all(_operate(have, operator, operand) for operator, operand in wanted.items())
    if isinstance(wanted, Mapping):
        return isinstance(have, Mapping) and matches(have, wanted)
    return _equal(have, wanted)


def _equal(have: Any, wanted: Any) -> bool:
    if isinstance(have, bool) or isinstance(wanted, bool):
        return have is wanted
    if isinstance(wanted, list | tuple):
        same_length = isinstance(have, list) and len(have) == len(wanted)
        return same_length and all(_equal(left, right) for left, right in zip(have, wanted, strict=True))
    if isinstance(wanted, Mapping):
        same_keys = isinstance(have, Mapping) and have.keys() == wanted.keys()
        return same_keys and all(_equal(have[name], wanted[name]) for name in wanted)
    return bool(have == wanted)


def _operate(have: Any, operator: str, operand: Any) -> bool:
    if operator == "$eq":
        return _equal(have, operand)
    if operator == "$ne":
        return not _equal(have, operand)
    if not (_is_number(have) and _is_number(operand)) and not (isinstance(have, str) and isinstance(operand, str)):
        return False
    match operator:
        case "$gt":
            return bool(have > operand)
        case "$gte":
            return bool(have >= operand)
        case "$lt":
            return bool(have < operand)
        case _:
            return bool(have <= operand)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
