"""What people may write about a catalogue: known wordings, filled with its own titles and words.

The product's parser reads every message first, as in chat. What it is certain of no model is ever asked, so it is no
example; nor is a message that the parser reads as something else than was meant.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agents.claims import ORDINARY
from agents.intents import certain_intent
from agents.parsing import Parsed, parse
from agents.parsing.negation import turned_away
from agents.state import Intent
from agents.wishes import own_words, wish_text
from catalog.items import Catalogue, Item
from training import phrases

LONGEST_WISH = 3  # words
SHOWN = (3, 5)  # items of a slate
_BETWEEN = re.compile(
    r"[^\w\s]+|\b(?:and|or|of|in|on|with|by|from|to|for|at|under|over|a|an|the|its|is|are)\b", re.IGNORECASE
)
_BLANK = re.compile(r"\{(\w)\}")
_FILLED = frozenset("wvotnk")  # what can be said of any catalogue
_ORDINALS = ("first", "second", "third", "last")
_WORDINGS: dict[Intent, tuple[tuple[str, ...], ...]] = {
    "recommend": (phrases.ASK, phrases.ASK, phrases.ASK_OPEN),
    "critique": (phrases.CRITIQUE, phrases.CRITIQUE_AWAY, phrases.COMPARED),
    "feedback": (phrases.FEEDBACK,),
    "question": (phrases.QUESTION,),
    "correct_taste": (phrases.FOR, phrases.AGAINST),
    "small_talk": (phrases.SMALL_TALK,),
}


@dataclass(frozen=True)
class Message:
    """A message as someone may write it. wishes: its soft wishes in its own words. shown: ids of the last slate."""

    text: str
    intent: Intent
    wishes: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()

    def read_by(self, catalogue: Catalogue) -> Parsed:
        """What the parser makes of it."""
        return parse(self.text, catalogue, shown=self.shown)


def wish_phrases(item: Item, text: str) -> list[str]:
    """Runs of one to three telling words in what is said of an item, in order, each once: what one might wish for.

    Names and the words of its title are left out: no wish for the item itself is a soft wish.
    """
    title = set(re.findall(r"\w+", item.title.casefold()))
    found: dict[str, None] = {}
    for sentence in re.split(r"[.!?;\n]+", text):
        said = sentence.rpartition(":")[2].strip()  # a name before it is that of an attribute
        for number, clause in enumerate(_BETWEEN.split(said)):
            words = clause.split() if number else _uncapitalised(clause).split()
            if 0 < len(words) <= LONGEST_WISH and all(_telling(word) and word not in title for word in words):
                found.setdefault(" ".join(words))
    return list(found)


def _uncapitalised(clause: str) -> str:
    """The clause that begins a sentence, or what stands before its first word, with that word's capital taken off."""
    return clause[:1].casefold() + clause[1:]


def _telling(word: str) -> bool:
    return len(word) > 2 and word.isalpha() and word.islower() and word not in ORDINARY


def messages(catalogue: Catalogue, views: dict[str, str], count: int, rng: random.Random) -> Iterator[Message]:
    """As many messages of evenly drawn intents as `count`, fewer where the parser reads them otherwise.

    views: item id → what is known of it, of every item that may be spoken of.
    """
    wishes = {item_id: found for item_id in views if (found := wish_phrases(catalogue[item_id], views[item_id]))}
    if not wishes:
        return
    intents = sorted(_WORDINGS)
    for number in range(count):
        message = _message(catalogue, list(views), wishes, intents[number % len(intents)], rng)
        if certain_intent(message.read_by(catalogue), has_upload=False) in (None, message.intent):
            yield message


def asks_intent(message: Message, catalogue: Catalogue) -> bool:
    """Whether a model is asked what this message wants: the parser alone is not sure."""
    return certain_intent(message.read_by(catalogue), has_upload=False) is None


def soft_wishes(message: Message, catalogue: Catalogue) -> tuple[str, tuple[str, ...]] | None:
    """What a model is asked to find wishes in, and those that are in it; None where no model is asked."""
    rest = wish_text(message.read_by(catalogue).residual)
    if not rest or message.intent not in ("recommend", "critique"):
        return None
    kept = own_words([wish for wish in message.wishes if not turned_away(message.text, wish)], rest)
    return rest, kept


def _message(
    catalogue: Catalogue, item_ids: Sequence[str], wishes: dict[str, list[str]], intent: Intent, rng: random.Random
) -> Message:
    wordings = [one for one in rng.choice(_WORDINGS[intent]) if set(_BLANK.findall(one)) <= _FILLED]
    template = rng.choice(wordings)
    compared = template in phrases.COMPARED
    one = rng.choice(wishes[rng.choice(list(wishes))])
    other = next((wish for _ in range(9) if (wish := rng.choice(wishes[rng.choice(list(wishes))])) != one), "the usual")
    wanted = rng.choice(phrases.COMPARATIVES) if compared else one
    shown = tuple(rng.sample(item_ids, min(len(item_ids), rng.randint(*SHOWN))))
    if intent == "recommend" and rng.random() < 0.5:
        shown = ()
    fill = {
        "w": wanted,
        "v": wanted,
        "o": other,
        "t": catalogue[rng.choice(shown or item_ids)].title,
        "n": str(rng.randint(1, max(1, len(shown)))),
        "k": rng.choice(_ORDINALS),
    }
    text = _BLANK.sub(lambda blank: fill[blank[1]], template)
    wished = intent in ("recommend", "critique") and template not in phrases.CRITIQUE_AWAY
    named = {"w", "v"} & set(_BLANK.findall(template))
    return Message(text, intent, (wanted,) if wished and named else (), shown)
