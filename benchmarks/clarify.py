"""Clarify or recommend: how much more of the next slate people like after one question than without it.

Prints one JSON object. In the demo shop, on the demo profile, people whose taste is known from how they were drawn, and
whom the shop has never met, ask for something without saying what. Every question the shop could ask is put to all of
them; each answers truly, with the option whose prints they like best on average, or lets itself be surprised where that
is none of them. `liked` is the mean probability, by the truth, that they like a print of the slate they are then shown;
`without` the same of the slate that comes without a question. `gained` is the difference with its 95 % interval over
people, `raised` the share of them whose slate got better. `expected` is the share by which the product expects what is
liked to rise, from the likings in the shop's log; `decided` the share of the candidates that an answer decides.
`threshold` is the least `expected` from which on every question is worth asking: its interval lies above `--worth`.
`--home` keeps the prepared shop between runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agents.clarify import Question
    from agents.context import TurnContext
    from catalog.demo.people import Person
    from graphs.session import Session

PEOPLE, SEED, DAY = 400, 23, 0.0
OPEN_REQUEST = "Recommend something, please."
WORTH = 0.02  # of the slate liked, below which a question is not worth a turn

Truth = Callable[["Person", str], float]


@dataclass(frozen=True)
class Put:
    """A question, with the slate that follows each of its options and the items that each option stands for.

    lift: the share by which the product expects an answer to raise what is liked.
    """

    question: Question
    lift: float
    slates: Mapping[str, Sequence[str]]
    meant: Mapping[str, Sequence[str]]


async def slate_after(session: Session, user_id: str, message: str) -> list[str]:
    """The ids shown to somebody new who says this."""
    from agents.events import TurnDone

    shown: list[str] = []
    async for event in session.ask(user_id, message):
        if isinstance(event, TurnDone):
            shown = [card.item_id for card in event.result.slate]
    return shown


async def put(session: Session, question: Question, number: int, context: TurnContext) -> Put:
    """Answer a question in each way, as somebody new each time."""
    from agents.clarify import expected_lift, stands_for

    start, slates = time.time_ns(), {}
    for place, option in enumerate(question.options):
        slates[option] = await slate_after(session, f"clarify-{start}-{number}-{place}", option)
    views = session.services.items.summaries(session.catalogue.name, list(session.catalogue))
    items, lift = list(session.catalogue), expected_lift(question, context)
    meant = {option: stands_for(option, items, views, session.catalogue) for option in question.options}
    return Put(question, lift, slates, meant)


def figures(asked: Put, people: Sequence[Person], truth: Truth, without: Sequence[str], all_ids: Sequence[str]) -> Any:
    """What one question comes to over all people."""
    from evaluation.metrics import estimate

    differences, liked = [], []
    for person in people:

        def mean(ids: Sequence[str], person: Person = person) -> float:
            return sum(truth(person, item_id) for item_id in ids) / len(ids) if ids else 0.0

        best = max(asked.meant, key=lambda option: mean(asked.meant[option]))
        chosen = asked.slates[best] if mean(asked.meant[best]) > mean(all_ids) else without
        liked.append(mean(chosen))
        differences.append(mean(chosen) - mean(without))
    gained = estimate(differences)
    return {
        "question": asked.question.text,
        "decided": round(asked.question.gain, 3),
        "expected": round(asked.lift, 3),
        "liked": round(sum(liked) / len(liked), 3),
        "gained": [round(one, 3) for one in (gained.mean, gained.low, gained.high)],
        "raised": round(sum(one > 0 for one in differences) / len(differences), 3),
    }


async def measure(home: Path, count: int, worth: float, settings: Sequence[str]) -> dict[str, Any]:
    """Every question the shop could ask a newcomer, put to everyone."""
    from agents.clarify import LOOKED_AT, questions
    from catalog.demo.people import make_people, p_like
    from catalog.demo.prints import make_prints
    from graphs.describing import summarize_catalogue
    from graphs.services import Services
    from graphs.session import Session
    from graphs.setup import install_demo
    from profiles.settings import load_profile
    from tracing.recorder import Recorder

    given = dict(pair.split("=", 1) for pair in settings) | {"stores.home": str(home), "recommend.clarify": "1"}
    services = Services.open(load_profile("demo", given, {}).profile)
    install_demo(services)
    await summarize_catalogue(services, services.catalogue("demo"))
    session, prints = Session(services, "demo"), {one.item.item_id: one for one in make_prints()}
    people = make_people(count, seed=SEED)
    known = {
        (person.user_id, item_id): p_like(person, one, DAY) for person in people for item_id, one in prints.items()
    }
    catalogue, context = session.catalogue, services.turn_context("demo", Recorder(None))
    items = list(catalogue)[:: max(1, len(catalogue) // LOOKED_AT)][:LOOKED_AT]
    found = questions(items, services.items.summaries(catalogue.name, items), catalogue)
    without = await slate_after(session, f"clarify-{time.time_ns()}", OPEN_REQUEST)

    def truth(person: Person, item_id: str) -> float:
        return known[person.user_id, item_id]

    told = [
        figures(await put(session, one, number, context), people, truth, without, list(prints))
        for number, one in enumerate(found)
    ]
    await session.aclose()
    told.sort(key=lambda one: -one["expected"])
    shown = [sum(truth(person, item_id) for item_id in without) / len(without) for person in people]
    threshold = next((one["expected"] for one in reversed(told) if _all_worth(told, one["expected"], worth)), None)
    return {
        "benchmark": "clarify",
        "people": count,
        "without": round(sum(shown) / len(shown), 3),
        "worth": worth,
        "threshold": threshold,
        "questions": told,
    }


def _all_worth(told: Sequence[Mapping[str, Any]], expected: float, worth: float) -> bool:
    return all(one["gained"][1] > worth for one in told if one["expected"] >= expected)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--worth", type=float, default=WORTH)
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="KEY=VALUE")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        told = asyncio.run(measure(asked.home or Path(scratch), asked.people, asked.worth, asked.settings))
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
