"""What is trained on and what is held out: by each user's last likings, by time, or by user; then checked for leaks.

An event is before another when its time is earlier, or its time is the same and it was accepted earlier.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from memory.interactions import Interaction
from training.finetune.errors import TrainingRefused

SplitKind = Literal["leave_last", "time", "user"]
Place = tuple[datetime, int]


@dataclass(frozen=True)
class Target:
    """A liking to be foretold. history: what the same user did before it, oldest first, never about the same item."""

    event: Interaction
    history: tuple[Interaction, ...]


@dataclass(frozen=True)
class Split:
    """Targets of three parts, and the events that training may read.

    known: for counts, negatives and histories of training; oldest first. cold: items that training must not meet and
    all held-out targets are about; empty unless asked for. left_out: reason → how many users have no target for it.
    """

    kind: SplitKind
    train: tuple[Target, ...]
    validation: tuple[Target, ...]
    test: tuple[Target, ...]
    known: tuple[Interaction, ...]
    cold: frozenset[str] = frozenset()
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def held_out(self) -> tuple[Target, ...]:
        """Validation and test."""
        return (*self.validation, *self.test)


def place(event: Interaction) -> Place:
    """Where an event stands in time."""
    return event.at, event.event_id


def make_split(
    events: Iterable[Interaction],
    *,
    kind: SplitKind = "leave_last",
    held_out: float = 0.1,
    cold_items: float = 0.0,
    seed: int = 0,
) -> Split:
    """Split the events of a catalogue. The same events and seed give the same split.

    held_out: the share of likings (`time`) or users (`user`) that validation and test each get; `leave_last` takes the
    last liking of every user for the test and the one before for validation. cold_items: the share of items kept from
    training. Raises TrainingRefused when a part would be empty.
    """
    by_user: dict[str, list[Interaction]] = {}
    for event in sorted(events, key=place):
        by_user.setdefault(event.user_id, []).append(event)
    cold = _cold({event.item_id for log in by_user.values() for event in log if event.item_id}, cold_items, seed)
    targets = {user: _targets(log) for user, log in by_user.items()}
    match kind:
        case "leave_last":
            parts = _leave_last(by_user, targets, cold)
        case "time":
            parts = _by_time(by_user, targets, cold, held_out)
        case "user":
            parts = _by_user(by_user, targets, cold, held_out, seed)
    left_out = Counter(
        "a single event" if len(log) == 1 else "no liking after their first event"
        for user, log in by_user.items()
        if not targets[user]
    )
    split = Split(kind, *parts, cold, dict(left_out))
    for name, part in (("training", split.train), ("validation", split.validation), ("the test", split.test)):
        if not part:
            raise TrainingRefused(
                f"nothing is left for {name}: {len(by_user)} users, of whom {sum(left_out.values())} have no liking "
                "that follows another event",
                "bring more events a user (three likings each, for `leave_last`), or choose another --split",
            )
    return split


def _targets(log: Sequence[Interaction]) -> list[Target]:
    """The first liking of each item that something else came before, oldest first."""
    targets, liked = [], set[str]()
    for number, event in enumerate(log):
        if not event.item_id or event.liking <= 0 or event.item_id in liked:
            continue
        liked.add(event.item_id)
        history = tuple(one for one in log[:number] if one.item_id != event.item_id)
        if history:
            targets.append(Target(event, history))
    return targets


Parts = tuple[tuple[Target, ...], tuple[Target, ...], tuple[Target, ...], tuple[Interaction, ...]]
Logs = Mapping[str, Sequence[Interaction]]
Targets = Mapping[str, Sequence[Target]]


def _leave_last(logs: Logs, targets: Targets, cold: frozenset[str]) -> Parts:
    train, validation, test, known = [], [], [], list[Interaction]()
    for user, log in logs.items():
        testable = [one for one in targets[user] if not cold or one.event.item_id in cold]
        held = testable[-2:] if len(targets[user]) > 2 else testable[-1:] if len(targets[user]) > 1 else []
        first = min((place(one.event) for one in held), default=None)
        test += held[-1:]
        validation += held[:-1]
        before = [event for event in log if first is None or place(event) < first]
        known += _without(before, cold)
        train += [one for one in targets[user] if first is None or place(one.event) < first]
    return _parts(train, validation, test, known, cold)


def _by_time(logs: Logs, targets: Targets, cold: frozenset[str], held_out: float) -> Parts:
    every = sorted((one for ones in targets.values() for one in ones), key=lambda one: place(one.event))
    first, second = (round(len(every) * (1 - share * held_out)) for share in (2, 1))
    if not 0 < first < second < len(every):
        return (), (), (), ()
    start = place(every[first].event)
    known = [event for log in logs.values() for event in log if place(event) < start]
    validation, test = (
        [one for one in part if not cold or one.event.item_id in cold] for part in (every[first:second], every[second:])
    )
    return _parts(every[:first], validation, test, _without(known, cold), cold)


def _by_user(logs: Logs, targets: Targets, cold: frozenset[str], held_out: float, seed: int) -> Parts:
    users = sorted(user for user, ones in targets.items() if ones)
    random.Random(f"{seed}:users").shuffle(users)
    count = max(1, round(len(users) * held_out))
    chosen = {
        user: part for part, start in (("validation", 0), ("test", count)) for user in users[start : start + count]
    }
    last = {user: [one for one in targets[user] if not cold or one.event.item_id in cold][-1:] for user in users}
    train = [one for user in users if user not in chosen for one in targets[user]]
    held = {
        part: [one for user in users if chosen.get(user) == part for one in last[user]]
        for part in ("validation", "test")
    }
    known = [event for user, log in logs.items() if user not in chosen for event in log]
    return _parts(train, held["validation"], held["test"], _without(known, cold), cold)


def _parts(
    train: Sequence[Target],
    validation: Sequence[Target],
    test: Sequence[Target],
    known: Sequence[Interaction],
    cold: frozenset[str],
) -> Parts:
    warm = (Target(one.event, tuple(_without(one.history, cold))) for one in train if one.event.item_id not in cold)
    kept = tuple(sorted((one for one in warm if one.history), key=lambda one: place(one.event)))
    return kept, tuple(validation), tuple(test), tuple(sorted(known, key=place))


def _without(events: Iterable[Interaction], cold: frozenset[str]) -> list[Interaction]:
    return [event for event in events if event.item_id not in cold]


def _cold(item_ids: set[str], share: float, seed: int) -> frozenset[str]:
    """A share of the items, told by their ids alone, so that an item stays cold when others come."""
    if share <= 0:
        return frozenset()
    limit = int(share * 2**64)
    digest = {one: hashlib.sha256(f"{seed}:{one}".encode()).digest()[:8] for one in item_ids}
    return frozenset(one for one in item_ids if int.from_bytes(digest[one], "big") < limit)
