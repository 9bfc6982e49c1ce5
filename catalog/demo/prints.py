"""The prints of the shop: what its catalogue says of them, and what they truly look like."""

from __future__ import annotations

import random
from dataclasses import dataclass

from catalog.demo.looks import ASPECTS, VALUES, Look
from catalog.items import AttributeSpec, AttributeValue, Item

SEED = 20  # the shop that is installed
COUNT = 600

SCHEMA: tuple[AttributeSpec, ...] = (
    AttributeSpec(name="price", kind="number", label="price", unit="EUR", aliases=("cost",)),
    AttributeSpec(name="width_cm", kind="number", label="size", unit="cm", aliases=("width",)),
    AttributeSpec(name="year", kind="number", label="year", unit="year", aliases=("printed in",)),
    AttributeSpec(name="edition", kind="number", label="edition", unit="prints", aliases=("print run",)),
    AttributeSpec(name="paper", kind="list", label="paper", aliases=("printed on",)),
)
PAPERS: tuple[str, ...] = ("cotton", "washi", "recycled", "bamboo", "hemp", "linen")
WIDTHS_CM: tuple[int, ...] = (20, 30, 40, 50, 60, 70, 90)

# Nothing here may tell what a picture shows: no subject, technique, colour, mood or arrangement.
_OPENINGS: tuple[str, ...] = (
    "Interval", "Postscript", "Rehearsal", "Errand", "Promise", "Overture", "Inventory", "Correspondence", "Prologue",
    "Arrival", "Departure", "Appointment", "Translation", "Recollection", "Conversation", "Apology", "Invitation",
    "Intermission", "Experiment", "Footnote", "Proposal", "Anecdote", "Farewell", "Reunion", "Question", "Answer",
    "Memorandum", "Preface", "Greeting", "Account", "Argument", "Wager", "Secret", "Detour", "Encore", "Souvenir",
    "Riddle", "Variation", "Ritual", "Beginning",
)  # fmt: skip
_ENDINGS: tuple[str, ...] = (
    "for Ada", "for Tomas", "for Ines", "for a stranger", "for two voices", "for later", "for nobody",
    "before breakfast", "before the guests", "before Thursday", "after the letter", "after the holidays",
    "after supper", "after all", "at half past six", "at the usual hour", "at last", "on a Tuesday",
    "on the second attempt", "on the way back", "from memory", "from Lisbon", "from the north", "from an uncle",
    "with a reply", "with music", "without words", "without an ending", "of the neighbours", "of a Sunday",
    "of our twenties", "in three parts", "in translation", "in April", "to be continued", "to the editor",
    "to myself", "and its echo", "and other stories", "and return",
)  # fmt: skip
_MAKERS: tuple[str, ...] = (
    "A retired postman", "A pair of sisters", "A former baker", "A teacher of mathematics", "A travelling musician",
    "A self-taught printer", "A student in her last term", "A nurse", "A translator", "A radio engineer",
    "A clockmaker's daughter", "A workshop's apprentice", "Two old friends", "A librarian", "A choir conductor",
)  # fmt: skip
_PLACES: tuple[str, ...] = (
    "in Ghent", "in Porto", "in Leipzig", "in Kyoto", "in Trieste", "in Oaxaca", "in Tartu", "in Bergen", "in Lyon",
    "in Kraków", "in Valparaíso", "in Busan", "in Galway", "in Thessaloniki", "in Bologna",
)  # fmt: skip
_DOINGS: tuple[str, ...] = (
    "made it during a long strike", "made it in one afternoon", "worked on it for a year", "began it twice",
    "made it as a present and kept it", "made it between two jobs", "finished it on the last day of the lease",
    "made it after a long talk", "owed it to a bet", "made it to try a new press",
)  # fmt: skip
_ASIDES: tuple[str, ...] = (
    "The first proof hung in a kitchen for years.", "It has never been explained.",
    "Some say it is a reply to a letter.", "It travels well and ages better.",
    "The edition was nearly lost in a move.", "Visitors tend to stay with it.", "It was shown once, in a stairwell.",
    "Signed on the back, as always.", "It asks for a second visit.", "The title came last.",
    "Friends argue about it to this day.", "It likes company.",
)  # fmt: skip


@dataclass(frozen=True)
class Print:
    """One print of the shop.

    item: what the catalogue knows, without a picture. look: the truth its picture shows, never written in the item.
    seed: what `draw(look, seed=seed)` needs.
    """

    item: Item
    look: Look
    seed: int


def make_prints(count: int = COUNT, *, seed: int = SEED) -> list[Print]:
    """Invent prints; the values of every aspect occur about equally often. Ids rise from "print-0001".

    The same count and seed give the same prints on every machine. Titles differ from one another.
    """
    rng = random.Random(f"prints {seed}")
    titles = _titles(count, rng)
    columns = [_deck(VALUES[aspect], count, rng) for aspect in ASPECTS]
    looks = [Look(*values) for values in zip(*columns, strict=True)]
    return [
        Print(_item(number, title, rng), look, rng.getrandbits(31))
        for number, (title, look) in enumerate(zip(titles, looks, strict=True), start=1)
    ]


def _deck(values: tuple[str, ...], count: int, rng: random.Random) -> list[str]:
    cards = [values[number % len(values)] for number in range(count)]
    rng.shuffle(cards)
    return cards


def _titles(count: int, rng: random.Random) -> list[str]:
    pairs = [f"{opening} {ending}" for opening in _OPENINGS for ending in _ENDINGS]
    rng.shuffle(pairs)
    rounds = -(-count // len(pairs))
    titles = [pair if not turn else f"{pair}, No. {turn + 1}" for turn in range(rounds) for pair in pairs]
    return titles[:count]


def _item(number: int, title: str, rng: random.Random) -> Item:
    text = f"{rng.choice(_MAKERS)} {rng.choice(_PLACES)} {rng.choice(_DOINGS)}. {rng.choice(_ASIDES)}"
    return Item(item_id=f"print-{number:04d}", title=title, text=text, attributes=_attributes(rng))


def _attributes(rng: random.Random) -> dict[str, AttributeValue]:
    width = rng.choice(WIDTHS_CM)
    edition = rng.choice((10, 15, 20, 25, 30, 40, 50, 60, 75, 100, 120, 150, 200, 250, 300, 500))
    price = 12 + width * rng.uniform(0.5, 1.4) + 900 / (edition + 5) * rng.uniform(0.6, 1.6)
    return {
        "price": float(min(240, max(15, round(price)))),
        "width_cm": float(width),
        "year": float(rng.randint(1960, 2025)),
        "edition": float(edition),
        "paper": tuple(rng.sample(PAPERS, 1 if rng.random() < 0.75 else 2)),
    }
