"""Invented people with tastes, the things they meet, and what their memory makes of it, fold by fold."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from catalog.demo.looks import ASPECTS, VALUES, Look, describe, random_look
from catalog.demo.people import STEEPNESS, THRESHOLD, make_people
from catalog.demo.prints import make_prints
from training.messages import correction, print_wish, recommend
from training.teacher import TaughtEdit, TaughtEvent, TaughtFact, apply_taught, prose_of, teach_edits
from training.words import GENRES, other_text, other_title, other_value

FACTS_READ, RECENT = 24, 5
SHOP_SEEDS = range(100, 106)  # shops whose titles and texts are learned from; the installed one is another
MATTERS = 1.0  # the weight from which a value is worth a memory
Value = tuple[str, str]


@dataclass(frozen=True)
class Thing:
    """An item as training needs it: what it is called, says and shows. values: what its summary names, in order."""

    title: str
    text: str
    summary: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Taste:
    """What someone likes: a weight for each value that matters to them, and how easily they are pleased."""

    weights: dict[Value, float]
    bias: float

    def mattering(self, sign: int) -> list[Value]:
        """The values that are clearly liked (+1) or disliked (-1)."""
        return [value for value, weight in self.weights.items() if weight * sign > MATTERS] or list(self.weights)

    def p_like(self, thing: Thing) -> float:
        """How probably they like it, in (0, 1)."""
        total = self.bias + sum(self.weights.get(value, 0.0) for value in thing.values)
        return 1 / (1 + math.exp(-total))


@dataclass(frozen=True)
class Memory:
    """A person's memory after some folds: the facts that hold, strongest first, and the prose."""

    facts: tuple[TaughtFact, ...] = ()
    prose: str = ""

    @property
    def lines(self) -> list[str]:
        """The facts as prompts show them."""
        return [fact.line for fact in self.facts[:FACTS_READ]]


def look_values(look: Look) -> tuple[Value, ...]:
    """The five values of a look in the order `describe` names them."""
    return tuple((aspect, look.value(aspect)) for aspect in ("style", "subject", "palette", "mood", "composition"))


@cache
def shop_words() -> tuple[tuple[str, str], ...]:
    """Titles and texts of other print shops."""
    prints = [made for seed in SHOP_SEEDS for made in make_prints(seed=seed)]
    return tuple((made.item.title, made.item.text) for made in prints)


def title_and_text(rng: random.Random) -> tuple[str, str]:
    """What an item is called and says: half from print shops, half from anywhere."""
    return rng.choice(shop_words()) if rng.random() < 0.5 else (other_title(rng), other_text(rng))


def print_thing(rng: random.Random, look: Look | None = None) -> Thing:
    """A print with a title and text that say nothing of it."""
    look = look or random_look(rng)
    return Thing(*title_and_text(rng), describe(look), look_values(look))


class Domain:
    """Where a person's things come from: prints, or a small vocabulary of another domain."""

    def __init__(self, rng: random.Random, *, prints: bool) -> None:
        self.prints = prints
        if prints:
            self.values = [(aspect, value) for aspect in ASPECTS for value in VALUES[aspect]]
        else:
            values = [other_value(rng) for _ in range(rng.randint(8, 14))]
            if rng.random() < 0.4:  # as films have it: several values of one aspect
                values += [("genres", rng.choice(GENRES).title()) for _ in range(6)]
            self.values = list(dict.fromkeys(values))

    def thing(self, rng: random.Random, *, with_value: Value | None = None) -> Thing:
        """A random thing; one that bears the value, where one is given."""
        if self.prints:
            look = random_look(rng)
            if with_value is not None:
                fields = {aspect: look.value(aspect) for aspect in ASPECTS} | {with_value[0]: with_value[1]}
                look = Look(**fields)
            return print_thing(rng, look)
        chosen = rng.sample(self.values, min(len(self.values), rng.randint(2, 5)))
        if with_value is not None and with_value not in chosen:
            chosen[rng.randrange(len(chosen))] = with_value
        listed = {aspect: [value for of, value in chosen if of == aspect] for aspect, _ in chosen}
        summary = rng.choice(("; ", ". ")).join(f"{aspect}: {', '.join(values)}" for aspect, values in listed.items())
        in_order = tuple((aspect, value) for aspect, values in listed.items() for value in values)
        return Thing(other_title(rng), other_text(rng), summary, in_order)

    def taste(self, rng: random.Random) -> Taste:
        """A taste over this domain: some values liked, fewer disliked. For prints it is that of a demo person."""
        if self.prints and rng.random() < 0.75:
            [person] = make_people(1, seed=rng.randrange(1000, 10**9))
            truth = rng.choice(person.phases)[1]
            weights = {value: STEEPNESS * weight / truth.spread for value, weight in truth.weights.items()}
            return Taste(weights, -STEEPNESS * THRESHOLD)
        count = rng.randint(3, 8) if self.prints else rng.randint(2, 4)
        chosen = rng.sample(self.values, min(len(self.values) - 1, count + rng.randint(1, 4)))
        weights = {value: rng.uniform(0.7, 2.6) for value in chosen[:count]}
        weights |= {value: -rng.uniform(0.7, 2.6) for value in chosen[count:]}
        return Taste(weights, rng.uniform(-1.6, -0.4))


