"""Items pointed at by their place in the list shown: "the second one", "number 3", "both", "all of them"."""

from __future__ import annotations

from collections.abc import Sequence

from agents.parsing.lexicon import FUNCTION_WORDS, ITEM_NOUNS, LIKE_VERBS, TASTE_VERBS
from agents.parsing.names import Named
from agents.parsing.parsed import Mention
from agents.parsing.tokens import Reading, stem

_ORDINALS = {
    word: place
    for place, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), start=1)
}
_COUNTS = {word: count for count, word in enumerate("two three four five six".split(), start=2)}
_NUMBER_CUES = frozenset(("number", "no", "nr", "#", "item", "option"))
_ALL = (("all", "of", "them"), ("all", "of", "these"), ("all", "of", "those"), ("both", "of", "them"), ("both",))
_ANY = tuple((any_of, "of", those) for any_of in ("any", "either") for those in ("them", "these", "those"))
_REFUSED = frozenset("not never don't didn't dont didnt".split())  # "I don't like any of these"
_NONE = (("none", "of", "them"), ("none", "of", "these"), ("none", "of", "those"), ("neither", "of", "them"))
_JUDGING = frozenset("like liked love loved hate hated dislike disliked of not and or , enjoyed enjoy about to".split())
_MORE_OF = frozenset("more something anything one ones others else movies films prints another".split())
_HERE = frozenset(("that", "this", "it"))


def read_places(reading: Reading, shown: Sequence[str], meant: str = "") -> list[Named]:
    """The items pointed at, in order; nothing without a list shown. Their tokens are held.

    meant: the item spoken of just before, which "that one" and "like it" point at; empty for none.
    """
    if not shown and not meant:
        return []
    found: list[Named] = []
    at = 0
    while at < len(reading):
        stop = _same_again(reading, at) if meant else at
        if stop > at and reading.free(at, stop):
            found.append(Named(at, stop, (Mention(meant, reading.hold(at, stop), 1.0, "place"),)))
            at = stop
            continue
        places, stop = _places_at(reading, at, len(shown))
        if not places or not reading.free(at, stop):
            at += 1
            continue
        said = reading.hold(at, stop)
        found.append(Named(at, stop, tuple(Mention(shown[place - 1], said, 1.0, "place") for place in places)))
        at = stop
    return found


def _same_again(reading: Reading, at: int) -> int:
    """Where "that one" ends, or "it" and "that" after "like" or "than", which is what was spoken of just before."""
    if reading.word(at) in ("that", "this") and reading.word(at + 1) == "one":
        return at + 2 if _ends(reading, at + 2) and reading.word(at + 2) not in ("with", "in", "from") else at
    led = reading.word(at - 1) == "than" or (
        reading.word(at - 1) in ("like", "to") and reading.word(at - 2) in _MORE_OF | {"similar", "closer"}
    )
    noun = stem(reading.word(at + 1)) in ITEM_NOUNS  # "like that film with owls" speaks of another
    return at + 1 if reading.word(at) in _HERE and led and not noun and _ends(reading, at + 1) else at


def _places_at(reading: Reading, at: int, count: int) -> tuple[list[int], int]:
    """The places pointed at from this token on, and where the pointing ends; no places for none."""
    for read in (_everything, _numbered, _several, _ordinal, _plain_number, _that_one):
        places, stop = read(reading, at, count)
        if places:
            return (places, stop) if max(places) <= count else ([], stop)
    return [], at + 1


def _everything(reading: Reading, at: int, count: int) -> tuple[list[int], int]:
    before = set(reading.words(at - 4, at))
    refused = not (before.isdisjoint(_REFUSED) or before.isdisjoint(LIKE_VERBS | TASTE_VERBS))
    length = reading.phrase_at(at, _ALL + _NONE + (_ANY if refused else ()))
    if not length or (reading.word(at) == "both" and count != 2):
        return [], at
    return list(range(1, count + 1)), at + length


def _numbered(reading: Reading, at: int, count: int) -> tuple[list[int], int]:
    """ "number 3", "#3", "no. 3"."""
    if reading.word(at) not in _NUMBER_CUES:
        return [], at
    here = at + 2 if reading.word(at) in ("no", "nr") and reading.word(at + 1) == "." else at + 1
    place = _small_number(reading, here)
    if place is None and reading.word(at) in ("number", "item", "option"):
        place = 1 if reading.word(here) == "one" else _COUNTS.get(reading.word(here))
    if place is None or (reading.word(at) == "no" and here == at + 1):
        return [], at
    return [place], here + 1


