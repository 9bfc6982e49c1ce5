"""One simulated person, followed event by event through a change of heart: what the memory says of them, and when."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agents.strength import CLEAR
from agents.wording import strength_word
from catalog.demo.people import OPENED, make_people
from catalog.demo.prints import make_prints
from evaluation.lives import CATALOGUE, SEED, Life, Shop, life_of
from graphs.everyone import fold_everyone
from graphs.services import Services
from memory.preferences import Preference

PRINTS, TRIED = 200, 400  # in the shop, and people among whom one is found
FACTS_TOLD = 8  # of a version at least
Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Chapter:
    """The taste after so many events, and what they truly like and dislike then."""

    events: int
    taste: Preference
    liked: Sequence[str]
    disliked: Sequence[str]


@dataclass(frozen=True)
class Story:
    """A life with a change of heart. begins, over: the events after which it began and was over."""

    life: Life
    begins: int
    over: int
    chapters: Sequence[Chapter]

    def __str__(self) -> str:
        """Three chapters as plain text: before the change, after it, and at the end."""
        old, new = self.life.heart or (("", ""), ("", ""))
        before = max((one for one in self.chapters if one.events <= self.begins), key=lambda one: one.events)
        after = next((one for one in self.chapters if one.events > self.over), self.chapters[-1])
        head = (
            f"{self.life.person.user_id} falls out of love with {old[1]} and in love with {new[1]}, "
            f"between events {self.begins} and {self.over} of {len(self.life.events)}."
        )
        return "\n\n".join([head, *(told(one) for one in dict.fromkeys((before, after, self.chapters[-1])))])


def told(chapter: Chapter) -> str:
    """A version as a person reads it, with what is true beside it; of the slight facts the first few."""
    holding = chapter.taste.holding
    shown = max(FACTS_TOLD, sum(fact.strength >= CLEAR for fact in holding))
    facts = [
        f"  {fact.polarity.replace('_', ' ')} {fact.aspect}: {fact.value} ({strength_word(fact.strength)}, "
        f"{len(fact.evidence)} event{'s' if len(fact.evidence) != 1 else ''})"
        for fact in holding[:shown]
    ]
    rest = [f"  and {len(holding) - shown} more, all slight"] if len(holding) > shown else []
    return "\n".join(
        [
            f"After {chapter.events} events, version {chapter.taste.version}",
            f"  {chapter.taste.prose}",
            *facts,
            *rest,
            f"  In truth they like {', '.join(chapter.liked)}; they dislike {', '.join(chapter.disliked)}.",
        ]
    )


def shop_of_one(events: int, *, seed: int = SEED) -> Shop:
    """A small shop and one person in it, whose only change of heart is the nearest to the middle of their events."""
    prints = make_prints(max(PRINTS, 3 * events), seed=seed)
    people = [one for one in make_people(TRIED, seed=seed) if len(one.phases) == 5]
    people = random.Random(seed).sample(people, min(len(people), 40))
    lives = [life_of(one, prints, events, seed) for one in people]
    return Shop(prints, [min(lives, key=lambda life: abs(sum(_change(life)) - len(life.events)))])


async def follow(services: Services, shop: Shop, report: Report = lambda what, done, of: None) -> Story:
    """Let them live and fold, block after block. services: opened on an empty folder. Raises ModelError, StoreError."""
    shop.install(services)
    [life], size = shop.lives, services.profile.memory.block_size
    chapters = list[Chapter]()
    for stop in range(size, len(life.events) + 1, size):
        shop.live(services, stop - size, stop)
        await fold_everyone(services, CATALOGUE)
        truth = life.truth(life.day(stop))
        taste = services.preferences.current(life.person.user_id, CATALOGUE)
        liked, disliked = ([value for (_, value), likes in truth.items() if likes is way] for way in (True, False))
        chapters.append(Chapter(stop, taste, tuple(liked), tuple(disliked)))
        report("events folded", stop, len(life.events))
    return Story(life, *_change(life), tuple(chapters))


def _change(life: Life) -> tuple[int, int]:
    """The events done when the change of heart began, and when it was over."""
    days = [(event.at - OPENED).total_seconds() / 86_400 for event in life.events]
    first, last = life.shift or (0.0, 0.0)
    return sum(day < first for day in days), sum(day < last for day in days)
