"""Sets the shop up: draws its pictures and lets its people live through a year."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from catalog.demo.apart import drawing
from catalog.demo.people import history, make_people
from catalog.demo.prints import SCHEMA, make_prints
from catalog.items import AttributeSpec, Item
from memory.interactions import Interaction

NAME = "demo"


def install(
    write_picture: Callable[[bytes], str],
) -> tuple[tuple[AttributeSpec, ...], list[Item], list[Interaction]]:
    """Draw all prints and gather all histories: the schema, the items in catalogue order, the interactions by time.

    write_picture: keeps the bytes of a PNG and returns its content hash; called once a print, its errors pass.
    The interactions carry keys, so that accepting them twice changes nothing.
    """
    prints = make_prints()
    with drawing([(made.look, made.seed) for made in prints]) as pictures:
        lived = interactions()
        items = [
            made.item.model_copy(update={"picture": write_picture(picture)})
            for made, picture in zip(prints, pictures, strict=True)
        ]
    return SCHEMA, items, lived


def interactions() -> list[Interaction]:
    """What all people of the shop did, oldest first, ready for the event log."""
    return list(_numbered())


def _numbered() -> Iterator[Interaction]:
    prints = make_prints()
    lived = [(event.at, person.user_id, event) for person in make_people() for event in history(person, prints)]
    lived.sort(key=lambda entry: entry[:2])
    for number, (at, user_id, event) in enumerate(lived, start=1):
        yield Interaction(
            user_id=user_id,
            catalogue=NAME,
            kind=event.kind,
            item_id=event.item_id,
            value=event.value,
            at=at,
            source=f"import:{NAME}",
            key=f"{NAME}:{number}",
        )
