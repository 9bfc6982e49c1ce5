"""Slips in the words that a message turns on: swapped, doubled and dropped letters, and chat spellings."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache

from agents.parsing.lexicon import COMMON_WORDS, NEGATORS, TASTE_VERBS

FEWEST_LETTERS, FEWEST_DROPPED = 4, 6  # of a word with two letters swapped, and of one with a letter too many or few
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
