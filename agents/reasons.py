"""Whether a reason for an item holds: it cites something true of it, and claims nothing that is not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from agents.claims import ORDINARY, is_endless, is_plain, names_in, numbers_in, supported
from agents.evidence import mentions
from agents.opening import Asked
from agents.state import SlateItem
from memory.preferences import Preference

LONGEST = 60  # words
_BARE = re.compile(r"(?:it|this|that) has(?: [\w-]+){1,2}\W*", re.IGNORECASE)  # "It has pointillist."
NOTHING_ASKED = Asked()
_ASKED_FOR = re.compile(
    r"\b(?:ask(?:ed)?|wish(?:ed)?|look(?:ed|ing)?|search(?:ed|ing)?) for ([^,;.!?]+)|"
    r"\byou want(?:ed)? ([^,;.!?]+)",
    re.IGNORECASE,
)
_YOU_LIKE = re.compile(
    r"\b(?:which|that|what|as|because|since) you (?:like|love|enjoy)|^you (?:like|love|enjoy)", re.IGNORECASE
)


def holds(
    reason: str,
    place: int,
    slate: Sequence[SlateItem],
    preference: Preference,
    views: Mapping[str, str],
    asked: Asked = NOTHING_ASKED,
) -> bool:
    """Whether a reason cites the item's own evidence and claims nothing that only another item, or a taste, has.

    A telling word of another view (of the slate or beyond it) or title, of a fact's value, every figure and every name
    must also stand in this item's own evidence; what it says was asked for must have been, and where it speaks of a
    taste it must name a value that is liked. "It has" one value and no more holds where the item was chosen for that.
    Markup, links, stutter and more than `LONGEST` words never hold.
    """
    if not is_plain(reason) or is_endless(reason, longest=LONGEST):
        return False
    card = slate[place]
    evidence = known_of(card, views)
    own, cited, said = _words(f"{evidence} {card.title}"), _words(evidence), _words(reason)
    if not any(supported(word, cited) for word in said):
        return False
    if _BARE.fullmatch(reason) and not said & _chosen_for(card):
        return False
    titles = [other.title for number, other in enumerate(slate) if number != place]
    foreign = _words(" ".join([*titles, *views.values()])) - own
    names = _words(" ".join(names_in(reason)))
    if foreign & said or names - own or numbers_in(reason) - numbers_in(f"{evidence} {card.title}"):
        return False
    if any(len(re.findall(rf"\b{re.escape(fact.value)}\b", reason, re.IGNORECASE)) > 1 for fact in preference.holding):
        return False  # "you asked for calm, and it has calm"
    if not _rightly_attributed(reason, preference, asked):
        return False
    spoken = " ".join(sorted(own))
    unmet = [
        fact.value for fact in preference.holding if not _words(fact.value) <= own and not mentions(spoken, fact.value)
    ]
    return not any(mentions(reason, value) for value in unmet)


def _rightly_attributed(reason: str, preference: Preference, asked: Asked) -> bool:
    wished = _words(" ".join([*asked.wishes, asked.picture, *(f"{one.said} {one}" for one in asked.filters)]))
    if any(_words(" ".join(what)) - wished for what in _ASKED_FOR.findall(reason)):
        return False
    liked = (_words(fact.value) for fact in preference.holding if fact.polarity in ("like", "must"))
    return not _YOU_LIKE.search(reason) or any(value <= _words(reason) for value in liked)


def _chosen_for(card: SlateItem) -> frozenset[str]:
    """The telling words of what speaks for an item beside what it is."""
    return _words(" ".join(one.text for one in card.citations if one.kind != "summary"))


def known_of(card: SlateItem, views: Mapping[str, str]) -> str:
    """All that is known of an item of the slate: its view and what was cited for it."""
    return " ".join([views.get(card.item_id, ""), *(citation.text for citation in card.citations)])


@lru_cache(maxsize=4096)
def _words(text: str) -> frozenset[str]:
    """The telling words of a text, three letters or more, a plural taken off."""
    found = map(_singular, re.findall(r"[^\W\d_]{3,}", text.casefold()))
    return frozenset(word for word in found if word not in _COMMON)


def _singular(word: str) -> str:
    return word.removesuffix("es").rstrip("s")


_COMMON = frozenset(_singular(word) for word in ORDINARY)
