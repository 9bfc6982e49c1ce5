"""Simulated people: what they truly like, how it drifts, and what they did in the shop."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from catalog.demo.looks import ASPECTS, VALUES, Look
from catalog.demo.prints import Print

SEED = 7  # the people who are installed
COUNT = 2000
DAYS = 360  # how long the shop has been open
OPENED = datetime(2025, 1, 6, 8, tzinfo=UTC)

EventKind = Literal["view", "like", "dislike", "purchase", "rating"]
Trait = tuple[str, str]  # aspect, value

# how many values of an aspect a person truly likes and dislikes, fewest and most
_LIKED = {"subject": (2, 3), "style": (1, 2), "palette": (1, 1), "mood": (1, 1), "composition": (0, 0)}
_DISLIKED = {"subject": (1, 2), "style": (1, 1), "palette": (1, 1), "mood": (0, 1), "composition": (0, 0)}
_INDIFFERENCE = 0.03  # the deviation of the weights of all other values
STEEPNESS, THRESHOLD = 5.0, 0.42  # of p over a standardized score; chosen so that about a third of the prints is liked
_FEWEST, _MORE = 16, 65  # events of a history, and how many there may be beyond
_CURIOSITY = 0.4  # the share of prints that people stay with before they know whether they like them


@dataclass(frozen=True)
class Taste:
    """What someone likes at one moment: a weight for every value of every aspect, 0 on average within an aspect.

    spread: the standard deviation of the sum of weights over all looks; above 0.
    """

    weights: Mapping[Trait, float]
    spread: float

    def score(self, look: Look) -> float:
        """How well a look suits, in standard deviations above the average look."""
        weights = self.weights
        total = (
            weights["subject", look.subject]
            + weights["style", look.style]
            + weights["palette", look.palette]
            + weights["mood", look.mood]
            + weights["composition", look.composition]
        )
        return total / self.spread


@dataclass(frozen=True)
class Person:
    """Someone with a taste that drifts.

    phases: (first day, taste) in order of days, the first from day 0. thrift: how much a price weighs, 0 to 0.35.
    """

    user_id: str
    phases: tuple[tuple[int, Taste], ...]
    thrift: float

    def taste_at(self, day: float) -> Taste:
        """The taste on that day since the opening; the last taste stays."""
        return next((taste for first, taste in reversed(self.phases) if first <= day), self.phases[0][1])


@dataclass(frozen=True)
class Event:
    """One thing a person did about one print. value: 1 to 5 for a rating, else None. at: in UTC."""

    item_id: str
    kind: EventKind
    value: float | None
    at: datetime


def make_people(count: int = COUNT, *, seed: int = SEED) -> list[Person]:
    """Invent people "p0001", "p0002" …; the same seed gives the same people, whatever the count."""
    return [_person(f"p{number:04d}", random.Random(f"person {seed} {number}")) for number in range(1, count + 1)]


def p_like(person: Person, print_: Print, day: float) -> float:
    """The truth: the probability that the person likes the print on that day."""
    return _chance(person.taste_at(day), person.thrift, print_)


def _chance(taste: Taste, thrift: float, print_: Print) -> float:
    price = print_.item.attributes["price"]
    dearness = (price - 80) / 60 if isinstance(price, int | float) else 0.0
    return 1 / (1 + math.exp(thrift * dearness - STEEPNESS * (taste.score(print_.look) - THRESHOLD)))


def top_truths(person: Person, day: float, k: int) -> list[tuple[Literal["like", "dislike"], str, str]]:
    """The k values that weigh most on that day as (polarity, aspect, value), heaviest first; ties in aspect order."""
    weights = person.taste_at(day).weights
    heaviest = sorted(weights, key=lambda trait: -abs(weights[trait]))[:k]
    return [("like" if weights[trait] > 0 else "dislike", *trait) for trait in heaviest]


def history(person: Person, prints: Sequence[Print], *, seed: int = SEED, events: int | None = None) -> list[Event]:
    """What the person did in the shop: 16 to 80 events, or as many as asked for, oldest first, no print twice.

    People meet popular prints more often, and stay longer with what they like. Fewer events only when the shop has
    fewer prints than that.
    """
    rng = random.Random(f"history {seed} {person.user_id}")
    usual = _FEWEST + int(_MORE * rng.random() ** 2)
    wanted = min(usual if events is None else events, len(prints))
    first = rng.uniform(0, DAYS * 0.6)
    days = sorted(rng.uniform(first, DAYS) for _ in range(wanted))
    chances, seen, done = _popularity(len(prints)), set[str](), list[Event]()
    for day in days:
        met = _meet(person, prints, chances, seen, day, rng)
        seen.add(met.item.item_id)
        kind, value = _react(rng.random() < p_like(person, met, day), rng)
        done.append(Event(met.item.item_id, kind, value, OPENED + timedelta(seconds=round(day * 86_400))))
    return done


def _meet(
    person: Person, prints: Sequence[Print], chances: Sequence[float], seen: set[str], day: float, rng: random.Random
) -> Print:
    taste = person.taste_at(day)
    for _ in range(60):
        place = bisect_right(chances, rng.random() * chances[-1])
        met = prints[min(place, len(prints) - 1)]
        if met.item.item_id not in seen and rng.random() < _CURIOSITY + (1 - _CURIOSITY) * _chance(
            taste, person.thrift, met
        ):
            return met
    return rng.choice([met for met in prints if met.item.item_id not in seen])


def _react(liked: bool, rng: random.Random) -> tuple[EventKind, float | None]:
    chance = rng.random()
    if liked:
        if chance < 0.5:
            return "like", None
        if chance < 0.65:
            return "purchase", None
        return ("rating", float(rng.choice((4, 5, 5)))) if chance < 0.85 else ("view", None)
    if chance < 0.4:
        return "dislike", None
    return ("rating", float(rng.choice((1, 2, 2, 3)))) if chance < 0.6 else ("view", None)


def _popularity(count: int) -> list[float]:
    """Running sums of a long tail over the prints' places, the same for everyone."""
    ranks = list(range(count))
    random.Random(f"popularity {count}").shuffle(ranks)
    total, sums = 0.0, []
    for rank in ranks:
        total += (rank + 6) ** -0.8
        sums.append(total)
    return sums


