"""Reading a model's reply as it comes: a sentence or a line is shown when it is whole and was checked, never before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.claims import NUMBER_WORDS, cut, numbers_in, same_words, sentences_of, unadorned
from agents.evidence import plain_reason
from agents.opening import LONGEST, Asked, OpeningGround
from agents.reasons import holds, known_of
from agents.state import SlateItem
from agents.wording import MAX_WORDS, one_line
from memory.preferences import Preference

SENTENCES_KEPT = 2  # of an opening
NOTHING_KNOWN = "Nothing more is known of it."
_ENDED = re.compile(r"""[.!?…:]["”'’)]*$""")
_REORDERED = "the model wrote the items in another order than the slate has"
_NUMBERED = re.compile(r"^\s*(?:[-*•]\s+)?\**(\d{1,3})[.):]\**\s*(\S.*)$", re.DOTALL)
_MAYBE_LISTED = re.compile(r"^\s*(?:[-*•]\s*)?\**\d{0,3}[.):]?\**\s*$")
_BULLET = re.compile(r"^\s*[-*•]\s+")
_NEXT_ITEM = re.compile(r"\s+(?=\**\d{1,3}[.)]\**\s)")
_AFTER_TITLE = re.compile(r"""^["”'’*]*\s*[:–—|-]+\s*""")


