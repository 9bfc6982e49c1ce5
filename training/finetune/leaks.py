"""Whether a split lets training see what it is tested on, checked on the finished split, however it was made."""

from __future__ import annotations

from collections.abc import Iterator

from memory.interactions import Interaction
from training.finetune.errors import SplitLeaks
from training.finetune.splits import Place, Split, place


def check_leaks(split: Split) -> None:
    """Raises SplitLeaks that names every leak. Event ids stand for events; no user's name is told."""
    problems = [*_targets(split), *_shared_events(split), *_order(split), *_users(split), *_items(split)]
    if problems:
        raise SplitLeaks(problems)


def _targets(split: Split) -> Iterator[str]:
    """A history ends before its target, is one person's, and does not hold the answer."""
    for one in (*split.train, *split.held_out):
        number = one.event.event_id
        if any(place(event) >= place(one.event) for event in one.history):
            yield f"the history of event {number} holds what came after it"
        if any(event.item_id == one.event.item_id for event in one.history):
            yield f"the history of event {number} names its item"
        if any(event.user_id != one.event.user_id for event in one.history):
            yield f"the history of event {number} is another user's"


def _read_in_training(split: Split) -> dict[int, Interaction]:
    """Event id → event, of everything training reads."""
    read = {event.event_id: event for event in split.known}
    for one in split.train:
        read |= {event.event_id: event for event in (one.event, *one.history)}
    return read


def _shared_events(split: Split) -> Iterator[str]:
    """No event is foretold in two parts, and none that is held out is read in training."""
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    owner: dict[int, str] = {}
    for name, part in parts.items():
        for one in part:
            before = owner.setdefault(one.event.event_id, name)
            if before != name:
                yield f"event {one.event.event_id} is in {before} and in {name}"
    read = _read_in_training(split)
    answers = {(event.user_id, event.item_id) for event in read.values() if event.liking > 0}
    for one in split.held_out:
        if one.event.event_id in read:
            yield f"event {one.event.event_id} is held out and read in training"
        elif (one.event.user_id, one.event.item_id) in answers:
            yield f"event {one.event.event_id} is held out and training knows that its user likes its item"


def _order(split: Split) -> Iterator[str]:
    """Training ends before what it is tested on: of the same user, or, by time, of anyone."""
    first: dict[str, Place] = {}
    for one in split.held_out:
        user = one.event.user_id if split.kind != "time" else ""
        first[user] = min(first.get(user, place(one.event)), place(one.event))
    for number, event in _read_in_training(split).items():
        start = first.get(event.user_id if split.kind != "time" else "")
        if start is not None and place(event) >= start:
            yield f"training reads event {number}, which comes after a held-out one"
    latest = max((place(one.event) for one in split.validation), default=None)
    if split.kind == "time" and latest and any(place(one.event) <= latest for one in split.test):
        yield "the test begins before validation ends"


def _users(split: Split) -> Iterator[str]:
    """By user, nobody is in two parts."""
    if split.kind != "user":
        return
    train = {event.user_id for event in _read_in_training(split).values()}
    validation, test = ({one.event.user_id for one in part} for part in (split.validation, split.test))
    for name, shared in (
        ("training and validation", train & validation),
        ("training and the test", train & test),
        ("validation and the test", validation & test),
    ):
        if shared:
            yield f"{len(shared)} users are in {name}"


def _items(split: Split) -> Iterator[str]:
    """A cold item is in no event of training, and held-out targets are cold, where that was asked for."""
    if not split.cold:
        return
    for number, event in _read_in_training(split).items():
        if event.item_id in split.cold:
            yield f"the cold item {event.item_id!r} is in training, by event {number}"
    for one in split.held_out:
        if one.event.item_id not in split.cold:
            yield f"the held-out event {one.event.event_id} is about {one.event.item_id!r}, which is not cold"
