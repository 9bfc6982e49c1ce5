"""The record in PostgreSQL: a whole turn with its events, trace and catalogue, and a second session that finds them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.world import event, open_session, talk


def test_a_turn_with_the_record_in_postgres_is_found_again_by_the_next_session(
    tmp_path: Path, postgres_url: str
) -> None:
    async def first() -> tuple[str, list[str]]:
        session = open_session(
            tmp_path, interactions=[event("ann", "p1", key="k1")], **{"stores.database": postgres_url}
        )
        try:
            result, _ = await talk(session, "ann", "I'd like a fox \x00 under 90 euros")
            return result.trace_id, [line.item_id for line in result.slate]
        finally:
            await session.aclose()

    async def second(trace_id: str) -> tuple[int, list[str]]:
        session = open_session(tmp_path, **{"stores.database": postgres_url})
        try:
            trace = session.services.traces.get(trace_id)
            assert trace is not None
            return len(session.services.log.of_user("ann", "prints")), list(trace.ended.slate) if trace.ended else []
        finally:
            await session.aclose()

    trace_id, slate = asyncio.run(first())
    assert slate
    events, kept = asyncio.run(second(trace_id))
    assert kept == slate
    assert events >= 2  # what was imported, and the wish of the turn