@dataclass
class ReplyReader:
    """Turns a streamed reply into what may be shown: an opening, then every item of the slate once and in its order.

    A sentence of the opening is held to its end, or to `LONGEST` words, and shown if all it says is known to be true;
    the first that is not gives way to a plain one, and ends the opening. A line of the list is held until it is whole
    and its predecessors were shown; it is told under the item's own title, with the model's reason where it holds, else
    with the bare evidence. What is written twice is shown once; what comes after the list is left out.
    views: item id → all that is known of it; of the slate, and of all else a reason must not borrow from.
    reasons: place, from 0 → what is said of the item there. rewritten: how many reasons are the bare evidence.
    remarks: what else was changed, in words for the trace.
    """

    slate: Sequence[SlateItem]
    preference: Preference
    views: Mapping[str, str]
    asked: Asked = field(default_factory=Asked)
    reasons: dict[int, str] = field(default_factory=dict)
    rewritten: int = 0
    remarks: list[str] = field(default_factory=list)
    text: str = ""
    _buffer: str = ""
    _said: list[str] = field(default_factory=list)  # the sentences of the opening that were shown
    _opened: bool = False  # the opening is over
    _skips: bool = False  # what is left of the line under way is not shown
    _told: int = 0  # items shown

    def __post_init__(self) -> None:
        self._titles = [one_line(card.title) for card in self.slate]
        known = [known_of(card, self.views) for card in self.slate]
        self._ground = OpeningGround(self._titles, known, self.preference, self.asked)

    def feed(self, piece: str) -> str:
        """Take the next piece; returns what may be shown of it, often nothing."""
        self._buffer += piece
        shown = ""
        while "\n" in self._buffer:
            line, _, self._buffer = self._buffer.partition("\n")
            shown += self._end_line(line)
        shown += self._go_on()
        self.text += shown
        return shown

    def finish(self) -> str:
        """The reply is over; returns what is still to be shown: items the model left out come with their evidence."""
        line, self._buffer = self._buffer, ""
        shown = self._end_line(line)
        missing = [place for place in range(len(self.slate)) if place not in self.reasons]
        if missing:
            self.remarks.append(f"left out by the model: {'; '.join(self._titles[place] for place in missing)}")
        for place in missing:
            self._give(place, "")
        shown += self._due()
        self.text = (self.text + shown).strip()
        return shown

    def _go_on(self) -> str:
        """What may be shown of the line under way: sentences of the opening that are whole."""
        shown = ""
        while not (self._opened or self._skips or self._may_be_listed(self._buffer)):
            if (parts := cut(self._buffer)) is not None:
                sentence, self._buffer = parts
                shown += self._offer(sentence)
            elif len(self._buffer.split()) > LONGEST:
                shown += self._offer(self._buffer)
                self._skips = True
            else:
                break
        return shown

    def _end_line(self, line: str) -> str:
        if self._skips:
            self._skips = False
            return ""
        shown = ""
        for part in self._parts(line):
            listed, place, reason = self._placed(part)
            if not listed:
                shown += self._opening(part)
                continue
            self._opened = True
            if place is not None and place not in self.reasons:
                if place != len(self.reasons) and _REORDERED not in self.remarks:
                    self.remarks.append(_REORDERED)
                self._give(place, reason)
        return shown + self._due()

    def _parts(self, line: str) -> list[str]:
        """The line, parted where items of the list follow one another in it."""
        parts: list[str] = []
        for part in _NEXT_ITEM.split(line):
            if parts and self._placed(part)[1] is None:
                parts[-1] += f" {part}"
            else:
                parts.append(part)
        return parts

    def _opening(self, text: str) -> str:
        shown = ""
        while parts := cut(text):
            sentence, text = parts
            shown += self._offer(sentence)
        return shown + self._offer(text)

    def _offer(self, sentence: str) -> str:
        """The sentence as it may be shown in the opening, often nothing."""
        sentence = unadorned(sentence)
        if self._opened or not same_words(sentence) or same_words(sentence) in self._said:
            return ""
        if doubt := self._ground.doubt(sentence):
            self.remarks.append(f"a sentence of the opening gave way: {doubt}")
            return self._say_plainly()
        lead = " " if self._said else ""
        self._said.append(same_words(sentence))
        self._opened = len(self._said) >= SENTENCES_KEPT
        return f"{lead}{sentence}" if _ENDED.search(sentence) else f"{lead}{sentence.rstrip(' ,;-–—')}."

    def _say_plainly(self) -> str:
        """The plain opening, after which there is no other; nothing where how many there are was said already."""
        self._opened, plain = True, self._ground.plain()
        if any(NUMBER_WORDS.keys() & said.split() or numbers_in(said) for said in self._said):
            return ""
        self._said.append(same_words(plain))
        return plain if len(self._said) == 1 else f" {plain}"

    def _may_be_listed(self, line: str) -> bool:
        """Whether a line under way is an item of the list, or may yet become one."""
        if _MAYBE_LISTED.match(line) or _NUMBERED.match(line) or _BULLET.match(line):
            return True
        begun = unadorned(line).casefold()
        return any(title.casefold().startswith(begun) or begun.startswith(title.casefold()) for title in self._titles)

    def _placed(self, line: str) -> tuple[bool, int | None, str]:
        """Whether the line belongs to the list, the place of the item it is about, and its reason.

        Its title decides; its number only where it names none.
        """
        match = _NUMBERED.match(line)
        number = int(match[1]) - 1 if match else -1
        body = unadorned(match[2] if match else _BULLET.sub("", line))
        listed = match is not None or _BULLET.match(line) is not None
        order = sorted(range(len(self.slate)), key=lambda place: (place != number, place in self.reasons, place))
        for place in sorted(order, key=lambda place: -len(self._titles[place])):
            if (reason := _after(body, self._titles[place], strict=not listed)) is not None:
                return True, place, reason
        named, colon, rest = body.partition(":")
        if listed and colon:
            alike = [place for place in order if _alike(named, self._titles[place])]
            return True, (alike[0] if alike else None), rest.strip()
        return listed, (number if 0 <= number < len(self.slate) else None), body

    def _give(self, place: int, reason: str) -> None:
        card, reason = self.slate[place], " ".join(sentences_of(reason))
        if not holds(reason, place, self.slate, self.preference, self.views, self.asked):
            reason, self.rewritten = plain_reason(card.citations) or NOTHING_KNOWN, self.rewritten + 1
        self.reasons[place] = one_line(reason[:1].upper() + reason[1:])

    def _due(self) -> str:
        """The items whose turn it is: those in hand up to the first that is not."""
        shown = ""
        while self._told in self.reasons:
            if self._told == 0:
                shown += ("" if self._said else self._say_plainly()) + "\n"
            shown += f"{self._told + 1}. {self._titles[self._told]}: {self.reasons[self._told]}\n"
            self._told += 1
        return shown


def _after(body: str, title: str, *, strict: bool) -> str | None:
    """What follows the title that a line begins with; None when it begins with another.

    strict: a colon or a dash must part the two.
    """
    for begin in dict.fromkeys([title, one_line(title, words=MAX_WORDS["title"])]):
        bare = body.lstrip('"“*')
        rest = bare[len(begin) :]
        if bare.casefold().startswith(begin.casefold()) and not rest[:1].isalnum():
            parted = _AFTER_TITLE.match(rest)
            if parted or not strict:
                return rest[parted.end() :].strip() if parted else rest.strip(' "”*')
    return None


def _alike(named: str, title: str) -> bool:
    from rapidfuzz import fuzz

    return fuzz.ratio(named.casefold().strip(' *"“”'), title.casefold()) >= 85
