"""Versions of many users' tastes, kept together: one write for all that wait, as each write has its price."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from memory.preference_store import PreferenceStore
from memory.preferences import Preference


class KeptTogether:
    """Keeps the next versions of different users, in a thread of its own, those that wait at the same time at once.

    refuse: raises for a user of whom nothing may be kept. For one event loop.
    """

    def __init__(self, preferences: PreferenceStore, catalogue: str, refuse: Callable[[str], None]) -> None:
        self._preferences, self._catalogue, self._refuse = preferences, catalogue, refuse
        self._waiting: list[tuple[Preference, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, preference: Preference) -> None:
        """Wait until the version is kept. Raises StaleVersion, StoreError and what `refuse` raises."""
        kept = asyncio.get_running_loop().create_future()
        self._waiting.append((preference, kept))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await kept

    async def finish(self) -> None:
        """Wait until nothing is being written any more."""
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)  # whose replies came together are on their way
            together, self._waiting = [one for one in self._waiting if not one[1].done()], []
            together = [one for one in together if self._may_be_kept(*one)]
            versions = [preference for preference, _ in together]
            try:
                outcomes: list[Exception | None] = await asyncio.to_thread(
                    self._preferences.save_all, versions, self._catalogue
                )
            except Exception as error:  # belongs to whoever waits, not to this task
                outcomes = [error] * len(together)
            for (_, kept), outcome in zip(together, outcomes, strict=True):
                if kept.done():  # nobody waits any more
                    continue
                if outcome is None:
                    kept.set_result(None)
                else:
                    kept.set_exception(outcome)

    def _may_be_kept(self, preference: Preference, kept: asyncio.Future[None]) -> bool:
        try:
            self._refuse(preference.user_id)
        except Exception as error:
            kept.set_exception(error)
            return False
        return True