def _several(reading: Reading, at: int, count: int) -> tuple[list[int], int]:
    """ "the first two", "the last three"."""
    many = _COUNTS.get(reading.word(at + 2))
    if reading.word(at) != "the" or many is None or many > count or not _ends(reading, at + 3):
        return [], at
    if reading.word(at + 1) == "first":
        return list(range(1, many + 1)), _past_noun(reading, at + 3)
    if reading.word(at + 1) == "last":
        return list(range(count - many + 1, count + 1)), _past_noun(reading, at + 3)
    return [], at


def _ordinal(reading: Reading, at: int, count: int) -> tuple[list[int], int]:
    """ "the second", "the 2nd one", "second one", "the last"; not "the second world war" and not "first, …"."""
    here = at + 1 if reading.word(at) == "the" else at
    word = reading.word(here)
    stop = here + 1
    place = _ORDINALS.get(word)
    if place is None and word in ("last", "latter", "bottom"):
        place = count
    elif place is None and word == "middle" and count % 2:
        place = count // 2 + 1
    elif place is None and word in ("former", "top"):
        place = 1
    elif place is None and _small_number(reading, here, glued=True) is not None:
        suffix = reading.word(here + 1)
        if suffix not in ("st", "nd", "rd", "th"):
            return [], at
        place, stop = _small_number(reading, here, glued=True), here + 2
    if place is None:
        return [], at
    noun = stem(reading.word(stop)) in ITEM_NOUNS
    if here == at and not noun and not (stop - here == 2 or _listed(reading, at)):
        return [], at
    asked = here > at and reading.word(at - 1) in ("is", "was") and reading.word(stop + 1) in ("", "?", "or", "too")
    return ([place], _past_noun(reading, stop)) if asked or _ends(reading, stop) else ([], at)


def _listed(reading: Reading, at: int) -> bool:
    """Whether an ordinal without "the" goes on from one before: "the first and third"."""
    return reading.word(at - 1) in ("and", "or", ",") and at - 2 in reading.held


def _plain_number(reading: Reading, at: int, count: int) -> tuple[list[int], int]:
    """ "I liked 1 and 3", "not a fan of 2": a bare number right after a judgement, with nothing it could count."""
    place = _small_number(reading, at)
    if place is None or place > count or not _ends(reading, at + 1):
        return [], at
    before = reading.word(at - 1)
    judged = before in _JUDGING and (before not in ("and", "or", ",", "to", "about") or at - 2 in reading.held)
    return ([place], at + 1) if judged or before in ("👍", "👎") else ([], at)


def _that_one(reading: Reading, at: int, count: int) -> tuple[list[int], int]:
    """ "that one", "it" where only one item was shown."""
    if count != 1 or reading.word(at) not in _HERE:
        return [], at
    if reading.word(at + 1) == "one" or stem(reading.word(at + 1)) in ITEM_NOUNS:
        return [1], at + 2
    judged = reading.word(at - 1) in _JUDGING - {"not", "and", "or", ",", "to", "about", "of"}
    return ([1], at + 1) if judged and _ends(reading, at + 1) else ([], at)


def _small_number(reading: Reading, at: int, *, glued: bool = False) -> int | None:
    if not reading.is_number(at) or not reading.tokens[at].text.isdigit() or len(reading.tokens[at].text) > 2:
        return None
    follows = at + 1 < len(reading) and reading.tokens[at + 1].glued and reading.tokens[at + 1].kind != "mark"
    number = int(reading.tokens[at].text)
    return number if number > 0 and follows == glued else None


def _past_noun(reading: Reading, at: int) -> int:
    return at + 1 if stem(reading.word(at)) in ITEM_NOUNS else at


def _ends(reading: Reading, at: int) -> bool:
    """Whether nothing follows that the word before could belong to."""
    word = reading.word(at)
    if not word or reading.tokens[at].kind == "mark":
        return word not in ("%", "€", "$", "£")
    return word in FUNCTION_WORDS or stem(word) in ITEM_NOUNS
