"""Any value of a turn as JSON can hold it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import BaseModel, JsonValue

DEEPEST = 12


def plain(value: Any, *, depth: int = 0) -> JsonValue:
    """The value in dicts, lists, text, numbers, true, false and null.

    Models and dataclasses become objects, sets sorted lists, bytes their count (pictures never enter a trace),
    not-a-number null, and everything unknown its text. Never raises; nesting beyond 12 levels is written as text.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    try:
        return _nested(value, depth)
    except Exception as error:  # a trace must not break over a strange object
        return f"<{type(value).__name__}: {type(error).__name__}>"


def _nested(value: Any, depth: int) -> JsonValue:
    if depth >= DEEPEST:
        return str(value)
    if isinstance(value, list | tuple):
        return [plain(part, depth=depth + 1) for part in value]
    if isinstance(value, dict):
        return {str(key): plain(part, depth=depth + 1) for key, part in value.items()}
    if (names := _fields(type(value))) is not None:
        return {name: plain(getattr(value, name), depth=depth + 1) for name in names}
    if isinstance(value, Mapping):
        return {str(key): plain(part, depth=depth + 1) for key, part in value.items()}
    if isinstance(value, Set):
        return sorted((plain(part, depth=depth + 1) for part in value), key=str)
    return str(value)


def _fields(kind: type[Any]) -> tuple[str, ...] | None:
    """The names of what a model or a dataclass holds; None for another type."""
    if kind not in _KNOWN:
        if issubclass(kind, BaseModel):
            _KNOWN[kind] = tuple(kind.model_fields)
        else:
            _KNOWN[kind] = tuple(part.name for part in fields(kind)) if is_dataclass(kind) else None
    return _KNOWN[kind]


_KNOWN = dict[type[Any], tuple[str, ...] | None]()
