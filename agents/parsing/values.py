"""Listed values: asked for, refused, or one of several."""

from __future__ import annotations

from dataclasses import dataclass

from agents.parsing.index import CatalogueIndex, Listed, Value
from agents.parsing.lexicon import ADJECTIVES, ARTICLES, FUNCTION_WORDS, IDIOMS, ITEM_NOUNS, POSSESSIVES
from agents.parsing.negation import doubted, refusal_before
from agents.parsing.tokens import Reading, stem, words_of
from catalog.filters import Filter

_CUES = frozenset("on in of from by with : = is are tagged".split())  # what may lead to a value that is no kind of item
_LEADS = frozenset("on in of from by".split())
_OR, _AND = frozenset(("or", "/", "nor")), frozenset(("and", ",", "&", "+"))


@dataclass(frozen=True)
class Match:
    """Values named at one place; more than one only for a synonym of several."""

    values: tuple[Value, ...]
    start: int
    stop: int
    plural: bool

    @property
    def listed(self) -> Listed:
        """The attribute they belong to."""
        return self.values[0].listed


@dataclass(frozen=True)
class Group:
    """Matches said in one breath, with the joints between them (an empty joint for neighbours)."""

    matches: tuple[Match, ...]
    joints: tuple[str, ...]
    stop: int


def read_values(reading: Reading, index: CatalogueIndex) -> list[Filter]:
    """The conditions on listed values; what is read is taken.

    A value is read where it is refused ("no horror"), where its attribute is named ("tagged pixar", "cotton paper"),
    or where it answers what kind of item is asked for ("a comedy"). Values of open vocabularies need one of the first
    two; all else stays in the residual.
    """
    found: list[Filter] = []
    at = 0
    while at < len(reading):
        filters, at = _read_at(reading, index, at)
        found.extend(filters)
    return found


def _read_at(reading: Reading, index: CatalogueIndex, at: int) -> tuple[list[Filter], int]:
    if reading.tokens[at].kind == "mark" or not reading.free(at, at + 1):
        return [], at + 1
    refused = refusal_before(reading, at)
    if refused is not None:
        group = _group(reading, index, at, refusing=True)
        if group is None or not _refusable(reading, index, group):
            return [], group.stop if group else at + 1
        stop = group.stop + (1 if stem(reading.word(group.stop)) in ITEM_NOUNS else 0)
        said = reading.take(refused, stop)
        return [_refuse(value, said) for match in group.matches for value in match.values], stop
    group = _group(reading, index, at, refusing=False)
    if group is None:
        return [], at + 1
    named = _named(reading, group)
    if named is None and not _asked(reading, index, group):
        return [], group.stop
    return _ask(reading, group, named), group.stop


def _match(reading: Reading, index: CatalogueIndex, at: int, *, refusing: bool) -> Match | None:
    """The longest value named here: of the attribute the words name, else of the one with the fewest values.

    A refused value that only open vocabularies hold is refused in all of them: "no robots" leaves none.
    """
    if at >= len(reading) or reading.tokens[at].kind == "mark":
        return None
    for length in range(6, 0, -1):
        stems, stop = reading.run_at(at, length)
        if len(stems) < length or not reading.free(at, stop):
            continue
        spelling = tuple(word for word in reading.words(at, stop) if word != "-")
        values = sorted(index.values.get(stems, ()), key=lambda value: words_of(value.text) != spelling)
        named = [value for value in values if _name_beside(reading, value.listed, at, stop) is not None]
        named.sort(key=lambda value: value.listed.size)
        closed = sorted((value for value in values if not value.listed.open), key=lambda value: value.listed.size)
        meant = named[:1] or closed[:1] or (values if refusing else ())
        last = reading.word(stop - 1)
        if meant:
            return Match(tuple(meant), at, stop, plural=stem(last) != last)
        if stems in index.synonyms and _synonym_fits(reading, index, stems, stop):
            return Match(index.synonyms[stems], at, stop, plural=stem(last) != last)
    return None


def _synonym_fits(reading: Reading, index: CatalogueIndex, stems: tuple[str, ...], stop: int) -> bool:
    if stems not in ADJECTIVES:
        return True
    following, _ = reading.run_at(stop, 1)
    return bool(following) and (following[0] in ITEM_NOUNS or index.is_value(following))


def _group(reading: Reading, index: CatalogueIndex, at: int, *, refusing: bool) -> Group | None:
    first = _match(reading, index, at, refusing=refusing)
    if first is None:
        return None
    matches, joints = [first], []
    stop = first.stop
    while True:
        here, joint = _joint(reading, stop, refusing=refusing)
        following = _match(reading, index, here, refusing=refusing)
        if following is None or (not refusing and following.listed.spec.name != first.listed.spec.name):
            break
        if joint and refusal_before(reading, here) is not None:
            break
        matches.append(following)
        joints.append(joint)
        stop = following.stop
    if refusing and "," in joints and not any(joint in _OR or joint == "and" for joint in joints):
        keep = joints.index(",") + 1  # "no horror, comedy please": only what stands before the comma is refused
        matches, joints = matches[:keep], joints[: keep - 1]
    return Group(tuple(matches), tuple(joints), matches[-1].stop)


