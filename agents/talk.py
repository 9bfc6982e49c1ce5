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
    is_endless,
    is_plain,
    measured_in,
    names_in,
    numbers_in,
    same_words,
    stems_in,
    supported,
    titles_in,
    unadorned,
)
from agents.evidence import mentions
from agents.opening import speaks_of_taste
from agents.parsing.index import CatalogueIndex
from agents.parsing.lexicon import CURRENCIES, GOOD
from agents.parsing.tokens import stem, tokenise
from agents.wording import MAX_WORDS, fact_line
from memory.preferences import Preference

SENTENCES_KEPT = 5
LONGEST = 60  # words of a sentence
FEW_WORDS = 25  # told of each item where several are meant
_OWN_NAMES = frozenset(stem(word.casefold()) for word in ("Palate", "OK", *CURRENCIES.values()))
_ANSWERING = frozenset(
    """noted note gladly memory catalogue cost price measure measuring wide tall dated date year size called unknown
    information mention detail description describe euro dollar pound from updated taken care""".split()
)
_UNKNOWING = re.compile(
    r"\b(?:do|does|can|could)(?: not|n't|n’t|not) (?:know|say|tell)|\bno idea\b|\bnot (?:sure|known|given)"
)
_ABOUT_ME = re.compile(
    r"\b(?:my tastes?|(?:about|of) me|do i (?:like|love|enjoy|prefer)|know me|remember me|who am i|have you \w+)\b",
    re.IGNORECASE,
)
_ACCEPTS_THANKS = re.compile(r"\byou(?: are|['’]re) (?:very |most )?welcome\b", re.IGNORECASE)
_THANKS = re.compile(
    r"\b(?:than[kx]\w*|thx|tysm|ty|cheers|grateful|appreciat\w+|bless|kind|helpful|help(?:ed|s)|patient)\b",
    re.IGNORECASE,
)
_TURNED_AWAY = NEGATIONS | {"longer", "less"}


@dataclass(frozen=True)
class TalkGround:
    """All that an answer may rest on: the user's message, what is known of their taste, what changed in it, and items.

    waiting: what the user said and did that their taste has not seen yet. asks: whether the message is a question about
    items, whose answer must state nothing else. learns: whether it was feedback or a correction.
    """

    message: str
    preference: Preference
    index: CatalogueIndex
    news: str = ""
    waiting: str = ""
    items: Sequence[ItemFacts] = ()
    asks: bool = False
    learns: bool = False

    @property
    def composes_answer(self) -> bool:
        """Whether attributes of items are in question, so that code alone can answer."""
        return self.asks and any(item.asked or item.lacking for item in self.items)

    def doubt(self, sentence: str) -> str:
        """Why a sentence may not be shown; empty when no figure, value, title or name in it was made up."""
        if not is_plain(sentence):
            return "it holds markup, a link or a control character"
        if is_endless(sentence, longest=LONGEST):
            return "it repeats itself or does not end"
        if _ACCEPTS_THANKS.search(sentence) and not (_THANKS.search(self.message) or _words(self.message) & GOOD):
            return "it answers thanks that nobody gave"
        if len(_words(sentence)) == 1 and _words(sentence) & _TURNED_AWAY:
            return "it denies, and nothing tells what"
        units = {stem(one.spec.unit.casefold()) for one in self.index.measures} - {"", "year"}
        about = [item for item in self.items if item.title.casefold() in sentence.casefold()] or list(self.items)
        known = [f"{item.title} {item.text} {item.reason}" for item in about]
        if not self.asks or speaks_of_taste(sentence):
            known += [self.preference.prose, self.news]
        if not self.asks or _words(sentence) & _TURNED_AWAY:
            known.append(self.message)  # what was asked may be denied, but not affirmed on its own account
        told = " ".join(known)
        if title := next(titles_in(sentence, self.index, known=told), ""):
            return f"it names {title}"
        for item in about:
            sentence = sentence.replace(item.title, "it")
        if unknown := numbers_in(sentence) - numbers_in(told):
            return f"it states {min(unknown):g}"
        if figures := measured_in(sentence, units) - measured_in(told, units):
            return f"it states {min(figures)[0]:g} {min(figures)[1]}"
        if value := self._unknown_value(sentence, stems_in(told)):
            return f"it states {value}"
        return self._doubt_of_question(sentence, stems_in(told)) if self.asks else self._doubt_of_news(sentence)

    def composed(self) -> str:
        """The answer that code can give: from the catalogue, of what was learned, or of what is known."""
        if self.items and self.asks:
            words = MAX_WORDS["summary"] if len(self.items) == 1 else FEW_WORDS
            return "\n".join(item.composed(self.message, words=words) for item in self.items)
        if self.asks:
            return "I can only say what the catalogue says of an item; name one, or ask for a suggestion."
        if self.learns:
            return f"Noted: {self.news}." if self.news else "Noted; what I believe of your taste is as it was."
        if self._wants_taste:
            facts = "; ".join(fact_line(fact) for fact in self.preference.holding)
            known = f"This is what I know: {self.preference.prose or f'{facts}.'}" if facts else ""
            waiting = f"Noted and not weighed yet: {self.waiting}." if self.waiting else ""
            return " ".join(filter(None, [known, waiting]))
        return "Tell me what you are looking for, or ask for a suggestion."

    def is_answered_by(self, sentences: Sequence[str]) -> bool:
        """Whether these tell what is in question: attributes of every item meant, or a taste that is known."""
        if self._wants_taste:
            told = any(mentions(" ".join(sentences), fact.value) for fact in self.preference.holding)
            return told and not self.waiting
        for item in self.items if self.asks else ():
            lines = [line for line in sentences if item.title.casefold() in line.casefold()]
            spoken = " ".join(sentences if len(self.items) == 1 else lines)
            if (item.asked or item.lacking) and not item.is_told_by(spoken):
                return False
        return True

    @property
    def _wants_taste(self) -> bool:
        talks = not self.asks and not self.learns
        known = bool(self.preference.holding or self.waiting)
        return talks and known and _ABOUT_ME.search(self.message) is not None

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
        """An answer about items says of them only what was told of them, in whatever ordinary words."""
        if _UNKNOWING.search(sentence) and any(item.quoted(self.message) for item in self.items):
            return "it says that it does not know what the catalogue tells"
        for token in tokenise(sentence):
            count = NUMBER_WORDS.get(token.word, 1)
            if count not in (1, len(self.items)) and stem(token.word) not in told and str(count) not in told:
                return f"it states {token.text}"
        strangers = (word for name in names_in(sentence) for word in stems_in(name) if word not in told | _OWN_NAMES)
        return next((f"it names {word}" for word in strangers), "") or self._stated_beyond(sentence, told)

    def _stated_beyond(self, sentence: str, told: set[str]) -> str:
        """The first telling word that is neither ordinary nor told nor the name of an attribute or unit."""
        known = told | _ANSWERING | {word for one in self.index.measures for name in one.names for word in name}
        known |= {word for one in self.index.listed for name in one.names for word in name}
        for token in tokenise(sentence):
            word = stem(token.word)
            if token.kind == "word" and token.word not in ORDINARY and not supported(word, known):
                return f"it states {token.text}"
        return ""

    def _doubt_of_news(self, sentence: str) -> str:
        """A taste and what changed in it are told as they are: nothing else was learned, and nothing turned around."""
        told = stems_in(f"{self.message} {self.news} {self.preference.prose}")
        if self.learns and (beyond := self._stated_beyond(sentence, told)):
            return beyond
        changes = [(change.rpartition(": ")[2], _turns_away(change)) for change in self.news.split("; ") if change]
        changed = {value for value, _ in changes}
        held = [(fact.value, fact.polarity in ("dislike", "must_not")) for fact in self.preference.holding]
        for clause in re.split(r"[;,.]", sentence):
            for value, away in [*changes, *(one for one in held if one[0] not in changed)]:
                if mentions(clause, value) and _turns_away(clause) != away:
                    return f"it turns around what is known of {value}"
        return ""


