"""Slips in the words of a message: swapped, doubled and dropped letters, and chat spellings."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from rapidfuzz.distance import OSA

from agents.parsing.lexicon import COMMON_WORDS, NEGATORS, TASTE_VERBS

FEWEST_LETTERS, FEWEST_DROPPED = 4, 6  # of a word with two letters swapped, and of one with a letter too many or few
SPELLED_BY = 2_000  # summaries whose words are known
CHAT = {
    "luv": "love", "thanx": "thanks", "thx": "thanks", "ty": "thanks", "tysm": "thanks", "pls": "please",
    "plz": "please", "plese": "please", "u": "you", "ur": "your", "sth": "something", "smth": "something",
    "wich": "which", "whats": "what's", "dont": "don't", "cant": "can't", "didnt": "didn't", "doesnt": "doesn't",
    "isnt": "isn't", "wasnt": "wasn't", "im": "i'm", "ive": "i've", "thats": "that's", "theyre": "they're",
    "youre": "you're", "gimme": "give me", "wanna": "want to", "cheeper": "cheaper", "tho": "though",
}  # fmt: skip
_ORDINARY = COMMON_WORDS | NEGATORS | TASTE_VERBS | frozenset(
    """again anything around back behind believe bigger bought bring brighter budget called calmer change cheaper choose
    colour colours comes correction could darker decide describe dislike dropped enough euros everything expensive
    fancy favourite fifth first forget fourth framed friend funny generally given going gone happen happened hanging
    hang help instead keep kind larger leave liked little looking lovely maybe mean middle moment newer never none
    number older other painted people perfect perhaps picture pictures please prefer price print prints question
    quite rather really recommend remember replace same second seen short should show simpler skip smaller sorry
    stop style suggest suggestions surprise swap taste than thank that their them then think third those though
    thought under understand usually want wanted watch watching what which while who with without would your form
    trail three there their here where were""".split()
)  # fmt: skip


def mended(word: str, known: Collection[str]) -> str:
    """A folded word as it was meant: itself where it is ordinary or known, or where nothing ordinary is near.

    known: words that stand for themselves, such as those of a catalogue.
    """
    if word in known or word in _ORDINARY:
        return word
    return CHAT.get(word) or _nearest(word)


@lru_cache(maxsize=16_384)
def _nearest(word: str) -> str:
    """The one ordinary word that is a slip away; the word itself where there is none, or several."""
    found = {slip for slip in _slips(word) if slip in _ORDINARY}
    return found.pop() if len(found) == 1 else word


def _slips(word: str) -> Iterator[str]:
    if len(word) < FEWEST_LETTERS or not word.isalpha():
        return
    for at in range(len(word) - 1):
        yield f"{word[:at]}{word[at + 1]}{word[at]}{word[at + 2 :]}"
        if len(word) > FEWEST_DROPPED and word[at] == word[at + 1]:
            yield word[:at] + word[at + 1 :]
        if len(word) >= FEWEST_DROPPED:
            yield word[: at + 1] + word[at] + word[at + 1 :]


def spelled(request: str, told: Sequence[str]) -> str:
    """The request with words that are one slip from a word of the summaries written as these write it.

    told: all summaries of the catalogue, in small letters. Two letters swapped, or in a word of six letters or more one
    too few or too many; a wrong letter makes another word, a horse of a house.
    """
    shown = _words(tuple(told[:SPELLED_BY]))
    known = COMMON_WORDS | shown
    for word in re.findall(r"[^\W\d_]{5,}", request):
        if word.casefold() in known:
            continue
        near = [one for one in shown if _is_slip(word.casefold(), one)]
        if len(near) == 1:
            request = re.sub(rf"\b{re.escape(word)}\b", near[0], request)
    return request


@lru_cache(maxsize=4)
def _words(told: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word for text in told for word in re.findall(r"[^\W\d_]{5,}", text))


def _is_slip(word: str, meant: str) -> bool:
    """Whether two letters are swapped, or one is too few or too many; "moons" is no slip of "moon"."""
    same = {word, word.removesuffix("s"), word.removesuffix("es")}
    if meant in same or word[0] != meant[0]:
        return False
    return any(
        OSA.distance(one, meant, score_cutoff=1) <= 1
        and (sorted(one) == sorted(meant) or (len(one) != len(meant) and min(len(one), len(meant)) >= FEWEST_DROPPED))
        for one in same
    )
