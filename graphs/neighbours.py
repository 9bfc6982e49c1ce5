"""The taste of a user's neighbours: what people who like the same things favour, and nobody's name."""

from __future__ import annotations

from collections import Counter

from pydantic import BaseModel, ConfigDict

from agents.context import described
from agents.neighbourhood import FEWEST, Favoured, favoured
from graphs.services import Services

PEOPLE = 20  # neighbours looked at
SHARED = 3  # items that both must like, to be neighbours
ITEMS = 6


class FavouredItem(BaseModel):
    """An item that the user has not met. people: how many neighbours like it."""

    model_config = ConfigDict(frozen=True)

    item_id: str
    title: str
    people: int


class Neighbours(BaseModel):
    """What `people` neighbours favour, most first; nothing that fewer than five of them share, and no ids of theirs."""

    model_config = ConfigDict(frozen=True)

    people: int
    words: tuple[Favoured, ...] = ()
    items: tuple[FavouredItem, ...] = ()

    @property
    def told(self) -> str:
        """In a sentence, how many they are and what is told of them."""
        if not self.people:
            return (
                f"Nobody's taste is near enough to tell of yet: it takes {FEWEST} people who like {SHARED} of the "
                "things you like."
            )
        shared = bool(self.words or self.items)
        told = f"This is what at least {FEWEST} of them share" if shared else f"Nothing stands out that {FEWEST} share"
        return f"{self.people} people like much of what you like. {told}, and nobody is named."


def neighbours_of(services: Services, user_id: str, catalogue_name: str) -> Neighbours:
    """The neighbours of a user in a catalogue; of fewer than five nothing is told, not even how many they are.

    Raises UnknownCatalogue, and what the stores raise.
    """
    catalogue = services.catalogue(catalogue_name)
    collaborative = services.collaborative(catalogue_name)
    alike = collaborative.alike(user_id, people=PEOPLE, shared=SHARED)
    likings = [[item_id for item_id in own if item_id in catalogue] for own in alike]
    if len(likings) < FEWEST:
        return Neighbours(people=0)
    summaries = services.items.summaries(catalogue_name, catalogue)
    views = {item.item_id: summaries.get(item.item_id) or described(item) for item in catalogue}
    words = favoured([[views[item_id] for item_id in own] for own in likings], list(views.values()))
    met = {event.item_id for event in services.log.of_user(user_id, catalogue_name)}
    counts = Counter(item_id for own in likings for item_id in own if item_id not in met)
    shared = [(item_id, people) for item_id, people in counts.items() if people >= FEWEST]
    shared.sort(key=lambda one: (-one[1], collaborative.likes(one[0]), one[0]))  # of as many, the less usual first
    return Neighbours(
        people=len(likings),
        words=tuple(words),
        items=tuple(
            FavouredItem(item_id=item_id, title=catalogue[item_id].title, people=people)
            for item_id, people in shared[:ITEMS]
        ),
    )
