"""The opening of a reply: what its sentences may say, and the plain one that is true of every slate."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from agents.claims import (
    DOMAIN_NOUNS,
    NEGATIONS,
    NUMBER_WORDS,
    ORDINARY,
    is_babble,
    is_endless,
    is_plain,
    names_in,
    stems_in,
)
from agents.parsing.lexicon import FUNCTION_WORDS
from agents.parsing.negation import turned_away
from agents.parsing.tokens import Token, stem, tokenise, words_of
from agents.wording import one_line
from catalog.filters import Filter
from memory.preferences import Preference

LONGEST = 25  # words of a sentence
LONG_WISH = 8  # words; more are told as they were said
_JOINT = re.compile(r"^(?:but|and|or|also|then)\s+", re.IGNORECASE)
_COUNTS = "no one two three four five six seven eight nine ten eleven twelve".split()
_LIKES = (
    r"(?<!hope )(?<!think )(?<!if )(?<!what )\byou(?:'ve| have)?(?: \w+ly| always| already)? (?:like|love|enjoy)d?\b"
)
_TASTE = re.compile(rf"\b(?:tastes?|preferences?|favou?rites?|usual|remember\w*|know|known)\b|{_LIKES}", re.IGNORECASE)
_BROKEN_OFF = re.compile(r"(?:\b(?:with|the|an?|and|or|of|your|my|by|is|that suits?)|^\W*here are)\W*$", re.IGNORECASE)
_AS_ASKED = re.compile(
    r"\b(?:in mind|ask(?:ed|ing)?|wish(?:ed|es)?|want(?:ed)?|request(?:ed|s)?|looking for|search\w*)\b", re.IGNORECASE
)
_TURNS_AROUND = {  # bound of a filter → words that say the opposite
    "to": frozenset("over above least minimum more after".split()),
    "from": frozenset("under below most maximum less before up".split()),
}
_BOUNDS = {"at_most": "to", "below": "to", "at_least": "from", "above": "from"}
_NO_NAME = (FUNCTION_WORDS | {"have", "want", "need", "show", "give"}) - {"a", "an", "the", "my", "your", "no"}
_COUNTED_AFTER = frozenset("is are found picked chose chosen these those all got just only".split())
_NO_COUNT_AFTER = frozenset("this that each every no any another which the".split())


@dataclass(frozen=True)
class Asked:
    """What a slate answers. wishes, filters: those in force. picture: what the picture sent with it shows.

    like: the titles of items that more like are wanted of, where no picture was sent.
    """

    message: str = ""
    wishes: Sequence[str] = ()
    filters: Sequence[Filter] = ()
    picture: str = ""
    like: Sequence[str] = ()


@dataclass(frozen=True)
class OpeningGround:
    """All that an opening may rest on. evidence: what is known of each item of the slate, in the order of titles."""

    titles: Sequence[str]
    evidence: Sequence[str]
    preference: Preference
    asked: Asked

    def doubt(self, sentence: str) -> str:
        """Why a sentence may not be shown; empty when all it says is known to be true.

        It may count the slate, name wishes and filters, values of the taste that holds, and titles of the slate. What
        it neither says was asked for nor calls a taste must stand in the evidence of every item; what is to be left
        out may only be denied. Any other word must be one that presents a choice and claims nothing.
        """
        if not is_plain(sentence):
            return "it holds markup, a link or a control character"
        if is_endless(sentence, longest=LONGEST):
            return "it repeats itself or does not end"
        if _BROKEN_OFF.search(sentence):
            return "it breaks off"
        if len(sentence.split()) == 1 and stem(words_of(sentence)[0] if words_of(sentence) else "") in NEGATIONS:
            return "it denies what it does"
        rest = self._without_titles(sentence)
        if speaks_of_taste(rest) and not self._liked:
            return "it speaks of a taste that is not known"
        tokens = [token for token in tokenise(rest) if token.kind != "mark"]
        if self._turned_around(tokens):
            return "it turns a filter around"
        named = {stem(word) for name in names_in(rest) for word in words_of(name)}
        if strangers := named - self._asked - self._liked - self._met - self._refused:
            return f"it names {min(strangers)}"
        return next(filter(None, (self._doubt_of(tokens, at, rest) for at in range(len(tokens)))), "")

    def plain(self) -> str:
        """An opening made of what is true: how many, and the wish, the filters or the taste they were chosen by."""
        count = len(self.titles)
        start = "Here is one" if count == 1 else f"Here are {_COUNTS[count] if count < len(_COUNTS) else count}"
        wishes = [one_line(wish, words=12) for wish in self.asked.wishes if is_plain(wish) and not is_babble(wish)]
        said = list(dict.fromkeys(_JOINT.sub("", one.said) or str(one) for one in self.asked.filters))
        met = " and ".join(one_line(words, words=12) for words in said[-3:] if is_plain(words))
        named = all(words_of(wish)[:1] and words_of(wish)[0] not in _NO_NAME for wish in wishes[-2:])
        if wishes and named and len(" ".join(wishes[-2:]).split()) <= LONG_WISH:
            return f"{start} with {' and '.join(wishes[-2:])} in mind{f', {met}' if met else ''}."
        if wishes:
            return f"{start} for what you asked: {wishes[-1].rstrip('.!?')}."
        if met:
            return f"{start}, as you asked: {met}."
        if self.asked.picture and self.asked.like:
            return f"{start} like {' and '.join(self.asked.like[-2:])}."
        if self.asked.picture:
            return f"{start} with your picture in mind."
        if self._liked:
            return f"{start} that suit{'s' if count == 1 else ''} your taste."
        return f"{start} to start with."

    def _doubt_of(self, tokens: Sequence[Token], at: int, sentence: str) -> str:
        word = stem(tokens[at].word)
        negated = bool({token.word for token in tokens} & NEGATIONS)
        count = _count(tokens, at)
        if count is not None:
            given = word in self._met | self._asked and not (at and tokens[at - 1].word in _COUNTED_AFTER)
            return "" if given or count == len(self.titles) else f"it counts {tokens[at].text}"
        if word in self._met or word in ORDINARY or tokens[at].word in ORDINARY:
            return ""
        if not negated and turned_away(self.asked.message, tokens[at].word):
            return f"it names {tokens[at].text}, which is to be left out"
        if word in self._asked or word in self._liked:
            if negated:
                return f"it denies {tokens[at].text}"
            if speaks_of_taste(sentence) or _AS_ASKED.search(sentence) or self._true_of_all(word):
                return ""
            return f"not every item is known to be {tokens[at].text}"
        if word in self._refused:
            return "" if negated else f"it names {tokens[at].text}, which is to be left out"
        if word in DOMAIN_NOUNS and (word in stems_in(self.asked.message) or self._true_of_all(word)):
            return ""
        return f"it names {tokens[at].text}"

    def _without_titles(self, sentence: str) -> str:
        for title in sorted(self.titles, key=len, reverse=True):
            sentence = re.sub(rf"(?<!\w){re.escape(title)}(?!\w)", "it", sentence)
        return sentence

    def _turned_around(self, tokens: Sequence[Token]) -> bool:
        """Whether a figure is spoken of with the opposite of the one bound that was asked for."""
        bounds = {_BOUNDS.get(condition.op, "") for condition in self.asked.filters} - {""}
        if len(bounds) != 1 or not any(token.kind == "number" for token in tokens):
            return False
        return bool({token.word for token in tokens} & _TURNS_AROUND[bounds.pop()])

    def _true_of_all(self, word: str) -> bool:
        return bool(self.evidence) and all(word in stems for stems in self._evidence_stems)

    @cached_property
    def _evidence_stems(self) -> list[set[str]]:
        return [stems_in(text) for text in self.evidence]

    @cached_property
    def _asked(self) -> set[str]:
        wishes = [wish for wish in self.asked.wishes if not _denies(wish)]
        return _stems([*wishes, self.asked.picture])

    @cached_property
    def _met(self) -> set[str]:
        return _stems(f"{one.said} {one}".replace("_", " ") for one in self.asked.filters if not _excludes(one))

    @cached_property
    def _liked(self) -> set[str]:
        return _stems(fact.value for fact in self.preference.holding if fact.polarity in ("like", "must"))

    @cached_property
    def _refused(self) -> set[str]:
        disliked = [fact.value for fact in self.preference.holding if fact.polarity in ("dislike", "must_not")]
        excluded = [f"{one.said} {one}".replace("_", " ") for one in self.asked.filters if _excludes(one)]
        return _stems([*disliked, *excluded, *(wish for wish in self.asked.wishes if _denies(wish))])


def speaks_of_taste(sentence: str) -> bool:
    """Whether a sentence claims to know what the user likes; a hope that they will is no such claim."""
    return _TASTE.search(sentence) is not None


def _stems(texts: Iterable[str]) -> set[str]:
    return stems_in(" ".join(texts))


def _excludes(condition: Filter) -> bool:
    return condition.op in ("is_not", "has_not", "outside")


def _denies(wish: str) -> bool:
    return bool(set(words_of(wish)) & {word.replace("'", "") for word in NEGATIONS})


def _count(tokens: Sequence[Token], at: int) -> float | None:
    """The number a token stands for; `one` is none where it only points, as in "this one"."""
    if tokens[at].kind == "number":
        return tokens[at].number
    before = tokens[at - 1].word if at else ""
    if tokens[at].word == "one" and before in _NO_COUNT_AFTER:
        return None
    return NUMBER_WORDS.get(tokens[at].word)
