"""Versions of many users kept together: each who waits hears of their own, and nothing is kept that may not be."""

import asyncio

import pytest

from graphs.keeping import KeptTogether
from memory.errors import StaleVersion
from memory.preferences import Preference


class Shelf:
    """Keeps what it is given; the users named are stale. Breaks when it is told to."""

    def __init__(self, *stale):
        self.stale, self.written, self.broken = stale, [], None

    def save_all(self, preferences, catalogue):
        if self.broken:
            raise self.broken
        self.written.append([one.user_id for one in preferences])
        return [StaleVersion(one.user_id, 1, 1) if one.user_id in self.stale else None for one in preferences]


def refuse(user_id):
    if user_id == "gone":
        raise PermissionError(user_id)


async def kept(together, *users):
    tasks = [asyncio.create_task(together.keep(Preference(user_id=user, version=1))) for user in users]
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_who_waits_at_the_same_time_is_kept_at_once_and_each_hears_of_their_own():
    shelf = Shelf("bea")
    outcomes = await kept(KeptTogether(shelf, "prints", refuse), "ann", "bea", "gone", "cy")
    assert [type(one) for one in outcomes] == [type(None), StaleVersion, PermissionError, type(None)]
    assert shelf.written == [["ann", "bea", "cy"]]


async def test_a_store_that_fails_tells_everybody_and_works_again_later():
    shelf = Shelf()
    together = KeptTogether(shelf, "prints", refuse)
    shelf.broken = OSError("full")
    assert [str(one) for one in await kept(together, "ann", "bea")] == ["full", "full"]
    shelf.broken = None
    assert await kept(together, "ann") == [None]


async def test_what_nobody_waits_for_any_more_is_not_kept():
    shelf = Shelf()
    together = KeptTogether(shelf, "prints", refuse)
    tasks = [asyncio.create_task(together.keep(Preference(user_id=user, version=1))) for user in ("ann", "bea")]
    await asyncio.sleep(0)
    tasks[0].cancel()
    await together.finish()
    await tasks[1]
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    assert shelf.written == [["bea"]]
