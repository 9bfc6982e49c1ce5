"""Reading an answer as it comes: a sentence is shown when it is whole and all it states was told to the model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from agents.answers import ItemFacts
from agents.claims import (
    NEGATIONS,
    NUMBER_WORDS,
    ORDINARY,
    Sentences,
    is_babble,
    is_plain,
    names_in,
    numbers_in,
    same_words,
    stems_in,
    titles_in,
    unadorned,
)
from agents.evidence import mentions
from agents.opening import speaks_of_taste
from agents.parsing.index import CatalogueIndex
from agents.parsing.lexicon import CURRENCIES
from agents.parsing.tokens import stem, tokenise
from agents.wording import MAX_WORDS
from memory.preferences import Preference

SENTENCES_KEPT = 5
LONGEST = 60  # words of a sentence
FEW_WORDS = 25  # told of each item where several are meant
_NO_NAMES = frozenset(stem(word) for word in ("Palate", "Hello", "OK", *CURRENCIES.values()))
_TURNED_AWAY = NEGATIONS | {"longer", "less"}


@dataclass(frozen=True)
class TalkGround:
    """All that an answer may rest on: the user's message, what is known of their taste, what changed in it, and items.

    others: what is known of items that are not meant, whose words must not be borrowed. asks: whether the message is a
    question about items, whose answer must state nothing else. learns: whether it was feedback or a correction.
    """

    message: str
    preference: Preference
    index: CatalogueIndex
    news: str = ""
    items: Sequence[ItemFacts] = ()
    others: Sequence[str] = ()
    asks: bool = False
    learns: bool = False

    @property
    def composes_answer(self) -> bool:
        """Whether an attribute of items is in question, so that only telling it is an answer, and code alone can."""
        return self.asks and any(item.asked or item.lacking for item in self.items)

    def doubt(self, sentence: str) -> str:
        """Why a sentence may not be shown; empty when no figure, value, title or name in it was made up."""
        if not is_plain(sentence):
            return "it holds markup, a link or a control character"
        if is_babble(sentence) or len(sentence.split()) > LONGEST:
            return "it repeats itself or does not end"
        about = [item for item in self.items if item.title.casefold() in sentence.casefold()] or list(self.items)
        known = [f"{item.title} {item.text}" for item in about]
        if not self.asks or speaks_of_taste(sentence):
            known += [self.preference.prose, self.news]
        if not self.asks or _words(sentence) & _TURNED_AWAY:
            known.append(self.message)  # what was asked may be denied, but not affirmed on its own account
        told = " ".join(known)
        if title := next(titles_in(sentence, self.index, known=told), ""):
            return f"it names {title}"
        for item in about:
            sentence = sentence.replace(item.title, "it")
        if figures := numbers_in(sentence) - numbers_in(told):
            return f"it states {min(figures):g}"
        if value := self._unknown_value(sentence, stems_in(told)):
            return f"it states {value}"
        return self._doubt_of_question(sentence, stems_in(told)) if self.asks else self._doubt_of_news(sentence)

    def composed(self) -> str:
        """The answer that code can give: from the catalogue, of what was learned, or of what is known."""
        if self.items and self.asks:
            words = MAX_WORDS["summary"] if len(self.items) == 1 else FEW_WORDS
            return "\n".join(item.composed(words=words) for item in self.items)
        if self.asks:
            return "I can only say what the catalogue says of an item; name one, or ask for a suggestion."
        if self.learns:
            return f"Noted: {self.news}." if self.news else "Noted; what I believe of your taste is as it was."
        if self.preference.prose and re.search(r"\b(my tastes?|about me|do i like|know me|remember)\b", self._folded):
            return f"This is what I know: {self.preference.prose}"
        return "Tell me what you are looking for, or ask for a suggestion."

    @property
    def _folded(self) -> str:
        return self.message.casefold()

    def _unknown_value(self, sentence: str, told: set[str]) -> str:
        """A value of the catalogue, or of a fact once held, that the sentence names and nobody told."""
        stems = [stem(token.word) for token in tokenise(sentence) if token.kind != "mark"]
        for at in range(len(stems)):
            for length in (3, 2, 1):
                key = tuple(stems[at : at + length])
                values = [value for value in self.index.values.get(key, ()) if length > 1 or not value.listed.open]
                if len(key) == length and values and not set(key) <= told | ORDINARY:
                    return values[0].text
        facts = (fact.value for fact in self.preference.facts)
        return next((value for value in facts if mentions(sentence, value) and not stems_in(value) <= told), "")

    def _doubt_of_question(self, sentence: str, told: set[str]) -> str:
        """Figures in words, names and what only other items show are not for an answer about these items."""
        for token in tokenise(sentence):
            count = NUMBER_WORDS.get(token.word, 1)
            if count not in (1, len(self.items)) and stem(token.word) not in told and str(count) not in told:
                return f"it states {token.text}"
        names = {stem(name.casefold()) for name in names_in(sentence)}
        if strangers := names - told - {name.casefold() for name in _NO_NAMES}:
            return f"it names {min(strangers)}"
        ordinary = {stem(word) for word in ORDINARY}
        borrowed = (stems_in(sentence) & stems_in(" ".join(self.others))) - told - ordinary
        return f"it states {min(borrowed)}" if {word for word in borrowed if len(word) > 2} else ""

    def _doubt_of_news(self, sentence: str) -> str:
        """A change of taste must not be told the other way round."""
        for clause in re.split(r"[;,]", sentence):
            for change in self.news.split("; "):
                value = change.rpartition(": ")[2]
                words, told = _words(clause), _words(change)
                if mentions(clause, value) and bool(words & _TURNED_AWAY) != bool(told & _TURNED_AWAY):
                    return f"it turns around what was learned of {value}"
        return ""


@dataclass
class TalkReader:
    """Turns a streamed answer into what may be shown.

    A sentence is held to its end and shown once, if nothing in it was made up. Where the first one was, or an
    attribute in question is not told, the composed answer stands instead. replaced: why, in words for the trace; empty
    while the model's own answer stands.
    """

    ground: TalkGround
    text: str = ""
    replaced: str = ""
    remarks: list[str] = field(default_factory=list)
    _cutter: Sentences = field(default_factory=Sentences)
    _held: list[str] = field(default_factory=list)  # checked, and waiting for the attribute in question
    _seen: set[str] = field(default_factory=set)
    _shown: int = 0

    def feed(self, piece: str) -> str:
        """Take the next piece; returns what may be shown of it, often nothing."""
        shown = "".join(self._take(sentence) for sentence in self._cutter.feed(piece))
        self.text += shown
        return shown

    def finish(self) -> str:
        """The answer is over; returns what is still to be shown."""
        shown = "".join(self._take(sentence) for sentence in self._cutter.finish())
        if not self.replaced and not self._shown:
            unsaid = "the attribute in question was not told" if self.ground.composes_answer else "nothing was said"
            shown += self._compose(unsaid)
        self.text = (self.text + shown).strip()
        return shown

    def _take(self, sentence: str) -> str:
        sentence = unadorned(sentence)
        key = same_words(sentence)
        if self.replaced or not key or key in self._seen or self._shown + len(self._held) >= SENTENCES_KEPT:
            return ""
        self._seen.add(key)
        if doubt := self.ground.doubt(sentence):
            if not self._shown:
                return self._compose(doubt)
            self.remarks.append(f"a sentence was left out: {doubt}")
            return ""
        self._held.append(sentence)
        if not self._shown and not self._answered():
            return ""
        shown = "".join(one if number == 0 and not self._shown else f" {one}" for number, one in enumerate(self._held))
        self._shown += len(self._held)
        self._held.clear()
        return shown

    def _answered(self) -> bool:
        """Whether what is held tells every attribute in question, of every item in the sentences that name it."""
        if not self.ground.composes_answer:
            return True
        for item in self.ground.items:
            lines = [line for line in self._held if item.title.casefold() in line.casefold()]
            spoken = " ".join(self._held if len(self.ground.items) == 1 else lines)
            if (item.asked or item.lacking) and not item.is_told_by(spoken):
                return False
        return True

    def _compose(self, why: str) -> str:
        self.replaced = why
        source = "the catalogue" if self.ground.asks and self.ground.items else "what is known"
        self.remarks.append(f"the answer was composed from {source}: {why}")
        self._held.clear()
        return self.ground.composed()


def _words(text: str) -> set[str]:
    return {token.word for token in tokenise(text)}
