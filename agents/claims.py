"""What a sentence of a model claims, read word by word, and whether it is fit to be shown at all."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise

from agents.parsing.index import CatalogueIndex
from agents.parsing.lexicon import CURRENCIES, ITEM_NOUNS, UNITS
from agents.parsing.tokens import stem, tokenise, words_of

NUMBER_WORDS = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split()
    )
} | {"both": 2, "pair": 2, "couple": 2, "trio": 3, "dozen": 12, "twenty": 20, "hundred": 100}
NEGATIONS = frozenset(
    """no not none nothing never without except avoid avoids avoided avoiding skipping leaving excluding don't doesn't
    didn't isn't aren't won't neither nor dislike dislikes disliked hate hates less""".split()
)
REFUSED_MARKS = re.compile(r"[<>\[\]{}|\\`^~#@=_*]|https?:|www\.|://|&\w+;|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u206f]")
_EMPHASIS = re.compile(r"\*\*|__|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)|^\s*[#>]+\s+")
_PAIRED = re.compile(r"\b(\w{3,}),? (?:and|or) \1\b", re.IGNORECASE)
_END = re.compile(r"""[.!?…]+["”'’)]*\s+|\s*\n\s*""")


def supported(word: str, stems: Collection[str]) -> bool:
    """Whether a stem is among others or a form of one: `calming` goes with `calm`."""
    return word in stems or (
        len(word) > 3 and any(word.startswith(one) or one.startswith(word) for one in stems if len(one) > 3)
    )


def unadorned(text: str) -> str:
    """The text on one line, without the marks of emphasis, headings and quotation that models put around words."""
    return " ".join(_EMPHASIS.sub("", text).split())


def is_plain(text: str) -> bool:
    """Whether a text holds no markup, link or control character."""
    return REFUSED_MARKS.search(text) is None


def is_babble(text: str) -> bool:
    """Whether a text stutters: a word twice in a row or joined to itself, a pair twice, a telling word four times."""
    words = [token.word for token in tokenise(text) if token.kind == "word"]
    pairs = list(pairwise(words))
    telling = [word for word in words if len(word) > 3]
    return (
        any(one == other for one, other in pairs)
        or _PAIRED.search(text) is not None
        or any(pairs.count(pair) > 1 for pair in pairs if set(pair) - ORDINARY)
        or any(telling.count(word) > 3 for word in telling)
    )


def is_endless(sentence: str, *, longest: int) -> bool:
    """Whether a sentence stutters, or has more words than any that is shown; what follows cannot make it better."""
    return is_babble(sentence) or len(sentence.split()) > longest


def numbers_in(text: str) -> set[float]:
    """The figures of a text; `1,200` and `45.5` are one each."""
    return {token.number for token in tokenise(text) if token.kind == "number"}


def measured_in(text: str, units: Collection[str]) -> set[tuple[float, str]]:
    """The figures of a text that stand beside a unit, each with it; currencies by their code.

    units: stems of those that a catalogue counts in, beside the ones everybody knows.
    """
    tokens = tokenise(text)
    found = set()
    for at, token in enumerate(tokens):
        for beside in (*tokens[at + 1 : at + 2], *tokens[max(at - 1, 0) : at]):
            word = stem(beside.word)
            follows = beside.start > token.start
            if token.kind == "number" and (
                beside.word in CURRENCIES or (follows and (beside.word in UNITS or word in units))
            ):
                found.add((token.number, CURRENCIES.get(beside.word, word).casefold()))
    return found


def stems_in(text: str) -> set[str]:
    """The stems of all words and numbers of a text."""
    return {stem(word) for word in words_of(text)}


def names_in(text: str) -> Iterator[str]:
    """The words that a capital within a sentence marks as names; `I` is none."""
    begins = True
    for token in tokenise(text):
        if token.kind == "mark":
            begins = begins or token.text in '.!?…:"“(\n'
        else:
            if token.kind == "word" and not begins and token.text[0].isupper() and token.word.split("'")[0] != "i":
                yield token.text
            begins = False


