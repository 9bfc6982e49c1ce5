"""Reading a model's reply as it comes: its opening passes on at once, each item's line only after it was checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.evidence import mentions, plain_reason
from agents.state import SlateItem
from memory.preferences import Preference

_NUMBERED = re.compile(r"^\s*\**(\d+)[.)]\s*(.+)$")
_MAYBE_NUMBERED = re.compile(r"^\s*\**\d*[.)]?\s*$")


@dataclass
class ReplyReader:
    """Turns a streamed reply into what may be shown.

    The model writes an opening and one numbered line per item. The opening streams on as it is. A numbered line is held
    until it is whole: a reason that holds is shown under the item's own title, one that does not is replaced by the
    bare evidence (`rewritten` counts these). What comes after the list is left out.
    views: item id → what models read about it; of the slate, and of all else a reason must not borrow from.
    """

    slate: Sequence[SlateItem]
    preference: Preference
    views: Mapping[str, str]
    reasons: dict[int, str] = field(default_factory=dict)
    rewritten: int = 0
    text: str = ""
    _line: str = ""
    _told: int = 0  # characters of the line under way that were passed on already

    def feed(self, piece: str) -> str:
        """Take the next piece; returns what may be shown of it, often nothing."""
        shown = ""
        for part in re.split(r"(\n)", piece):
            shown += self._end_line() if part == "\n" else self._go_on(part)
        self.text += shown
        return shown

    def finish(self) -> str:
        """The reply is over; returns what is still to be shown: items the model left out come with their evidence."""
        shown = self._end_line()
        for place in range(len(self.slate)):
            if place not in self.reasons:
                shown += self._item(place, "")
        self.text = (self.text + shown).strip()
        return shown

    def _go_on(self, part: str) -> str:
        self._line += part
        if self.reasons or _NUMBERED.match(self._line) or _MAYBE_NUMBERED.match(self._line):
            return ""  # a line of the list, or what may become one
        shown, self._told = self._line[self._told :], len(self._line)
        return shown

    def _end_line(self) -> str:
        line, told = self._line, self._told
        self._line, self._told = "", 0
        match = _NUMBERED.match(line)
        if match is None:
            return "" if self.reasons or not line.strip() else line[told:] + "\n"
        place = int(match[1]) - 1
        if not 0 <= place < len(self.slate) or place in self.reasons:
            return ""
        return self._item(place, _reason(match[2], self.slate[place].title))

    def _item(self, place: int, reason: str) -> str:
        card = self.slate[place]
        if not holds(reason, place, self.slate, self.preference, self.views):
            reason, self.rewritten = plain_reason(card.citations), self.rewritten + 1
        reason = reason[:1].upper() + reason[1:]
        self.reasons[place] = reason
        return f"{place + 1}. {card.title}: {reason}\n"


def holds(
    reason: str, place: int, slate: Sequence[SlateItem], preference: Preference, views: Mapping[str, str]
) -> bool:
    """Whether a reason claims nothing that only another item, or a taste this item does not meet, has.

    A telling word of another view (of the slate or beyond it) or title, or of a fact's value, must also stand in this
    item's own evidence.
    """
    if not reason.strip():
        return False
    own = _words(" ".join([*(citation.text for citation in slate[place].citations), slate[place].title]))
    own |= _words(views.get(slate[place].item_id, ""))
    titles = [card.title for number, card in enumerate(slate) if number != place]
    foreign = _words(" ".join([*titles, *views.values()])) - own
    if foreign & _words(reason):
        return False
    spoken = " ".join(sorted(own))
    unmet = [
        fact.value for fact in preference.holding if not _words(fact.value) <= own and not mentions(spoken, fact.value)
    ]
    return not any(mentions(reason, value) for value in unmet)


def _reason(line: str, title: str) -> str:
    """What a numbered line says after its title; nothing when it names another title."""
    if line.casefold().startswith(title.casefold()):
        return line[len(title) :].lstrip(" :*–—-").strip()
    named, colon, rest = line.partition(":")
    return line.strip() if not colon else rest.strip() if _alike(named, title) else ""


def _alike(named: str, title: str) -> bool:
    from rapidfuzz import fuzz

    return fuzz.ratio(named.casefold().strip(' *"“”'), title.casefold()) >= 85


def _words(text: str) -> set[str]:
    """The telling words of a text, three letters or more, a plural taken off."""
    words = (word.removesuffix("es").rstrip("s") for word in re.findall(r"[^\W\d_]{3,}", text.casefold()))
    return {word for word in words if word not in _COMMON}


_COMMON = frozenset(
    (
        "the and with for that thi something from like very more les not but it ha have are wa you your ask asked want "
        "wanted show liked love loved suit fit one here what which because also too will would enjoy"
    ).split()
)