@dataclass
class TalkReader:
    """Turns a streamed answer into what may be shown.

    A sentence is held to its end and shown once, if nothing in it was made up. Where the first one was, or an
    attribute in question is not told, the composed answer stands instead. replaced: why, in words for the trace; empty
    while the model's own answer stands. lost: the model is in a sentence that stutters or is too long to be shown. A
    weak one may go on like that to its last token, so nothing more of it is worth waiting for.
    """

    ground: TalkGround
    text: str = ""
    replaced: str = ""
    lost: bool = False
    remarks: list[str] = field(default_factory=list)
    _cutter: Sentences = field(default_factory=Sentences)
    _held: list[str] = field(default_factory=list)  # checked, and waiting for the attribute in question
    _seen: set[str] = field(default_factory=set)
    _shown: int = 0

    def feed(self, piece: str) -> str:
        """Take the next piece; returns what may be shown of it, often nothing, and nothing once the model is lost."""
        if self.lost:
            return ""
        shown = "".join(self._take(sentence) for sentence in self._cutter.feed(piece))
        begun, _, _ = self._cutter.rest.rpartition(" ")  # the last word may not be whole yet
        if is_endless(begun, longest=LONGEST):
            self.lost = True
            shown += self._take(begun)
        self.text += shown
        return shown

    def finish(self) -> str:
        """The answer is over; returns what is still to be shown."""
        shown = "" if self.lost else "".join(self._take(sentence) for sentence in self._cutter.finish())
        if not self.replaced and not self._shown:
            shown += self._compose("what is in question was not told" if self._held else "nothing was said")
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
        if not self._shown and not self.ground.is_answered_by(self._held):
            return ""
        shown = "".join(one if number == 0 and not self._shown else f" {one}" for number, one in enumerate(self._held))
        self._shown += len(self._held)
        self._held.clear()
        return shown

    def _compose(self, why: str) -> str:
        self.replaced = why
        source = "the catalogue" if self.ground.asks and self.ground.items else "what is known"
        self.remarks.append(f"the answer was composed from {source}: {why}")
        self._held.clear()
        return self.ground.composed()


def _turns_away(text: str) -> bool:
    return bool(_words(text) & _TURNED_AWAY)


def _words(text: str) -> set[str]:
    return {token.word for token in tokenise(text)}
