"""Several calls at once, never too many, and none left running when one fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from models.decisions import Usage

T = TypeVar("T")
AT_ONCE = 8


async def together(calls: Sequence[Callable[[], Awaitable[T]]], *, at_once: int = AT_ONCE) -> list[T]:
    """Give the results in the calls' order; the first failure ends the others and is raised."""
    gate = asyncio.Semaphore(at_once)

    async def one(call: Callable[[], Awaitable[T]]) -> T:
        async with gate:
            return await call()

    tasks = [asyncio.ensure_future(one(call)) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def total(usages: Iterable[Usage]) -> Usage:
    """Give the sum; its cost is unknown as soon as one is."""
    parts = list(usages)
    costs = [part.cost_usd for part in parts if part.cost_usd is not None]
    return Usage(
        sum(part.input_tokens for part in parts),
        sum(part.output_tokens for part in parts),
        sum(part.cached_tokens for part in parts),
        sum(costs) if len(costs) == len(parts) else None,
    )
