"""Invented people with tastes, the things they meet, and what their memory makes of it, fold by fold."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from agents.commonness import Commonness
from agents.folding import Fold, checked_edits
from agents.recurrence import FACTS_SHOWN, next_version
from catalog.demo.looks import ASPECTS, VALUES, Look, describe, random_look
from catalog.demo.people import STEEPNESS, THRESHOLD, make_people
from catalog.demo.prints import make_prints
from memory.preferences import Fact, Preference, fact_id_of
from training.messages import correction, print_wish, recommend
from training.teacher import TaughtEvent, prose_of, teach_edits
from training.words import GENRES, other_text, other_title, other_value

RECENT, PROSE_WORDS = 5, 60  # as the demo profile has them
LOST = 1 / 8  # of the edits of a fold that goes wrong
LOOKED_AT = 100  # things of a domain, to tell how common a value is
SHOP_SEEDS = range(100, 106)  # shops whose titles and texts are learned from; the installed one is another
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
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


@cache
def _of_prints() -> Commonness:
    """How common values are among prints: the same for every shop."""
    return Commonness()


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
        self._own = random.Random(rng.random())
        self._commonness = _of_prints() if prints else Commonness()

    def shown(self, value: str) -> float:
        """The share of its things that show a value, in (0, 1), counted as the product counts a catalogue."""
        return self._commonness.share(value, lambda: [self.thing(self._own).summary for _ in range(LOOKED_AT)])

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
    """One fold as the teacher answers it. before, after: what the memory held; after is the product's doing."""

    before: Preference
    block: tuple[TaughtEvent, ...]
    answer: Fold
    after: Preference


def fold(before: Preference, block: Sequence[TaughtEvent], shown: Callable[[str], float]) -> FoldStep:
    """One fold: the teacher's answer, and the version that the product makes of it.

    Of the edits of the rule only those are taught that the product finds ground for: a title may name a value, too.
    shown: the share of the domain that shows a value, as `Domain.shown`.
    """
    seen, read = before.holding[:FACTS_SHOWN], numbered(before, block)
    ruled = Fold.model_construct(edits=teach_edits(seen, block), prose="")
    held = {(one.fact_id, one.polarity) for one in checked_edits(ruled, [*read.values()], [*read], before.facts)}
    edits = tuple(
        edit for edit in ruled.edits if (fact_id_of(edit.polarity, edit.aspect, edit.value), edit.polarity) in held
    )
    answer = Fold(edits=edits, prose=prose_of(seen, edits))
    return FoldStep(before, tuple(block), answer, folded(before, answer, block, shown))


def folded(before: Preference, answer: Fold, block: Sequence[TaughtEvent], shown: Callable[[str], float]) -> Preference:
    """What the product makes of an answer to a fold."""
    return next_version(before, answer, numbered(before, block), words=PROSE_WORDS, now=_NOW, shown=shown).preference


def numbered(before: Preference, block: Sequence[TaughtEvent]) -> dict[int, str]:
    """The events of a block as prompts show them, by ids that go on from the latest one seen."""
    return {before.watermark + place: event.line for place, event in enumerate(block, 1)}


def folds(
    events: Sequence[TaughtEvent],
    shown: Callable[[str], float],
    *,
    size: int,
    slips: random.Random | None = None,
) -> list[FoldStep]:
    """The whole history folded in full blocks, oldest first; without a full block none.

    slips: draws what goes wrong in between. Each fold then rests on a memory from which one in eight edits before it
    was lost, as the model meets it whose own folds went before.
    """
    memory, steps = Preference(user_id="someone"), []
    for start in range(0, len(events) - size + 1, size):
        step = fold(memory, events[start : start + size], shown)
        steps.append(step)
        memory = step.after
        if slips is not None:
            kept = tuple(edit for edit in step.answer.edits if slips.random() > LOST)
            if len(kept) < len(step.answer.edits):
                memory = folded(step.before, Fold(edits=kept, prose=step.answer.prose), step.block, shown)
    return steps


def told_taste(rng: random.Random, taste: Taste, *, whole: bool = False) -> Preference:
    """The memory of someone who set it by hand: some of the values of a taste, or all, as strong as they weigh."""
    ranked = sorted(taste.weights.items(), key=lambda pair: -abs(pair[1]))
    ranked = ranked[: FACTS_SHOWN if whole else rng.randint(0, 12)]
    most = max((abs(weight) for _, weight in ranked), default=1.0)
    strengths = {
        value: math.copysign(min(1.0, max(0.1, abs(weight) / most + rng.gauss(0, 0.1))), weight)
        for value, weight in ranked
        if abs(weight) > 0.12 * most
    }
    return set_by_hand(strengths)


def set_by_hand(strengths: Mapping[Value, float]) -> Preference:
    """A memory that holds these values, strongest first. strengths: above 0 for what is liked, below for disliked."""
    facts = [
        Fact(
            polarity="like" if strength > 0 else "dislike",
            aspect=aspect,
            value=value,
            strength=abs(strength),
            since=_NOW,
        )
        for (aspect, value), strength in strengths.items()
    ]
    held = sorted(facts, key=lambda fact: (-fact.strength, fact.fact_id))
    return Preference(user_id="someone", prose=prose_of(held) if held else "", facts=tuple(held))
