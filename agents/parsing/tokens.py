"""A message as tokens, and which of them have been understood."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

_TOKEN = re.compile(
    r"""
    (?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+|,\d{1,2}(?!\d))?)
  | (?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*)
  | (?P<mark>[<>]=|[^\w\s]|_)
    """,
    re.VERBOSE,
)
_IRREGULAR = {
    "children": "child",
    "women": "woman",
    "men": "man",
    "people": "person",
    "movies": "movie",
    "series": "series",
}
_KEPT_S = ("ss", "us", "is")


@dataclass(frozen=True)
class Token:
    """A number, a word or a mark, with its place in the message.

    word: folded to lower case without accents, typographic quotes straightened. glued: nothing stands between it and
    the token before.
    """

    kind: Literal["number", "word", "mark"]
    text: str
    word: str
    start: int
    end: int
    glued: bool

    @property
    def number(self) -> float:
        """The value of a number: `1,200.5` is 1200.5 and `2,5` is 2.5."""
        text = self.text
        if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text):
            return float(text.replace(",", ""))
        return float(text.replace(",", "."))


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """Lower case, accents off, typographic apostrophes straight."""
    bare = text.replace("’", "'")
    if not bare.isascii():
        bare = "".join(c for c in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(c))
    return bare.casefold()


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The singular of a folded English word, near enough that both numbers of a noun meet.

    >>> stem("comedies"), stem("boxes"), stem("westerns"), stem("glass")
    ('comedy', 'box', 'western', 'glass')
    """
    word = word.removesuffix("'s").replace("'", "")
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 3 or not word.endswith("s") or word.endswith(_KEPT_S):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + ("ie" if len(word) == 5 else "y")
    if word.endswith(("xes", "ches", "shes", "sses", "zes")):
        return word[:-2]
    return word[:-1]


def words_of(text: str) -> tuple[str, ...]:
    """The folded words and numbers of a text, marks left out: what values and titles are compared by."""
    return tuple(
        fold(match[0]).replace("'", "") for match in _TOKEN.finditer(text.replace("&", " and ")) if not match["mark"]
    )


@lru_cache(maxsize=1024)  # a turn reads the same sentences again and again
def tokenise(message: str) -> tuple[Token, ...]:
    """The message in tokens; spaces and line breaks part them and are kept nowhere."""
    tokens: list[Token] = []
    end = -1
    for match in _TOKEN.finditer(message):
        kind: Literal["number", "word", "mark"] = "number" if match["number"] else "word" if match["word"] else "mark"
        tokens.append(Token(kind, match[0], fold(match[0]), match.start(), match.end(), match.start() == end))
        end = match.end()
    return tuple(tokens)


