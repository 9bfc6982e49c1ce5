"""The store for asyncio, shaped as LangGraph's own: `async with AsyncChromaStore.from_conn_string(…) as store`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from langgraph.store.base import IndexConfig, Op, Result, TTLConfig
from langgraph.store.base.batch import AsyncBatchedBaseStore

from memory.chroma_store import ChromaStore
from memory.vectors import EXACT_LIMIT


class AsyncChromaStore(AsyncBatchedBaseStore):
    """A `ChromaStore` whose calls are awaited; Chroma's own work is done on other threads than the event loop's.

    Operations begun in one turn of the loop go to the store as one batch, which embeds their texts in one call; so of
    two tasks that put one key in one turn, the later stays. The synchronous calls work from other threads and are
    refused on the loop's own. Belongs to the loop it was made on.
    """

    supports_ttl = True

    def __init__(self, store: ChromaStore) -> None:
        super().__init__()
        self.ttl_config = store.ttl_config
        self._store = store

    @classmethod
    @asynccontextmanager
    async def from_conn_string(
        cls,
        path_or_url: str,
        *,
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
        exact_limit: int = EXACT_LIMIT,
    ) -> AsyncIterator[AsyncChromaStore]:
        """Open a directory or an `http(s)://` server for the length of the block; raises as `ChromaStore.open`."""
        opened = await asyncio.to_thread(ChromaStore.open, path_or_url, index=index, ttl=ttl, exact_limit=exact_limit)
        store = cls(opened)
        try:
            yield store
        finally:
            await store.aclose()

    async def setup(self) -> None:
        """Check that the store is open: opening it made all it needs. LangGraph's other stores want this call."""
        self._store.setup()

    async def aclose(self) -> None:
        """Give the directory back. Operations that still wait are cancelled. Closing twice is not an error."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.to_thread(self._store.close)

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Do all operations; see `ChromaStore.batch`."""
        return await self._store.abatch(ops)

    async def sweep_ttl(self) -> int:
        """Delete the entries whose time to live is over; how many they were."""
        return await asyncio.to_thread(self._store.sweep_ttl)

    async def start_ttl_sweeper(self, sweep_interval_minutes: float | None = None) -> asyncio.Task[None]:
        """Sweep every so many minutes, or as `ttl` says, or every five; the task ends with the sweeper.

        Cancelling it, stopping it and closing the store stop it. Done at once in a store opened without `ttl`.
        """
        sweeper = self._store.start_ttl_sweeper(sweep_interval_minutes)

        async def ended() -> None:
            await asyncio.wrap_future(sweeper)

        return asyncio.create_task(ended())

    async def stop_ttl_sweeper(self, timeout: float | None = None) -> bool:
        """Stop the sweeper, waiting at most `timeout` seconds for it; whether none runs any longer."""
        return await asyncio.to_thread(self._store.stop_ttl_sweeper, timeout)
