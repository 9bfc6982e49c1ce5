"""How common a value is in a catalogue."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agents.evidence import mentions


class Commonness:
    """The shares of a catalogue that show a value; each is counted once, in the same items, and kept."""

    def __init__(self) -> None:
        self._views: Sequence[str] | None = None
        self._shares: dict[str, float] = {}

    def share(self, value: str, views: Callable[[], Sequence[str]]) -> float:
        """The share of items whose view names the value, in (0, 1); none at all counts as half a one.

        views: gives what is known of some items; asked for once.
        """
        key = value.casefold()
        if key not in self._shares:
            if self._views is None:
                self._views = views()
            naming = sum(mentions(view, value) for view in self._views)
            self._shares[key] = (naming + 0.5) / (len(self._views) + 1)
        return self._shares[key]
