"""Cells turned into typed values. Every function raises ValueError, saying what the cell should have been."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

_MISSING: Final = frozenset(
    {"", "-", "–", "?", "n/a", "na", "nan", "none", "null", "nil", "\\n", "unknown", "not given"}
)
_NUMBER: Final = re.compile(
    r"(?P<before>[^\d+\-.,]*)(?P<number>[+\-]?[\d.,' \u00a0\u202f]*\d(?:[eE][+\-]?\d+)?)(?P<after>\D*)"
)
_THOUSANDS: Final = re.compile(r"\d{1,3}(,\d{3})+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_DAY_FORMATS: Final = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%Y%m%d", "%Y-%m", "%d %B %Y", "%B %d, %Y")
_LONGEST_CELL: Final = 100_000


def is_missing(value: object) -> bool:
    """Whether a cell says "not given": empty, NaN, or one of the usual words for it (`n/a`, `null`, `-`)."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    if isinstance(value, str):
        return value.strip().casefold() in _MISSING
    return isinstance(value, Sequence | dict) and not value


def to_text(value: object) -> str:
    """Plain text: lists a line each, whole numbers without `.0`, truth as yes or no, no control characters."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | tuple):
        return "\n".join(to_text(part) for part in value if not is_missing(part))
    if isinstance(value, dict):
        raise ValueError("nested values, not text")
    return _CONTROL.sub(" ", str(value)).strip()


def to_number(value: object) -> float:
    """A finite number, a currency or unit around it allowed: `1,234.50`, `12,50 €`, `from $9`."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{_shown(value)} is no number")
    if isinstance(value, str):
        match = _NUMBER.fullmatch(value.strip()) if len(value) <= 60 else None
        if match is None or len(match["before"].split()) > 2 or len(match["after"].split()) > 2:
            raise ValueError(f"{_shown(value)} is no number")
        value = _digits(match["number"])
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise ValueError(f"{_shown(value)} is no number") from None
    if not math.isfinite(number):
        raise ValueError(f"{_shown(value)} is no finite number")
    return number


def _digits(text: str) -> str:
    """The digits with a point before the decimals."""
    text = re.sub(r"[' \u00a0\u202f]", "", text)
    if "," in text and "." in text:
        decimal, other = (",", ".") if text.rfind(",") > text.rfind(".") else (".", ",")
        return text.replace(other, "").replace(decimal, ".")
    if "," in text:
        return text.replace(",", "") if _THOUSANDS.fullmatch(text.lstrip("+-")) else text.replace(",", ".")
    return text


def to_date(value: object, form: str = "") -> date:
    """A calendar day. form: a `strptime` pattern, for what is not year-first or written with points."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = to_text(value)
    if not form and re.match(r"\d{4}-\d\d-\d\d[T ]", text):
        text = text[:10]
    for pattern in (form,) if form else _DAY_FORMATS:
        try:
            return datetime.strptime(text, pattern).date()
        except ValueError:
            continue
    raise ValueError(f"{_shown(value)} is no date" + (f" of the form {form}" if form else ""))


def to_words(value: object, separator: str = "") -> tuple[str, ...]:
    """The words of a list, in order, none twice: of a list, of `["a", "b"]` written out, or cut at the separator."""
    if isinstance(value, str):
        value = _written_list(value) or (value.split(separator) if separator else [value])
    if not isinstance(value, list | tuple):
        value = [value]
    words = (to_text(part) for part in value if not is_missing(part))
    return tuple(dict.fromkeys(" ".join(word.split()) for word in words if word))


def _written_list(text: str) -> list[object] | None:
    """The list that a cell spells out as JSON or as Python would print it, else None."""
    text = text.strip()
    if not (text.startswith("[") and text.endswith("]")) or len(text) > _LONGEST_CELL:
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        return found if isinstance(found, list) else None
    return None


def to_time(value: object) -> datetime:
    """A moment, timezone-aware.

    A number counts seconds, milli-, micro- or nanoseconds since 1970, told by its size; text is ISO, UTC when it names
    no zone, or a day such as 20240131.
    """
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    text = to_text(value)
    try:
        if re.fullmatch(r"(19|20)\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])", text):
            return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)
        if re.fullmatch(r"-?\d+(\.\d*)?([eE]\+?\d+)?", text):
            seconds = float(text)
            for limit, scale in ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3)):
                if abs(seconds) >= limit:
                    seconds /= scale
                    break
            return datetime.fromtimestamp(seconds, UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{_shown(value)} is no time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _shown(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= 40 else text[:40] + "…")