def _person(user_id: str, rng: random.Random) -> Person:
    weights: dict[Trait, float] = {
        (aspect, value): rng.gauss(0, _INDIFFERENCE) for aspect in ASPECTS for value in VALUES[aspect]
    }
    likes, dislikes = list[Trait](), list[Trait]()
    for aspect in ASPECTS:
        liked, disliked = rng.randint(*_LIKED[aspect]), rng.randint(*_DISLIKED[aspect])
        chosen = rng.sample(VALUES[aspect], liked + disliked)
        likes += [(aspect, value) for value in chosen[:liked]]
        dislikes += [(aspect, value) for value in chosen[liked:]]
    weights.update({trait: rng.uniform(0.9, 1.6) for trait in likes})
    weights.update({trait: -rng.uniform(0.9, 1.6) for trait in dislikes})
    for trait in (rng.choice(likes), rng.choice(dislikes)):  # what they would never doubt
        weights[trait] *= 1.6
    return Person(user_id, _drift(weights, likes, rng), round(rng.uniform(0, 0.35), 3))


def _drift(weights: dict[Trait, float], likes: list[Trait], rng: random.Random) -> tuple[tuple[int, Taste], ...]:
    """Up to three changes of heart, each a fading like and a growing one of the same aspect, over some twenty days."""
    phases = [(0, _taste(weights))]
    moments = sorted(rng.sample(range(40, DAYS - 40, 40), rng.choice((0, 1, 1, 2, 2, 3))))
    for moment in moments:
        old = rng.choice([trait for trait in likes if weights[trait] > 0.5])
        new = rng.choice([(old[0], value) for value in VALUES[old[0]] if (old[0], value) not in likes])
        likes = [*(trait for trait in likes if trait != old), new]
        fading, growing, before, after = weights[old], weights[new], rng.uniform(-0.4, 0.1), rng.uniform(1.0, 2.0)
        for step in range(1, 5):
            weights = dict(weights)
            weights[old] = fading + (before - fading) * step / 4
            weights[new] = growing + (after - growing) * step / 4
            phases.append((moment + 6 * step, _taste(weights)))
    return tuple(phases)


def _taste(weights: Mapping[Trait, float]) -> Taste:
    centred: dict[Trait, float] = {}
    variance = 0.0
    for aspect in ASPECTS:
        own = [weights[aspect, value] for value in VALUES[aspect]]
        mean = sum(own) / len(own)
        variance += sum((weight - mean) ** 2 for weight in own) / len(own)
        centred.update({(aspect, value): weights[aspect, value] - mean for value in VALUES[aspect]})
    return Taste(centred, math.sqrt(variance))
