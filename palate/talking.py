"""Holding a conversation: one turn after another on one event loop, each of which can be stopped by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

from palate.failures import Mistake

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from agents.events import TurnEvent, TurnResult
    from graphs.session import Session
    from palate.screen import Screen
    from profiles.settings import Loaded


def open_session(loaded: Loaded, catalogue: str | None) -> Session:
    """The profile at work on a catalogue. An unknown or empty catalogue and a locked store are refused in words."""
    from graphs.session import Session

    try:
        return Session.open(loaded, catalogue=catalogue)
    except ValueError as error:
        if type(error) is ValueError:
            what, _, remedy = str(error).partition("; ")
            raise Mistake(what, remedy) from error
        raise


class Talk:
    """Runs turns of a session, shows them, and closes the session at the end.

    failures: how many turns ended with an error.
    """

    def __init__(self, session: Session, screen: Screen) -> None:
        self.session, self._screen = session, screen
        self._runner = asyncio.Runner()
        self.failures = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._runner.run(self.session.aclose())
        finally:
            self._runner.close()

    def turn(self, events: AsyncIterator[TurnEvent]) -> TurnResult | None:
        """Run one turn to its end, show it, and give its result.

        Ctrl-C cancels the turn, model call included, and passes on as KeyboardInterrupt; what was kept before it stays.
        """
        try:
            result = self._runner.run(self._show(events))
        except BaseException:
            self._screen.stop()
            raise
        if result is not None and result.error:
            self.failures += 1
        return result

    async def _show(self, events: AsyncIterator[TurnEvent]) -> TurnResult | None:
        from agents.events import TurnDone

        result = None
        async with aclosing(cast("AsyncGenerator[TurnEvent]", events)) as stream:
            async for event in stream:
                self._screen.show(event)
                if isinstance(event, TurnDone):
                    result = event.result
        return result