class Reading:
    """The tokens of one message, and which of them are understood and so taken from the residual.

    Tokens are named by their index; looking beyond either end gives an empty word, never an error.
    """

    def __init__(self, message: str, mend: Callable[[str], str] = str) -> None:
        """mend: a folded word → the word that was meant, as `word` and `words` give it."""
        self.message = message
        self.tokens = tokenise(message)
        self._words = tuple(mend(token.word) for token in self.tokens)
        self.taken: set[int] = set()  # understood, and out of the residual
        self.held: set[int] = set()  # understood, but still wording a model should see: names, places

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def meant(self) -> str:
        """The message with the words that were meant in place of those that were mended."""
        pieces, end = [], 0
        for token, word in zip(self.tokens, self._words, strict=True):
            pieces += [self.message[end : token.start], token.text if token.word == word else word]
            end = token.end
        return "".join([*pieces, self.message[end:]])

    def word(self, at: int) -> str:
        """The folded token there, or an empty text."""
        return self._words[at] if 0 <= at < len(self._words) else ""

    def words(self, start: int, stop: int) -> tuple[str, ...]:
        """The folded tokens from start up to stop."""
        return self._words[max(start, 0) : max(stop, 0)]

    def is_number(self, at: int) -> bool:
        """Whether a number stands there."""
        return 0 <= at < len(self.tokens) and self.tokens[at].kind == "number"

    def free(self, start: int, stop: int) -> bool:
        """Whether nothing between has been understood yet."""
        return not any(at in self.taken or at in self.held for at in range(start, stop))

    def said(self, start: int, stop: int) -> str:
        """The message's own wording from start up to stop."""
        if start >= stop:
            return ""
        return self.message[self.tokens[start].start : self.tokens[stop - 1].end]

    def around(self, start: int, stop: int) -> tuple[str, str]:
        """The message's own wording before start, and from stop on."""
        if start >= stop:
            return self.message, ""
        return self.message[: self.tokens[start].start], self.message[self.tokens[stop - 1].end :]

    def take(self, start: int, stop: int) -> str:
        """Mark as understood and take out of the residual; returns what was said."""
        self.taken.update(range(start, stop))
        return self.said(start, stop)

    def hold(self, start: int, stop: int) -> str:
        """Mark as understood, but leave in the residual; returns what was said."""
        self.held.update(range(start, stop))
        return self.said(start, stop)

    def phrase_at(self, at: int, phrases: Iterable[Sequence[str]]) -> int:
        """The length of the longest of the phrases that stands there, 0 for none."""
        first = self.word(at)
        return max(
            (len(p) for p in phrases if p and p[0] == first and self.words(at, at + len(p)) == tuple(p)), default=0
        )

    def phrase_before(self, at: int, phrases: Iterable[Sequence[str]]) -> int:
        """The length of the longest of the phrases that ends right before, 0 for none."""
        return max((len(p) for p in phrases if at >= len(p) and self.words(at - len(p), at) == tuple(p)), default=0)

    def run_at(self, at: int, length: int) -> tuple[tuple[str, ...], int]:
        """The stems of so many words from here on, hyphens skipped, and the index after the last.

        Fewer when a mark or the end comes first; nothing when no word stands here.
        """
        stems: list[str] = []
        stop = at
        if at < 0:
            return (), stop
        while at < len(self) and len(stems) < length:
            token = self.tokens[at]
            if token.kind == "mark":
                if token.word != "-" or not stems or not token.glued:
                    break
            else:
                stems.append(stem(token.word))
                stop = at + 1
            at += 1
        return tuple(stems), stop

    def clause_start(self, at: int, marks: Collection[str] = (".", "!", "?", ";", ",", "but")) -> int:
        """Where the clause around a token begins: right after the closing mark before it, or 0."""
        while at > 0 and self.word(at - 1) not in marks:
            at -= 1
        return at

    def residual(self) -> str:
        """The message without what was taken, tidied of orphaned marks and of joints that join nothing."""
        if not self.taken:
            return self.message.strip()
        pieces: list[str] = []
        for at, token in enumerate(self.tokens):
            if at in self.taken:
                continue
            spaced = pieces and not (token.glued and at - 1 not in self.taken)
            pieces.append((" " if spaced else "") + token.text)
        return _tidy("".join(pieces))


_ORPHANS = re.compile(r"\s+([,.;:!?])")
_JOINTS = r"(?:and|or|but|with|from|for|in|of|on|at|a|an|the|by|with a|that is|which is)"


def _tidy(text: str) -> str:
    text = _ORPHANS.sub(r"\1", text)
    text = re.sub(r"([,;:])(?:\s*[,;:])+", r"\1", text)
    text = re.sub(rf"(?:(?:^|[\s,;:]+){_JOINTS})+(?=\s*(?:[,.;:!?]|$))", "", text, flags=re.IGNORECASE)
    text = re.sub(r"^(?:[\s,;:.!?]|(?:and|or|but)\b)+", "", text, flags=re.IGNORECASE)
    text = re.sub(r"[\s,;:]+$", "", text)
    return re.sub(r"\s{2,}", " ", text).strip()
