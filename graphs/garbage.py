"""How often Python looks for garbage in circles, for a process of ours.

It looks after every 700 objects more than went, and through all of them whenever their number grew by a quarter. With
models, their libraries and a catalogue in memory there are a million, next to all of which stay: a full look takes a
fifth of a second or more, several times in the first turns, in the middle of them.
"""

from __future__ import annotations

import gc

FRESH, YOUNG, FULL = 20_000, 20, 50  # objects more than went; looks at these, and then at those that outlived one


def collect_seldom() -> None:
    """Look for garbage about thirty times as seldom from now on. For a process that is ours: this holds for all of it.

    What is in no circle is freed at once as ever, which pictures, tensors and rows are.
    """
    gc.set_threshold(FRESH, YOUNG, FULL)
