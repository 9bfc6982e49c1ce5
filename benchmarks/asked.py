"""Who asks for something in words: how many of the prints shown are that, where the shop has enough of them.

Prints one JSON object. In the demo shop, on the demo profile, drawn requests name one or two things that prints show
(`Something calm, in deep blue.`), as people without a history and as some whose long history speaks of another taste;
some ask in words that no summary uses (`Something serene.`), and some say the second thing a turn later. What a print
truly shows is known from how it was drawn, and never told to the product. `met`: of the places that could hold a print
with everything asked for, those that do. `first`: how often the print shown first is one. `--home` keeps the prepared
shop between runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from catalog.demo.looks import Look
    from graphs.session import Session
    from memory.interactions import InteractionKind

SEED = 11
NAMED: Mapping[str, tuple[str, ...]] = {
    "subject": ("I would like {a} {it}.", "Do you have {a} {it}?", "Show me {a} {it}, please."),
    "style": ("Something in {it}.", "Any {it} prints?"),
    "palette": ("Something in {it}.", "Do you have anything in {it}?"),
    "mood": ("Something {it}, please.", "I want a {it} print."),
}
BOTH: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("mood", "palette"): ("Something {0} in {1}.", "A {0} print for my study, in {1}."),
    ("subject", "palette"): ("A {0} in {1}, please.", "Show me a {0}, in {1}."),
    ("subject", "mood"): ("I would like a {0}, and {1}.", "A {1} {0}, please."),
    ("style", "mood"): ("A {1} {0}.", "Some {0}, {1} if you can."),
}
OTHER_WORDS: Mapping[str, tuple[str, str]] = {  # what no print is said to be → what is meant by it
    "cheerful": ("mood", "joyful"),
    "melancholy": ("mood", "gloomy"),
    "peaceful": ("mood", "calm"),
    "serene": ("mood", "calm"),
    "surreal": ("mood", "dreamy"),
    "theatrical": ("mood", "dramatic"),
    "with a kitten": ("subject", "cat"),
    "with a toadstool": ("subject", "mushroom"),
    "for a cyclist": ("subject", "bicycle"),
    "with a yacht": ("subject", "sailing boat"),
    "from a desert plant": ("subject", "cactus"),
    "for someone who loves the rain": ("subject", "umbrella"),
    "monochrome": ("palette", "black and white"),
    "fluorescent": ("palette", "neon"),
    "sketched with a pen": ("style", "line drawing"),
    "made of many dots": ("style", "pointillist"),
}
LATER: Mapping[str, str] = {
    "palette": "More like that, in {}.",
    "mood": "And now more {}.",
    "style": "The same, but as {}.",
}


@dataclass(frozen=True)
class Request:
    """What is said, turn by turn, and what is meant: aspect → value. kind: what sort of request."""

    kind: str
    said: tuple[str, ...]
    meant: Mapping[str, str]


@dataclass(frozen=True)
class Answered:
    """places: of the slate that could hold what was meant. met: those that do. first: whether the first place does."""

    kind: str
    places: int
    met: int
    first: bool


def requests(count: int, rng: random.Random) -> list[Request]:
    """So many of each kind: one thing named, two at once, one in other words, and two one after the other."""
    from catalog.demo.looks import VALUES

    made = []
    for _ in range(count):
        aspect = rng.choice(list(NAMED))
        value = rng.choice(VALUES[aspect])
        article = "an" if value[0] in "aeiou" else "a"
        said = rng.choice(NAMED[aspect]).format(it=value, a=article)
        made.append(Request("one", (said,), {aspect: value}))
        pair = rng.choice(list(BOTH))
        values = [rng.choice(VALUES[aspect]) for aspect in pair]
        said = rng.choice(BOTH[pair]).format(*values)
        made.append(Request("two", (said,), dict(zip(pair, values, strict=True))))
        words = rng.choice(list(OTHER_WORDS))
        aspect, value = OTHER_WORDS[words]
        made.append(Request("in other words", (f"Something {words}, please.",), {aspect: value}))
        then = rng.choice(list(LATER))
        before = rng.choice([aspect for aspect in ("mood", "palette") if aspect != then])
        first, second = rng.choice(VALUES[before]), rng.choice(VALUES[then])
        turns = (rng.choice(NAMED[before]).format(it=first, a="a"), LATER[then].format(second))
        made.append(Request("one, then another", turns, {before: first, then: second}))
    return made


async def ask(session: Session, user_id: str, request: Request, looks: Mapping[str, Look]) -> Answered:
    """Hold the conversation, and look at what its last turn shows. Prints of earlier turns are not shown again."""
    from agents.events import TurnDone

    thread: str | None = None
    shown: list[str] = []
    seen: set[str] = set()
    for message in request.said:
        seen |= set(shown)
        async for event in session.ask(user_id, message, thread_id=thread):
            if isinstance(event, TurnDone):
                thread, shown = event.result.thread_id, [card.item_id for card in event.result.slate]
    kinds: tuple[InteractionKind, ...] = ("like", "dislike", "rating", "purchase")
    gone = seen | session.services.log.item_ids(user_id, session.catalogue.name, kinds)

    def fits(item_id: str) -> bool:
        return all(looks[item_id].value(aspect) == value for aspect, value in request.meant.items())

    there = sum(fits(item_id) for item_id in looks if item_id not in gone)
    places = min(there, session.services.profile.recommend.slate)
    return Answered(request.kind, places, sum(map(fits, shown)), bool(shown) and fits(shown[0]))


async def measure(home: Path, count: int, settings: Sequence[str]) -> dict[str, list[Answered]]:
    """Every request as somebody new and as somebody known: who → what came of it."""
    from catalog.demo.people import make_people
    from catalog.demo.prints import make_prints
    from graphs.describing import summarize_catalogue
    from graphs.services import Services
    from graphs.session import Session
    from graphs.setup import install_demo
    from profiles.settings import load_profile

    given = dict(pair.split("=", 1) for pair in settings)
    services = Services.open(load_profile("demo", {**given, "stores.home": str(home)}, {}).profile)
    install_demo(services)
    await summarize_catalogue(services, services.catalogue("demo"))
    session, rng, start = Session(services, "demo"), random.Random(SEED), time.time_ns()
    looks = {one.item.item_id: one.look for one in make_prints()}
    known = [person.user_id for person in rng.sample(make_people(), count * 4)]
    answered: dict[str, list[Answered]] = {"new": [], "known": []}
    for number, request in enumerate(requests(count, rng)):
        for who, user_id in (("new", f"asks-{start}-{number}"), ("known", known[number])):
            answered[who].append(await ask(session, user_id, request, looks))
    await session.aclose()
    return answered


def report(answered: Mapping[str, Sequence[Answered]]) -> dict[str, Any]:
    """The figures, by who asks and by kind of request; requests for what the shop does not have are left out."""
    told: dict[str, Any] = {"benchmark": "asked"}
    for who, found in answered.items():
        possible = [one for one in found if one.places]
        told[who] = {"requests": len(possible)} | {
            kind: {
                "met": round(sum(one.met for one in own) / sum(one.places for one in own), 3),
                "first": round(sum(one.first for one in own) / len(own), 3),
            }
            for kind in ("one", "two", "in other words", "one, then another")
            if (own := [one for one in possible if one.kind == kind])
        }
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--count", type=int, default=12, help="requests of each kind")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="KEY=VALUE")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        answered = asyncio.run(measure(asked.home or Path(scratch), asked.count, asked.settings))
    print(json.dumps(report(answered), indent=2))


if __name__ == "__main__":
    main()
