"""What a catalogue offers to be named: measures, listed values and titles, indexed once per catalogue."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from weakref import WeakKeyDictionary

from agents.parsing.lexicon import KIND_NAMES, OPEN_NAMES, SYNONYMS, UNITS, Phrase
from agents.parsing.tokens import stem, words_of
from catalog.items import AttributeSpec, Catalogue, Item

CLOSED_AT_MOST = 60  # a list of more values than this is a vocabulary of tags, not a choice people know by heart
LONGEST_VALUE = 6  # words; a longer text is prose, not a value


@dataclass(frozen=True)
class Measure:
    """A number or date attribute. low, high: the least and greatest value in the catalogue (years for dates)."""

    spec: AttributeSpec
    dimension: str
    factor: float
    names: frozenset[Phrase]
    low: float
    high: float


@dataclass(frozen=True)
class Listed:
    """A list or text attribute with values people can name.

    size: how many distinct values it has. open: too many to be asked for by a bare word. kind: answers "what kind?".
    """

    spec: AttributeSpec
    names: frozenset[Phrase]
    size: int
    open: bool
    kind: bool


@dataclass(frozen=True)
class Value:
    """One value of a listed attribute, as the catalogue writes it."""

    listed: Listed
    text: str


@dataclass(frozen=True)
class TitleKey:
    """One way to say a title. whole: the full title rather than a part of it."""

    item_ids: tuple[str, ...]
    whole: bool


@dataclass
class CatalogueIndex:
    """All there is to name. values: stems → values, fewest choices first. titles: folded words → items."""

    measures: tuple[Measure, ...] = ()
    listed: tuple[Listed, ...] = ()
    values: dict[Phrase, tuple[Value, ...]] = field(default_factory=dict)
    synonyms: dict[Phrase, tuple[Value, ...]] = field(default_factory=dict)
    titles: dict[Phrase, TitleKey] = field(default_factory=dict)
    by_length: dict[int, list[str]] = field(default_factory=dict)  # joined titles by their number of words
    prefixes: set[Phrase] = field(default_factory=set)  # beginnings of titles, to know where one may go on
    longest_title: int = 0
    words: set[str] = field(default_factory=set)  # of titles and values, which stand for themselves

    @property
    def years(self) -> tuple[Measure, ...]:
        """The measures counted in calendar years, dates among them."""
        return tuple(measure for measure in self.measures if measure.dimension == "year")

    def is_value(self, stems: Phrase) -> bool:
        """Whether the words are a listed value or a synonym of one."""
        return stems in self.values or stems in self.synonyms


_cache: WeakKeyDictionary[Catalogue, CatalogueIndex] = WeakKeyDictionary()
_lock = threading.Lock()


def index_of(catalogue: Catalogue) -> CatalogueIndex:
    """The index of a catalogue, built at first need and kept as long as the catalogue is."""
    with _lock:
        if catalogue not in _cache:
            _cache[catalogue] = build(catalogue)
        return _cache[catalogue]


def build(catalogue: Catalogue) -> CatalogueIndex:
    """A fresh index of the catalogue."""
    index = CatalogueIndex()
    index.measures = tuple(_measures(catalogue))
    vocabularies = {spec.name: _vocabulary(catalogue, spec) for spec in catalogue.schema}
    index.listed = tuple(
        _listed(spec, vocabularies[spec.name])
        for spec in catalogue.schema
        if spec.kind in ("list", "text") and vocabularies[spec.name]
    )
    _add_values(index, vocabularies)
    _add_titles(index, catalogue)
    return index


def names_of(spec: AttributeSpec) -> frozenset[Phrase]:
    """What the attribute may be called: its name without the unit, its label and its aliases, in stems."""
    own = " ".join(part for part in spec.name.split("_") if part.casefold() not in UNITS)
    return frozenset(
        tuple(stem(word) for word in words_of(name)) for name in (own, spec.name, spec.label, *spec.aliases) if name
    ) - {()}


def _dimension(spec: AttributeSpec) -> tuple[str, float]:
    unit = spec.unit.casefold()
    names = {word for name in names_of(spec) for word in name}
    if spec.kind == "date" or stem(unit) == "year" or (not unit and names & {"year", "released", "release"}):
        return "year", 1.0
    if unit in UNITS:
        return UNITS[unit]
    if not unit and names & {"price", "cost"}:
        return "money", 1.0
    return f"unit:{stem(unit)}" if unit else "", 1.0


def _measures(catalogue: Catalogue) -> Iterable[Measure]:
    for spec in catalogue.schema:
        if spec.kind not in ("number", "date"):
            continue
        dimension, factor = _dimension(spec)
        found = [_figure(item, spec.name) for item in catalogue]
        figures = [figure for figure in found if figure is not None]
        names = names_of(spec)
        if figures:
            yield Measure(spec, dimension, factor, names, min(figures), max(figures))


def _figure(item: Item, name: str) -> float | None:
    value = item.attributes.get(name)
    if isinstance(value, date):
        return float(value.year)
    return float(value) if isinstance(value, int | float) else None


def _vocabulary(catalogue: Catalogue, spec: AttributeSpec) -> dict[str, int]:
    counts: dict[str, int] = {}
    if spec.kind in ("list", "text"):
        for item in catalogue:
            have = item.attributes.get(spec.name, ())
            for word in have if isinstance(have, tuple) else (have,):
                if isinstance(word, str):
                    counts[word] = counts.get(word, 0) + 1
    return counts


def _listed(spec: AttributeSpec, vocabulary: dict[str, int]) -> Listed:
    names = names_of(spec)
    heads = {word for name in names for word in name}
    is_open = len(vocabulary) > CLOSED_AT_MOST or bool(heads & OPEN_NAMES)
    return Listed(spec, names, len(vocabulary), is_open, bool(heads & KIND_NAMES) and not is_open)


def _add_values(index: CatalogueIndex, vocabularies: dict[str, dict[str, int]]) -> None:
    found: dict[Phrase, list[Value]] = {}
    for listed in sorted(index.listed, key=lambda one: one.size):
        for text in vocabularies[listed.spec.name]:
            words = words_of(text)
            if not words or len(words) > LONGEST_VALUE:
                continue
            key = tuple(stem(word) for word in words)
            keys = {key, (stem("".join(words)),)} if len(words) == 2 and "-" in text else {key}
            for one in keys:
                found.setdefault(one, []).append(Value(listed, text))
    index.values = {key: tuple(values) for key, values in found.items()}
    for said, meant in SYNONYMS.items():
        values = [value for key in meant for value in index.values.get(key, ()) if value.listed.kind]
        known = any(value.listed.kind for value in index.values.get(said, ()))
        if not known and len(values) >= len(meant) and len({value.listed.spec.name for value in values}) == 1:
            index.synonyms[said] = tuple(values)


_ARTICLES = ("the", "a", "an", "le", "les", "la", "il", "el", "los", "der", "die", "das")
_ASIDE = re.compile(r"\(([^()]*)\)")
_FULL_ALIAS = re.compile(r"^\s*a\.?k\.?a\.?\s+", re.IGNORECASE)


def sayings(title: str) -> list[tuple[Phrase, bool]]:
    """The ways to say a title, each with whether it is the whole of one.

    Beside the title itself: without and within brackets, an article moved to the front or left out, the part before a
    colon.
    """
    main = _ASIDE.sub(" ", title)
    names = [main, *(_FULL_ALIAS.sub("", aside) for aside in _ASIDE.findall(title) if not aside.strip().isdigit())]
    said: dict[Phrase, bool] = {}
    for name in names:
        moved = re.fullmatch(rf"(.*), ({'|'.join(_ARTICLES)})\s*", name.strip(), re.IGNORECASE)
        words = words_of(f"{moved[2]} {moved[1]}" if moved else name)
        if not words:
            continue
        said.setdefault(words, True)
        if words[0] in _ARTICLES and len(words) > 1:
            said.setdefault(words[1:], False)
        head, colon, _ = name.partition(":")
        if colon and len(words_of(head)) >= 2:
            said.setdefault(words_of(head), False)
    return list(said.items())


def _add_titles(index: CatalogueIndex, catalogue: Catalogue) -> None:
    whole: dict[Phrase, list[str]] = {}
    part: dict[Phrase, list[str]] = {}
    for item in catalogue:
        for words, is_whole in sayings(item.title):
            (whole if is_whole else part).setdefault(words, []).append(item.item_id)
    for words, ids in part.items():
        index.titles[words] = TitleKey(tuple(dict.fromkeys(ids)), False)
    for words, ids in whole.items():
        index.titles[words] = TitleKey(tuple(dict.fromkeys(ids)), True)
    for words in index.titles:
        index.by_length.setdefault(len(words), []).append(" ".join(words))
        index.prefixes.update(words[:length] for length in range(1, len(words)))
        index.words.update(words)
    index.longest_title = max(index.by_length, default=0)