def _joint(reading: Reading, stop: int, *, refusing: bool) -> tuple[int, str]:
    """Where the next value of a list may begin, and what joins it."""
    here = stop + 1 if stem(reading.word(stop)) in ITEM_NOUNS else stop
    joint = ""
    while reading.word(here) in _OR | _AND:
        joint = reading.word(here) if joint != "or" else joint
        here += 1
    if not joint:
        return stop, ""
    if reading.word(here) in _LEADS and not (refusing and joint not in _OR):  # "on linen or on hemp"
        here += 1
    if reading.word(here) in ARTICLES and not (refusing and joint not in _OR):
        here += 1
    return here, joint


def _refusable(reading: Reading, index: CatalogueIndex, group: Group) -> bool:
    """Whether refusing these values is meant and can be kept exactly."""
    if "" in group.joints:  # "no romantic comedies" refuses the two together, which no filter can say
        return False
    if group.matches[0].listed.open and reading.word(group.matches[0].start) in IDIOMS:
        return False
    return _stands_alone(reading, index, group.stop)


def _stands_alone(reading: Reading, index: CatalogueIndex, stop: int) -> bool:
    """Whether what follows leaves the value a value: not "war heroes" or "action figures"."""
    if stop >= len(reading) or reading.tokens[stop].kind != "word":
        return True
    if reading.word(stop) in FUNCTION_WORDS or stem(reading.word(stop)) in ITEM_NOUNS:
        return True
    stems, after = reading.run_at(stop, 1)
    if stems and index.is_value(stems) and not any(value.listed.open for value in index.values.get(stems, ())):
        return _stands_alone(reading, index, after)
    return any((stem(reading.word(stop)),) in listed.names for listed in index.listed)


def _name_beside(reading: Reading, listed: Listed, start: int, stop: int) -> tuple[int, int] | None:
    """The tokens from the attribute's name to the value or back, where they stand side by side."""
    for name in listed.names:
        stems, after = reading.run_at(stop, len(name))
        if stems == name:
            return start, after
        here = start
        for _ in range(3):
            stems, end = reading.run_at(here - len(name), len(name))
            if stems == name and end == here:
                return here - len(name), stop
            if reading.word(here - 1) not in (":", "=", "is", "of", "the", "a", "like", "be", '"', "'", "“"):
                break
            here -= 1
    if listed.open and reading.word(start - 1) in ("tagged", "tag") and _tags(listed):
        return start - 1, stop
    return None


def _tags(listed: Listed) -> bool:
    return any(word in ("tag", "keyword") for name in listed.names for word in name)


def _named(reading: Reading, group: Group) -> tuple[int, int] | None:
    for match in group.matches:
        beside = _name_beside(reading, match.listed, match.start, match.stop)
        if beside is not None:
            return beside
    return None


def _asked(reading: Reading, index: CatalogueIndex, group: Group) -> bool:
    """Whether values whose attribute is not named are asked for."""
    first, listed = group.matches[0], group.matches[0].listed
    if listed.open or not _stands_alone(reading, index, group.stop) or doubted(reading, first.start):
        return False
    before = reading.word(first.start - 1)
    if before in POSSESSIVES:
        return False
    if listed.kind:
        return True
    alone = len(reading.said(first.start, group.stop)) == len(reading.message.strip(" .!?"))
    led = before in _CUES and reading.word(first.start - 2) not in ("lots", "picture", "pictures", "full", "kind")
    return alone or (led and before != "of") or stem(reading.word(group.stop)) in ITEM_NOUNS


def _ask(reading: Reading, group: Group, named: tuple[int, int] | None) -> list[Filter]:
    heads, adjectives = list(group.matches), []
    either = any(joint in _OR for joint in group.joints) or (
        bool(group.joints) and all(joint in _AND for joint in group.joints) and all(m.plural for m in heads)
    )
    name, many = heads[0].listed.spec.name, heads[0].listed.spec.kind == "list"
    if either and "" in group.joints:  # "a romantic comedy or a drama": the heads decide, the rest stays a wish
        adjectives = [match for match, joint in zip(heads, (*group.joints, "end"), strict=True) if joint == ""]
        heads = [match for match in heads if match not in adjectives]
    start, stop = heads[0].start, group.stop
    if named is not None:
        start, stop = min(start, named[0]), max(stop, named[1])
    said = reading.said(start, stop)
    left_out = {at for match in adjectives for at in range(match.start, match.stop)}
    reading.taken.update(set(range(start, stop)) - left_out)
    texts = tuple(dict.fromkeys(value.text for match in heads for value in match.values))
    if len(texts) > 1 and (either or not many):
        return [Filter(attribute=name, op="any_of", value=texts, said=said)]
    return [Filter(attribute=name, op="has" if many else "is", value=text, said=said) for text in texts]


def _refuse(value: Value, said: str) -> Filter:
    many = value.listed.spec.kind == "list"
    return Filter(attribute=value.listed.spec.name, op="has_not" if many else "is_not", value=value.text, said=said)
