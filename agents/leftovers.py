"""What a request names and no wish took up, though pictures of the catalogue show it: nothing asked for is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agents.parsing.lexicon import COMMON_WORDS
from agents.parsing.negation import turned_away
from agents.parsing.tokens import stem

LONGEST_PHRASE = 3  # words
FEWEST, MOST = 2, 0.5  # summaries that show a thing, and the share of all from which on it tells nothing
_JOINED = re.compile(r"(?=\b([^\W\d_]+) (?:and|or|&) ([^\W\d_]+)\b)")
_OPEN_WORDS = frozenset("and or with the for from one ones that this some any all".split())


def left_over(request: str, wishes: Sequence[str], told: Sequence[str]) -> tuple[str, ...]:
    """The phrases of a request that no wish names and some summaries do, in their order, the longest ones whole.

    told: all summaries of the catalogue, in small letters; without any nothing is known to be shown. What the request
    turns away from is not wished for.
    """
    words, taken = re.findall(r"[^\W\d_]+", request.casefold()), set[int]()
    named = {stem(word) for wish in wishes for word in re.findall(r"[^\W\d_]+", wish.casefold())}
    found = dict[int, str]()
    for start, phrase in _phrases(words):
        places = set(range(start, start + len(phrase)))
        if places & taken or all(stem(word) in named for word in phrase):
            continue
        if (shown := _shown(phrase, told)) and not turned_away(request, shown):
            taken |= places
            found[start] = shown
    return tuple(found[start] for start in sorted(found))


def named_beside(request: str, wishes: Sequence[str]) -> tuple[str, ...]:
    """What a request names in one breath with a wish and no wish took up: the birds of "birds and gardens".

    Only where "and" or "or" joins two names of one word each; what the request turns away from is not wished for.
    """
    named = {stem(word) for wish in wishes for word in re.findall(r"[^\W\d_]+", wish.casefold())}
    found = dict[str, None]()
    for left, right in _JOINED.findall(request.casefold()):
        for one, other in ((left, right), (right, left)):
            new = stem(one) not in named and one not in COMMON_WORDS and len(one) > 2
            if new and stem(other) in named and not turned_away(request, one):
                found[one] = None
    return tuple(found)


def _phrases(words: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Runs of words with where they begin, the longest first: words that have weight, perhaps with an "and" between."""
    for length in range(LONGEST_PHRASE, 0, -1):
        for start in range(len(words) - length + 1):
            phrase = tuple(words[start : start + length])
            heavy = [len(word) > 2 and word not in _OPEN_WORDS for word in phrase]
            if (
                heavy[0]
                and heavy[-1]
                and all(is_heavy or word == "and" for is_heavy, word in zip(heavy, phrase, strict=True))
            ):
                yield start, phrase


def _shown(phrase: tuple[str, ...], told: Sequence[str]) -> str:
    """The phrase as summaries write it, where a few do and not most; empty otherwise."""
    for last in dict.fromkeys((phrase[-1], stem(phrase[-1]), phrase[-1].removesuffix("s"))):
        written = " ".join((*phrase[:-1], last))
        pattern = re.compile(rf"\b{re.escape(written)}\b")
        near = [text for text in told if written in text]  # many times as quick as the pattern
        if FEWEST <= sum(bool(pattern.search(text)) for text in near) <= MOST * len(told):
            return written
    return ""