def event_about(rng: random.Random, thing: Thing, *, liked: bool) -> TaughtEvent:
    """What someone does who likes the thing, or does not."""
    kind = rng.choices(("like", "purchase", "rating", "view"), (5, 2, 2, 1))[0] if liked else rng.choices(
        ("dislike", "rating", "view"), (3, 1, 2)
    )[0]  # fmt: skip
    rating = rng.choice((4.0, 4.5, 5.0) if liked else (0.5, 1.0, 1.5, 2.0, 3.0, 3.5)) if kind == "rating" else None
    return TaughtEvent(kind, thing.title, thing.summary, rating=rating, values=thing.values)


def wish_event(rng: random.Random, domain: Domain) -> TaughtEvent:
    """Something said: a bare phrase, a whole message, a correction, or a picture put into words."""
    match rng.randrange(5):
        case 0 | 1:
            words, values = print_wish(rng)
            if rng.random() < 0.7:
                aspect, value = rng.choice(domain.values) if domain.prints else ("wish", other_value(rng)[1])
                return TaughtEvent("wish", text=value, values=((aspect, value),))
            return TaughtEvent("wish", text=words, values=values)
        case 2:
            message = recommend(rng)
            return TaughtEvent("wish", text=message.text, values=message.values)
        case 3:
            message = correction(rng)
            return TaughtEvent("wish", text=message.text, values=message.values, avoided=message.avoided)
        case _:
            thing = print_thing(rng)
            text = f"something like this picture: {thing.summary}"
            return TaughtEvent("wish", text=text, values=thing.values)


def history(rng: random.Random, domain: Domain, taste: Taste, count: int) -> list[TaughtEvent]:
    """What a person did, oldest first: mostly with things that bear what they like, now and then a wish."""
    events = []
    liked_values, hated_values = taste.mattering(1), taste.mattering(-1)
    for _ in range(count):
        if rng.random() < 0.06:
            events.append(wish_event(rng, domain))
            continue
        for _ in range(8):  # people stay longer with what they like
            chance = rng.random()
            wanted = rng.choice(liked_values) if chance < 0.35 else rng.choice(hated_values) if chance < 0.45 else None
            thing = domain.thing(rng, with_value=wanted)
            if rng.random() < 0.2 + 0.8 * taste.p_like(thing):
                break
        events.append(event_about(rng, thing, liked=rng.random() < taste.p_like(thing)))
    return events


@dataclass(frozen=True)
class FoldStep:
    """One fold as the teacher did it."""

    before: Memory
    block: tuple[TaughtEvent, ...]
    edits: tuple[TaughtEdit, ...]
    prose: str

    @property
    def after(self) -> Memory:
        """The memory it leaves."""
        return Memory(tuple(apply_taught(self.before.facts, self.edits)), self.prose)


def fold(before: Memory, block: Sequence[TaughtEvent]) -> FoldStep:
    """One fold by the teacher's rule."""
    seen = before.facts[:FACTS_READ]
    edits = teach_edits(seen, block)
    return FoldStep(before, tuple(block), tuple(edits), prose_of(seen, edits))


def folds(events: Sequence[TaughtEvent], *, size: int) -> list[FoldStep]:
    """The whole history folded in full blocks, oldest first."""
    memory, steps = Memory(), []
    for start in range(0, len(events) - size + 1, size):
        steps.append(fold(memory, events[start : start + size]))
        memory = steps[-1].after
    return steps


def known_taste(rng: random.Random, taste: Taste, *, whole: bool = False) -> Memory:
    """A memory that has understood the taste: facts for some of its values, or the whole, as strong as they weigh."""
    ranked = sorted(taste.weights.items(), key=lambda pair: -abs(pair[1]))
    ranked = ranked[: FACTS_READ if whole else rng.randint(0, 12)]
    most = max((abs(weight) for _, weight in ranked), default=1.0)
    ranked = [(value, weight) for value, weight in ranked if abs(weight) > 0.12 * most]
    facts = [
        TaughtFact(
            "like" if weight > 0 else "dislike", *value, min(1.0, max(0.1, abs(weight) / most + rng.gauss(0, 0.1)))
        )
        for value, weight in ranked
    ]
    held = sorted(facts, key=lambda fact: (-fact.strength, f"{fact.aspect}:{fact.value}"))
    return Memory(tuple(held), prose_of(held) if held else "")