def titles_in(text: str, index: CatalogueIndex, *, known: str = "") -> Iterator[str]:
    """The whole titles of two words or more that a text names with their capital, those that `known` has left out."""
    tokens = [token for token in tokenise(text) if token.kind != "mark"]
    words = [token.word.replace("'", "") for token in tokens]
    spoken = f" {' '.join(words_of(known))} "
    for start, token in enumerate(tokens):
        if not token.text[0].isupper() and token.kind != "number":
            continue
        for stop in range(start + 2, min(len(words), start + index.longest_title) + 1):
            key = index.titles.get(tuple(words[start:stop]))
            said = " ".join(words[start:stop])
            if key is not None and key.whole and f" {said} " not in spoken:
                yield text[token.start : tokens[stop - 1].end]


def same_words(text: str) -> str:
    """What two wordings share when only case, marks and spaces differ."""
    return " ".join(words_of(text))


def sentences_of(text: str) -> list[str]:
    """The sentences of a text in order, each once."""
    cutter = Sentences()
    first: dict[str, str] = {}
    for sentence in [*cutter.feed(text), *cutter.finish()]:
        first.setdefault(same_words(sentence), sentence)
    return list(first.values())


def cut(text: str) -> tuple[str, str] | None:
    """The first sentence of a text and the rest, or None while no sentence is known to be over."""
    match = _END.search(text)
    return None if match is None else (text[: match.end()].strip(), text[match.end() :])


@dataclass
class Sentences:
    """Cuts a stream of text into sentences, each handed on as soon as it is whole. rest: the one under way."""

    rest: str = ""

    def feed(self, piece: str) -> list[str]:
        """Take the next piece; returns the sentences it completes, in order."""
        self.rest += piece
        whole: list[str] = []
        while parts := cut(self.rest):
            sentence, self.rest = parts
            if sentence:
                whole.append(sentence)
        return whole

    def finish(self) -> list[str]:
        """The text is over; returns its last sentence, if one was under way."""
        last, self.rest = self.rest.strip(), ""
        return [last] if last else []


ORDINARY = frozenset(
    """a an the this that these those it its they them their there here some any each every all in on at to for from
    with and or but so as by into about up if when while where which who what than then too very quite really just only
    also again now today is are was were be been being has have had do does did will would could should can may might
    must let let's here's there's that's it's they're i i'm i'd i've i'll me my we we've us our you your you'd you've
    you'll you're yourself of well more most much many few several both another other first second third next last
    something anything everything nothing none not no one ones find finds found finding pick picks picked picking chose
    chosen choose choice choices select selected selection selections gather gathered collect collected collection
    bring brought bringing put together set list listed lists line lined lines show shows showing shown suggest suggests
    suggested suggestion suggestions recommend recommends recommended recommending recommendation recommendations offer
    offers share start starts starting begin look looks looking see explore browse check consider try give get got go
    going come comes coming follow follows following below above option options candidate candidates idea ideas match
    matches matching matched fit fits fitting suit suits suited suitable work works meet meets meeting close closest
    near nearest best good great nice lovely wonderful perfect happy glad pleased sure certainly course absolutely
    definitely yes okay ok thanks thank hello hi hey hope hoping enjoy enjoys appeal appeals speak speaks catch eye
    think thought thinking believe feel feels feeling like likes liked love loves loved taste tastes preference
    preferences mind keep keeping kept ask asks asked asking request requested requests wish wished wishes wishing want
    wanted wants search searching searched criteria filter filters need needs needed accord according based reply
    answer answering help helps helping happily might perhaps maybe probably way around right away time wait themed
    item items thing things piece pieces title titles result results kind sort make makes made worth along under over
    within between before after since below less least most at above up down out off without except because why
    reason reasons know known tell told say said remember usual favourite favourites favorite favorites""".split()
)
"""Words that present a choice and claim nothing of the items in it."""

DOMAIN_NOUNS = ITEM_NOUNS - ORDINARY
