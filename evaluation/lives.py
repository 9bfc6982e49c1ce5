"""Simulated people with long histories and a true taste known at every moment: what gauges of memory compare with."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from catalog.demo.looks import describe
from catalog.demo.people import OPENED, Event, Person, Trait, history, make_people, p_like
from catalog.demo.prints import SCHEMA, Print, make_prints
from catalog.items import Item
from graphs.services import Services
from graphs.setup import store_catalogue
from memory.interactions import Interaction
from memory.item_index import ItemSummary

CATALOGUE = "simulated"
TRUE = 0.5  # the least weight of a value, for or against, that counts as a part of a taste; the others are near 0
SEED = 424_242  # other people and prints than any that are shipped or trained on
_PRINTS, _CANDIDATES, _TRIED = 900, 20, 60


@dataclass(frozen=True)
class Life:
    """One person and all they did, oldest first. offered: prints they never met, with whether they would like each.

    shift: the first day of their one change of heart and the day it is over, None for someone who stays as they are.
    """

    person: Person
    events: Sequence[Event]
    offered: Sequence[tuple[Print, bool]]
    shift: tuple[float, float] | None

    def day(self, events: int) -> float:
        """The day since the opening of the last of so many events."""
        return (self.events[events - 1].at - OPENED).total_seconds() / 86_400

    def truth(self, day: float) -> dict[Trait, bool]:
        """(aspect, value) → whether it is liked, for all that makes up the taste on that day."""
        weights = self.person.taste_at(day).weights
        return {trait: weight > 0 for trait, weight in weights.items() if abs(weight) >= TRUE}

    @property
    def heart(self) -> tuple[Trait, Trait] | None:
        """What they fell out of love with and what took its place; None for someone who stays as they are."""
        if self.shift is None:
            return None
        before, after = self.person.phases[0][1].weights, self.person.phases[-1][1].weights
        change = {trait: after[trait] - before[trait] for trait in before}
        return min(change, key=lambda trait: change[trait]), max(change, key=lambda trait: change[trait])


@dataclass(frozen=True)
class Shop:
    """The prints of the simulation and the people in it."""

    prints: Sequence[Print]
    lives: Sequence[Life]

    def install(self, services: Services) -> None:
        """Keep the prints, each with the description a perfect summarizer would write."""
        items: list[Item] = [made.item for made in self.prints]
        store_catalogue(services, CATALOGUE, SCHEMA, items, [])
        at = datetime(2026, 1, 1, tzinfo=UTC)
        services.items.put_summaries(
            CATALOGUE,
            [
                (made.item, ItemSummary(text=describe(made.look), model="simulator", prompt="simulator", at=at))
                for made in self.prints
            ],
        )

    def live(self, services: Services, first: int, last: int) -> None:
        """Let everyone do the events from number `first`, counted from 0, up to but not including `last`."""
        services.log.append(
            [
                Interaction(
                    user_id=life.person.user_id,
                    catalogue=CATALOGUE,
                    kind=event.kind,
                    item_id=event.item_id,
                    value=event.value,
                    at=event.at,
                    source=f"import:{CATALOGUE}",
                    key=f"{CATALOGUE}:{number}",
                )
                for life in self.lives
                for number, event in list(enumerate(life.events))[first:last]
            ]
        )


def make_shop(people: int, events: int, *, seed: int = SEED) -> Shop:
    """Half of the people keep their taste, half change their heart once; each does exactly that many events."""
    prints = make_prints(max(_PRINTS, 2 * events + _CANDIDATES), seed=seed)
    steady, moved = _chosen(people - people // 2, 1, seed), _chosen(people // 2, 5, seed)
    return Shop(prints, [life_of(person, prints, events, seed) for person in (*steady, *moved)])


def _chosen(count: int, phases: int, seed: int) -> Iterator[Person]:
    """People whose taste has that many phases: 1 for a steady one, 5 for one change of heart in four small steps."""
    found = (one for one in make_people(count * _TRIED, seed=seed) if len(one.phases) == phases)
    return (next(found) for _ in range(count))


def life_of(person: Person, prints: Sequence[Print], events: int, seed: int) -> Life:
    """What somebody does in a shop, so many events, and some prints they never meet."""
    done = history(person, prints, seed=seed, events=events)
    rng, met = random.Random(f"offered {seed} {person.user_id}"), {event.item_id for event in done}
    offered = rng.sample([made for made in prints if made.item.item_id not in met], _CANDIDATES)
    day = (done[-1].at - OPENED).days
    shift = (person.phases[1][0], person.phases[-1][0]) if len(person.phases) > 1 else None
    return Life(person, done, [(made, rng.random() < p_like(person, made, day)) for made in offered], shift)
