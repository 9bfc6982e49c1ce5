"""Evidence: what can truly be said for an item, found in what was used and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Protocol

from agents.claims import sentences_of
from agents.state import Citation
from agents.wording import fact_line
from catalog.filters import Filter, passes
from catalog.items import Catalogue, Item
from memory.preferences import Preference

_FACT = re.compile(r"^(?:like|must) ([^:]*): (.*)$")  # as `cite` writes a fact
_LISTED = re.compile(r"[\w ]{1,30}: \S")
_LISTING = re.compile(r"(?:^|(?<=[.;] ))[\w ]{1,30}: ([^.;]+)(?:[.;]|$)")
MOST_SHARED, MOST_LISTED = 4, 3  # values told: in common, of one list
_WORD = re.compile(r"\w+")
_COUNTED = ("None", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Most")
ENOUGH_KEPT = 2  # people, before "kept together" is worth saying
KEPT_TEXTS = 20_000  # whose words are remembered


class KeptBy(Protocol):
    """Counts people; `memory.collaborative.Collaborative` is one."""

    def kept_by(self, history_item: str, candidate: str) -> int:
        """How many people liked both."""
        ...


def cite(
    item: Item, view: str, preference: Preference, wishes: Sequence[str], filters: Sequence[Filter]
) -> tuple[Citation, ...]:
    """The true reasons for an item, strongest first.

    Facts of liking whose value its view or attributes name; the words of wishes that its view names; filters it
    meets; at last its view itself, which always holds.
    """
    known = known_words(item, view)
    facts = [
        Citation("fact", fact.fact_id, fact_line(fact).rsplit(" (", 1)[0])
        for fact in preference.holding
        if fact.polarity in ("like", "must") and mentions(known, fact.value)
    ]
    wished = [Citation("wish", wish, words) for wish in wishes if (words := met_words(known, wish))]
    met = [Citation("filter", condition.attribute, str(condition)) for condition in filters if condition.matches(item)]
    return (*wished, *facts, *met, Citation("summary", item.item_id, view)) if view else (*wished, *facts, *met)


def likeness(view: str, shown: str, usual: Sequence[str]) -> tuple[Citation, ...]:
    """What an item has in common with what the person showed, where that says something.

    view: what is known of the item. shown: what their picture, or the item they pointed at, shows. usual: what is known
    of some items of the catalogue; what most of them have tells nothing. Listed values ("keywords: sci-fi, crime") are
    shared whole or not at all.
    """
    listed = [value for value in _values(shown) if value in _values(view) and not _is_usual(value, usual)]
    if listed:
        return (Citation("picture", "shown", ", ".join(listed[:MOST_SHARED])),)
    telling = list[str]()
    for word in met_words(view, _LISTING.sub("", shown)).casefold().split():
        phrase = f"{telling[-1]} {word}" if telling else word
        if _is_usual(word, usual):
            continue
        if mentions(view, phrase) and mentions(shown, phrase):
            telling[-1:] = [phrase]
        elif word not in telling:
            telling.append(word)
    return (Citation("picture", "shown", ", ".join(telling)),) if telling else ()


def _values(view: str) -> dict[str, None]:
    """The values that a view lists by attribute, in small letters and their order."""
    lists = (match[1].split(",") for match in _LISTING.finditer(view))
    return dict.fromkeys(value for one in lists for value in (part.strip(" .…").casefold() for part in one) if value)


def _is_usual(value: str, usual: Sequence[str]) -> bool:
    return sum(mentions(other, value) for other in usual) * 2 > len(usual)


def neighbours(
    item: Item, liked: Sequence[str], catalogue: Catalogue, collaborative: KeptBy, *, look_at: int = 30
) -> tuple[Citation, ...]:
    """The one liked item whose keepers kept this one most often, where enough people did."""
    counts = [(collaborative.kept_by(liked_id, item.item_id), liked_id) for liked_id in liked[:look_at]]
    people, best = max(counts, default=(0, ""))
    if people < ENOUGH_KEPT or best not in catalogue:
        return ()
    return (Citation("neighbours", best, f"{people} people who liked {catalogue[best].title} liked this too"),)


def plain_reason(citations: Sequence[Citation]) -> str:
    """The evidence as a sentence, for when no model wrote one that holds."""
    told = {
        "fact": "you like {}",
        "wish": "you asked for {}",
        "picture": "in common with what you chose: {}",
        "critique": "{}",
        "filter": "{}",
        "neighbours": "{}",
        "summary": "{}",
    }
    for kind in ("critique", "picture", "wish", "fact", "neighbours", "summary", "filter"):
        texts = list(dict.fromkeys(citation.text for citation in citations if citation.kind == kind))[:2]
        if kind == "fact":
            texts = [_FACT.sub(r"\2 (\1)", text) for text in texts]
        if texts:
            words = _prose(texts[0]) if kind == "summary" else " and ".join(texts)
            sentence = told[kind].format(words)
            return sentence[:1].upper() + sentence[1:].rstrip(".") + "."
    return ""


def _prose(view: str) -> str:
    """The first two sentences of a view, its lists of attributes left out; of nothing but lists their first values."""
    sentences = sentences_of(view)
    prose = [sentence for sentence in sentences if not _LISTED.match(sentence)]
    lists = [", ".join(match[1].split(", ")[:MOST_LISTED]) for match in _LISTING.finditer(view)]
    if not prose and len(lists) > 1:
        return "; ".join(lists[:2])
    return " ".join((prose or sentences)[:2])


def mentions(text: str, value: str) -> bool:
    """Whether the text names the value as whole words, without regard to case or a plural s."""
    first, last, phrase = _named(value)
    words = _words_of(text)
    if not first <= words or last.isdisjoint(words):
        return False
    return phrase is None or phrase.search(text.casefold()) is not None


@lru_cache(maxsize=KEPT_TEXTS)
def _words_of(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


@lru_cache(maxsize=20_000)
def _named(value: str) -> tuple[frozenset[str], frozenset[str], re.Pattern[str] | None]:
    """The words a text must have to name a value, those of which it must have one, and the phrase they must form.

    A single word forms none; nothing names a value without a word.
    """
    words = _WORD.findall(value.casefold())
    if not words:
        return frozenset(), frozenset(), None
    last = frozenset((words[-1], f"{words[-1]}s", f"{words[-1]}es"))
    phrase = re.compile(r"\b" + r"\W+".join(map(re.escape, words)) + r"(?:s|es)?\b") if len(words) > 1 else None
    return frozenset(words[:-1]), last, phrase


def met_words(text: str, wish: str) -> str:
    """The telling words of a wish (three letters or more) that the text names, in their order; empty for none.

    A wish that the text names whole is given whole.
    """
    if mentions(text, wish):
        return wish
    named = _words_of(text)
    return " ".join(word for word, forms in _telling(wish) if not forms.isdisjoint(named))


def shares_met(texts: Sequence[str], wishes: Sequence[str]) -> list[float]:
    """How much of what is wished for each text names, from 0 to 1; every wish counts the same, part of one in part."""
    told = [(wish, [forms for _, forms in _telling(wish)]) for wish in wishes]
    shares = []
    for text in texts:
        named, total = _words_of(text), 0.0
        for wish, telling in told:
            met = len(telling) - sum(map(named.isdisjoint, telling))
            total += met / len(telling) if telling else float(mentions(text, wish))
        shares.append(total / len(wishes) if wishes else 0.0)
    return shares


def short_of(shares: Sequence[float]) -> tuple[str, ...]:
    """What to say of a slate of which some items have all that was asked for and others have not; else nothing.

    shares: of each item, as `shares_met` gives them. Where none has all, its words may only be other ones.
    """
    whole = sum(share >= 1 for share in shares)
    if not 0 < whole < len(shares):
        return ()
    have = "One of these has" if whole == 1 else f"{_COUNTED[min(whole, len(_COUNTED) - 1)]} of these have"
    rest = "the other comes" if len(shares) - whole == 1 else "the others come"
    return (f"{have} all you asked for; {rest} near.",)


def known_words(item: Item, view: str) -> str:
    """All that words about an item are looked for in: its view, and what its attributes say."""
    return _joined(view, tuple(item.attributes.values()))


@lru_cache(maxsize=KEPT_TEXTS)
def _joined(view: str, values: tuple[object, ...]) -> str:
    return " ".join([view, *(" ".join(value) if isinstance(value, tuple) else str(value) for value in values)])


def relaxations(
    filters: Sequence[Filter], catalogue: Catalogue, *, hidden: Collection[str] = frozenset()
) -> tuple[str, ...]:
    """For each condition that alone stands in the way: what giving it up would free, most first, in the user's words.

    Filters that were said in one breath ("the 80s") are given up together. hidden: ids of items that would not be shown
    all the same.
    """
    offers, shown = [], [item for item in catalogue if item.item_id not in hidden]
    for told in dict.fromkeys(as_said(condition) for condition in filters):
        rest = [condition for condition in filters if as_said(condition) != told]
        if free := sum(passes(item, rest) for item in shown):
            offers.append((free, told))
    return tuple(f"without “{told}”: {free}" for free, told in sorted(offers, reverse=True))


def as_said(condition: Filter) -> str:
    """A condition as it was said; one that nobody said, as the trace writes it."""
    return " ".join(condition.said.split()) or str(condition)


@lru_cache(maxsize=4096)
def _telling(wish: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """The words of a wish that say something, each with all that names it."""
    words = (word for word in re.findall(r"\w{3,}", wish) if word.casefold() not in _COMMON)
    return tuple((word, frozenset(form + more for form in _stems(word) for more in ("", "s", "es"))) for word in words)


def _stems(word: str) -> tuple[str, ...]:
    small = word.casefold()
    return small, small.removesuffix("s"), small.removesuffix("es")


_COMMON = frozenset(
    """the and with for that this something from like very more less not but its has have are was movie movies film
    films print prints item items picture pictures anything""".split()
)
