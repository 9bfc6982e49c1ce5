"""What the columns of an unknown table probably mean, from their names and values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from catalog.importers.plans import AttributePlan, attribute
from catalog.importers.values import is_missing, to_date, to_number, to_words
from catalog.items import AttributeKind
from memory.interactions import InteractionKind

Sample = Sequence[Mapping[str, Any]]

ID_NAMES: Final = (
    "item_id",
    "id",
    "product_id",
    "sku",
    "asin",
    "parent_asin",
    "movieid",
    "movie_id",
    "isbn",
    "item",
    "video_id",
)
TITLE_NAMES: Final = ("title", "name", "product_title", "product_name", "item_name", "headline", "label", "caption")
TEXT_NAMES: Final = (
    "text",
    "description",
    "about",
    "overview",
    "summary",
    "plot",
    "synopsis",
    "features",
    "notes",
    "tagline",
    "body_text",
)
PICTURE_NAMES: Final = (
    "image", "picture", "photo", "image_path", "image_file", "img", "cover", "poster", "filename", "file_name", "file",
    "thumbnail", "artwork", "images",
)  # fmt: skip
USER_NAMES: Final = (
    "user_id",
    "user",
    "userid",
    "reviewer_id",
    "reviewerid",
    "customer_id",
    "customer",
    "person",
    "account_id",
)
RATING_NAMES: Final = ("rating", "stars", "score", "overall", "points", "grade")
KIND_NAMES: Final = ("kind", "event", "event_type", "action", "behavior", "behaviour", "type", "interaction")
TIME_NAMES: Final = (
    "timestamp",
    "time",
    "at",
    "date",
    "datetime",
    "created_at",
    "unixreviewtime",
    "event_time",
    "rated_at",
    "ts",
)

KINDS: Final[Mapping[str, InteractionKind]] = {
    "view": "view", "click": "view", "seen": "view", "watch": "view", "play": "view", "visit": "view",
    "like": "like", "love": "like", "favorite": "like", "favourite": "like", "fav": "like",
    "save": "like", "keep": "like",
    "dislike": "dislike", "hate": "dislike", "skip": "dislike", "reject": "dislike",
    "purchase": "purchase", "buy": "purchase", "bought": "purchase", "order": "purchase",
    "rating": "rating", "rate": "rating",
}  # fmt: skip

_KNOWN: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    # column: label, unit, other words
    "price": ("price", "", ("cost", "costs")),
    "year": ("year", "year", ("released", "release year", "from")),
    "release_year": ("year", "year", ("released", "year")),
    "abv": ("alcohol", "%", ("abv", "strength")),
    "size": ("size", "", ()),
    "brand": ("brand", "", ("maker",)),
    "winery": ("winery", "", ("producer", "maker")),
}
_CURRENCIES: Final = {
    "€": "EUR",
    "eur": "EUR",
    "$": "USD",
    "usd": "USD",
    "£": "GBP",
    "gbp": "GBP",
    "¥": "JPY",
    "chf": "CHF",
}
_LIST_NAMES: Final = re.compile(
    r"genre|tag|categor|keyword|colou?r|ingredient|topic|theme|material|subject|style|mood|feature|actor|author|grape|pairing"
)
_PICTURE_FILE: Final = re.compile(r".+\.(jpe?g|png|webp)", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"(https?:)?//\S+", re.IGNORECASE)
_LONG_TEXT: Final = 60


def column_named(columns: Sequence[str], names: Sequence[str]) -> str:
    """The column whose name comes first among `names`, case and spaces aside; empty when there is none."""
    plain = {re.sub(r"[\s-]+", "_", column.strip().casefold()): column for column in columns}
    return next((plain[name] for name in names if name in plain), "")


def guess_id(columns: Sequence[str], sample: Sample) -> str:
    """The id column: by name, else the first whose values are all there, short and different."""
    named = column_named(columns, ID_NAMES)
    if named:
        return named
    for column in columns:
        values = [str(row.get(column, "")) for row in sample]
        if values and all(0 < len(value) <= 40 for value in values) and len(set(values)) == len(values):
            return column
    return ""


def guess_title(columns: Sequence[str], sample: Sample) -> str:
    """The title column: by name, else the first with mostly different texts of some words."""
    named = column_named(columns, TITLE_NAMES)
    if named:
        return named
    for column in columns:
        values = [value for value in given(sample, column) if isinstance(value, str)]
        if values and all(re.search(r"[^\W\d]{2}", value) for value in values) and len(set(values)) > len(values) / 2:
            return column
    return ""


def guess_picture(columns: Sequence[str], sample: Sample) -> str:
    """The picture column: one that mostly names picture files, or holds their bytes; empty when there is none."""
    named = column_named(columns, PICTURE_NAMES)
    for column in [*([named] if named else []), *columns]:
        values = given(sample, column)
        fitting = sum(_is_picture(value) for value in values)
        if values and fitting > len(values) / 2:
            return column
    return ""


def _is_picture(value: object) -> bool:
    if isinstance(value, str):
        return bool(_PICTURE_FILE.fullmatch(value.strip())) and not _ADDRESS.match(value.strip())
    return isinstance(value, bytes) or (isinstance(value, dict) and "bytes" in value)


def is_address(column: str, sample: Sample) -> bool:
    """Whether a column mostly holds web addresses, which are never fetched."""
    values = given(sample, column)
    return bool(values) and sum(bool(_ADDRESS.match(str(value).strip())) for value in values) > len(values) / 2


def is_text(column: str, sample: Sample) -> bool:
    """Whether a column holds prose rather than an attribute: by its name, or because its values are long."""
    values = [value for value in given(sample, column) if isinstance(value, str)]
    if not values or guess_separator(column, values):
        return False
    named = bool(column_named([column], TEXT_NAMES))
    return named or sum(map(len, values)) / len(values) > _LONG_TEXT


def guess_attribute(column: str, sample: Sample) -> AttributePlan | None:
    """A column as an attribute of the kind its values have, or None when it has no values or nested ones."""
    values = given(sample, column)
    if not values or any(isinstance(value, dict | bytes) for value in values):
        return None
    kind, separator = _guess_kind(column, values)
    plain = column.strip().casefold().replace(" ", "_")
    label, unit, aliases = _KNOWN.get(plain, (plain.replace("_", " "), "", ()))
    if kind == "number" and not unit:
        unit = _guess_currency(values)
    if kind == "list" and label.endswith("s") and len(label) > 3:
        label, aliases = _singular(label), (label, *aliases)
    return AttributePlan(attribute(plain, kind, label, unit=unit, aliases=aliases).spec, column, separator)


def _guess_kind(column: str, values: Sequence[Any]) -> tuple[AttributeKind, str]:
    if any(isinstance(value, list | tuple) for value in values):
        return "list", ""
    if _mostly(values, to_number) and not any(re.match(r"0\d", str(value)) for value in values):
        compact_dates = all(re.fullmatch(r"(19|20)\d{6}", str(value)) for value in values)
        return ("date", "") if compact_dates else ("number", "")
    if _mostly(values, to_date):
        return "date", ""
    separator = guess_separator(column, values)
    if separator or any(len(to_words(value)) > 1 for value in values[:100]):
        return "list", separator
    return "text", ""


def _mostly(values: Sequence[Any], read: Callable[[Any], object]) -> bool:
    """Whether at least 95 % can be read so."""
    bad = 0
    for value in values:
        try:
            read(value)
        except ValueError:
            bad += 1
            if bad * 20 > len(values):
                return False
    return True


def guess_separator(column: str, values: Sequence[Any]) -> str:
    """What separates the words of a list: a bar, a semicolon, or a comma where name or values speak for a list."""
    texts = [value for value in values if isinstance(value, str)]
    named = bool(_LIST_NAMES.search(column.casefold()))
    for mark, share in (("|", 0.02), (";", 0.1), (",", 0.05 if named else 0.5)):
        parts = [part for text in texts if mark in text for part in text.split(mark)]
        cut = sum(mark in text for text in texts)
        if cut and cut >= share * len(texts) and sum(len(part.split()) for part in parts) <= 3 * len(parts):
            return mark
    return ""


def _guess_currency(values: Sequence[Any]) -> str:
    marks = {found for value in values[:200] for mark, found in _CURRENCIES.items() if mark in str(value).casefold()}
    return marks.pop() if len(marks) == 1 else ""


def _singular(label: str) -> str:
    if label.endswith("ies"):
        return label[:-3] + "y"
    return label if label.endswith("ss") else label[:-1]


def guess_scale(values: Sequence[Any]) -> float:
    """The scale ratings are on, from the greatest seen: 1, 5, 10 or 100."""
    numbers = []
    for value in values:
        try:
            numbers.append(to_number(value))
        except ValueError:
            continue
    best = max(numbers, default=5)
    return next((scale for scale in (5.0, 10.0, 100.0) if best <= scale), best)


def given(sample: Sample, column: str) -> list[Any]:
    """The values of a column that are given."""
    return [row[column] for row in sample if column in row and not is_missing(row[column])]
