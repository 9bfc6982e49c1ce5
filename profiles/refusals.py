"""Turning a failed check into one sentence: where the wrong value stands, what is known, and the line to write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from profiles.errors import ProfileError
from profiles.schema import Profile, nearest


def refusal(error: ValidationError, values: Mapping[str, Any], origins: Mapping[str, str], path: Path) -> ProfileError:
    """The first thing to put right, as a ProfileError; the rest shows once it is."""
    first = min(error.errors(include_url=False), key=_weight)
    keys = [str(part) for part in first["loc"] if part != "[key]"]
    dotted = ".".join(keys)
    where = _where(dotted, origins, path)
    if first["type"] in ("extra_forbidden", "literal_error") and _unknown(first, keys):
        return _unknown_key(keys, where, _value(values, keys))
    if first["type"] == "missing":
        line = f"write `{keys[-1]}: …`" + (f" under `{'.'.join(keys[:-1])}:`" if keys[:-1] else "")
        return ProfileError(f"{where}: `{dotted}` is missing", line)
    if first["type"] == "value_error":
        what, _, remedy = str(first["ctx"]["error"]).partition("; ")
        return ProfileError(f"{where}: {dotted + ': ' if dotted else ''}{what}", remedy or "correct it")
    shown = "" if isinstance(first["input"], dict) else f" ({first['input']!r})"
    return ProfileError(f"{where}: `{dotted}`{shown}: {_lower(first['msg'])}", f"write `{keys[-1]}: …` accordingly")


def _weight(problem: Any) -> int:
    """An unknown key first: it explains what else is missing."""
    return 0 if problem["type"] == "extra_forbidden" else 1


def _unknown(problem: Any, keys: list[str]) -> bool:
    return bool(problem["type"] == "extra_forbidden" or problem["loc"][-1] == "[key]")


def _unknown_key(keys: list[str], where: str, value: Any) -> ProfileError:
    known = _keys_beside(keys)
    better = nearest(keys[-1], known)
    under = f" under `{'.'.join(keys[:-1])}:`" if keys[:-1] else ""
    what = f"{where}: unknown key `{'.'.join(keys)}`"
    if better is None:
        return ProfileError(what, f"remove it; known{under}: {', '.join(known)}")
    right = [*keys[:-1], better]
    while isinstance(value, dict) and len(value) == 1:  # `--set recomend.slate=3`: the mistake is above the value
        (inner,) = value
        right, value = [*right, str(inner)], value[inner]
    shown = value if isinstance(value, str | int | float | bool) else "…"
    if where.startswith("command line"):
        return ProfileError(what, f"write --set {'.'.join(right)}={shown}")
    if where.startswith("environment"):
        return ProfileError(what, f"write PALATE_{'__'.join(right).upper()}={shown}")
    return ProfileError(what, f"write `{better}: {shown}`{under}")


def _value(values: Any, keys: list[str]) -> Any:
    for key in keys:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


def _keys_beside(keys: list[str]) -> list[str]:
    """What could have been written in place of the last key."""
    kind: Any = Profile
    for key in keys[:-1]:
        kind = kind.model_fields[key].annotation if _is_model(kind) and key in kind.model_fields else _value_kind(kind)
    if _is_model(kind):
        return list(kind.model_fields)
    return [str(name) for name in get_args(get_args(kind)[0])] if get_origin(kind) is dict else []


def _value_kind(kind: Any) -> Any:
    return get_args(kind)[1] if get_origin(kind) is dict else kind


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _where(dotted: str, origins: Mapping[str, str], path: Path) -> str:
    key = dotted
    while key and key not in origins:
        key = key.rpartition(".")[0]
    below = next((where for known, where in origins.items() if known.startswith(f"{dotted}.")), str(path))
    return origins.get(key, below)


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
