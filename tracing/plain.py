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
    if isinstance(value, BaseModel):
        return {name: plain(getattr(value, name), depth=depth + 1) for name in type(value).model_fields}
    if is_dataclass(value) and not isinstance(value, type):
        return {part.name: plain(getattr(value, part.name), depth=depth + 1) for part in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(part, depth=depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part, depth=depth + 1) for part in value]
    if isinstance(value, Set):
        return sorted((plain(part, depth=depth + 1) for part in value), key=str)
    return str(value)
