"""Answers from the catalogue: which attributes a question asks for, and what the catalogue says of them, exactly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agents.claims import ORDINARY, numbers_in, sentences_of, stems_in
from agents.context import told_attributes
from agents.evidence import mentions
from agents.parsing.index import CatalogueIndex, Listed, Measure, index_of
from agents.parsing.lexicon import DIMENSION_WORDS, KIND_NAMES, Phrase
from agents.parsing.tokens import stem, words_of
from agents.wording import one_line
from catalog.items import AttributeSpec, Catalogue, Item

_NOUNS = {  # words that ask for a dimension wherever they stand; adjectives only after "how", or as a question of yes
    "money": frozenset("price cost costs costing costly budget".split()),
    "year": frozenset("when year date decade".split()),
    "length": frozenset("size dimension dimensions".split()),
    "time": frozenset("duration runtime".split()),
    "weight": frozenset("weight weigh weighs".split()),
}
_ADJECTIVES = DIMENSION_WORDS | {"money": DIMENSION_WORDS["money"] | {"much"}}
_HOW = re.compile(r"\bhow ([a-z]+)")
_IS_IT = re.compile(r"^(?:(?:and|so|but|ok|okay)\W+)*(?:is|are|was|were)\b")
_DATED = re.compile(r"\b(?:from|in|of|before|after|since)(?: the)? (?:1\d|20)\d\ds?\b")
_COMPARED = re.compile(r"\b(\w{2,}?)(?:er|est)\b|\b(expensive)\b")
_MAKERS = {  # what someone did to an item → what the attribute naming them may be called
    "direct": ("director",),
    "made": ("maker", "artist", "author", "creator", "director", "designer", "brand", "manufacturer"),
    "make": ("maker", "artist", "author", "creator", "director", "designer", "brand", "manufacturer"),
    "paint": ("painter", "artist"),
    "drew": ("artist", "illustrator"),
    "design": ("designer", "artist"),
    "wrote": ("writer", "author"),
    "write": ("writer", "author"),
    "star": ("actor", "cast", "star"),
    "act": ("actor", "cast", "star"),
    "play": ("actor", "cast", "star", "artist"),
    "publish": ("publisher",),
}
_WHO_IS_IN = re.compile(r"\bwho(?:'s| is| are| was| were) in\b")
_BY_HAND = frozenset("made make paint drew design".split())  # one of them answers for another
_ASIDE = {stem(word) for word in ORDINARY} - {stem(done) for done in _MAKERS}
_COPIES = ("edition", "run", "copy")


@dataclass(frozen=True)
class ItemFacts:
    """What may be said of one item. text: all the model was told of it. asked: the attributes in question it has.

    lacking: the labels of those in question that the catalogue does not give for it. reason: why it was shown.
    """

    item_id: str
    title: str
    text: str
    asked: tuple[tuple[AttributeSpec, str], ...] = ()
    lacking: tuple[str, ...] = ()
    reason: str = ""

    def composed(self, question: str, *, words: int) -> str:
        """The answer from the catalogue: what is asked for, else the sentence that speaks of it, else so many words."""
        told = [f"{spec.label or spec.name} {value}" for spec, value in self.asked]
        lacking = [f"the catalogue does not give the {label}" for label in self.lacking]
        said = ", ".join(told) or self.quoted(question) or ", ".join(lacking)
        said = said or one_line(" ".join(self._sentences()), words=words)
        return f"{self.title}: {said.rstrip('.') or 'the catalogue says nothing more of it'}."

    def quoted(self, question: str) -> str:
        """The sentence of its text that names what is asked, word for word, or why it was shown; empty for none."""
        asked = stems_in(question)
        if self.reason and asked & {"why", "reason"}:
            return self.reason
        wanted = asked - _ASIDE - stems_in(self.title)
        if "who" in asked and any(word.startswith(done) for word in asked for done in _BY_HAND):
            wanted |= _BY_HAND
        return next((sentence for sentence in self._sentences() if wanted & stems_in(sentence)), "")

    def _sentences(self) -> list[str]:
        return sentences_of(self.text.replace("; ", ".\n"))

    def is_told_by(self, answer: str) -> bool:
        """Whether an answer tells every attribute in question: its figure, and all of its words."""
        return not self.lacking and all(_tells(answer, value, spec) for spec, value in self.asked)


def item_facts(
    items: Sequence[tuple[Item, str]], question: str, catalogue: Catalogue, *, said: Sequence[str] = ()
) -> list[ItemFacts]:
    """What the catalogue says of items, given with all that is known of them, in the light of a question.

    said: the replies so far, oldest first, where the reasons stand that items were shown with.
    """
    specs = asked_attributes(question, [item.title for item, _ in items], catalogue)
    facts = []
    for item, text in items:
        told = {spec.name: value for spec, value in told_attributes(catalogue, item)}
        asked = tuple((spec, told[spec.name]) for spec in specs if spec.name in told)
        lacking = (
            () if asked else tuple(spec.label or spec.name for spec in specs[:1]) or _maker_lacking(question, text)
        )
        title = one_line(item.title)
        facts.append(ItemFacts(item.item_id, title, text, asked, lacking, _reason_of(title, said)))
    return facts


def _maker_lacking(question: str, text: str) -> tuple[str, ...]:
    """Who a question asks for where the catalogue has no attribute for them and the text is silent as well."""
    stems = stems_in(_WHO_IS_IN.sub("who stars in", question.casefold().replace("’", "'")))
    done = [verb for verb in _MAKERS if "who" in stems and any(word.startswith(verb) for word in stems)]
    told = stems_in(text)
    silent = done and not any(word.startswith(verb) for word in told for verb in (*done, *_BY_HAND))
    return (_MAKERS[done[0]][0],) if silent else ()


def _reason_of(title: str, said: Sequence[str]) -> str:
    """The reason that the last reply which listed the item gave for it."""
    lines = [line.partition(". ") for reply in said for line in reply.splitlines()]
    found = [rest for number, _, rest in lines if number.isdigit() and rest.startswith(f"{title}: ")]
    return found[-1].removeprefix(f"{title}: ") if found else ""


def asked_attributes(question: str, titles: Sequence[str], catalogue: Catalogue) -> list[AttributeSpec]:
    """The attributes of the catalogue that a question asks for, in the order of the schema; none where it is unclear.

    An attribute is asked for by its name or an alias, by a word for its dimension ("how much", "when", "is it big?"),
    or by who did what ("who directed it?"). titles: of the items meant; their words ask for nothing.
    """
    text = _WHO_IS_IN.sub("who stars in", question.casefold().replace("’", "'"))
    for title in sorted(titles, key=len, reverse=True):
        text = text.replace(title.casefold(), " it ")
    index, words = index_of(catalogue), words_of(text)
    stems = tuple(stem(word) for word in words)
    named = [*_by_name(stems, index), *_by_dimension(text, words, index), *_by_maker(stems, index)]
    if not named:
        named = [one.spec.name for one in index.listed if one.kind and KIND_NAMES & set(stems)]
    return [spec for spec in catalogue.schema if spec.name in named]


def _all_named(index: CatalogueIndex) -> list[Measure | Listed]:
    return [*index.measures, *index.listed]


def _by_name(stems: Phrase, index: CatalogueIndex) -> Iterator[str]:
    for one in _all_named(index):
        names = one.names - {(kind,) for kind in KIND_NAMES}
        if any(stems[at : at + len(name)] == name for name in names for at in range(len(stems))):
            yield one.spec.name


def _by_dimension(text: str, words: Sequence[str], index: CatalogueIndex) -> Iterator[str]:
    after_how = set(_HOW.findall(text))
    compared = {f"{root}er" if root else whole for root, whole in _COMPARED.findall(text)}
    adjectives = after_how | (set(words[-2:]) if _IS_IT.match(text) else set())
    if text.startswith(("which", "what", "who")):
        adjectives |= compared
    for measure in index.measures:
        unit = measure.dimension.removeprefix("unit:")
        dated = unit == "year" and _DATED.search(text)
        counted = "many" in after_how and unit in {stem(word) for word in words}
        if (
            dated
            or counted
            or _NOUNS.get(unit, frozenset()) & set(words)
            or adjectives & _ADJECTIVES.get(unit, frozenset())
        ):
            yield measure.spec.name


def _by_maker(stems: Sequence[str], index: CatalogueIndex) -> Iterator[str]:
    wanted = set(_COPIES) if "copy" in stems else set()
    if {"who", "whom", "by"} & set(stems):
        wanted |= {name for word in stems for done, names in _MAKERS.items() if word.startswith(done) for name in names}
    for one in _all_named(index):
        if wanted & {word for name in one.names for word in name}:
            yield one.spec.name


def _tells(answer: str, value: str, spec: AttributeSpec) -> bool:
    if spec.kind == "number":
        return numbers_in(value) <= numbers_in(answer)
    return all(mentions(answer, word) for word in (value.split(",") if spec.kind == "list" else [value]))
