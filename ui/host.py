"""What all who look at the page share: one event loop for the turns, and one session per profile.

Conversations live in the browser session's own state; of them only the turns under way are known here, each by its
user and its thread. Nothing else here belongs to one person.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from agents.events import TurnEvent
    from graphs.replay import Cast
    from graphs.session import Session
    from ui.shown_turn import ShownTurn

_LOG = logging.getLogger(__name__)

GRACE_S = 10.0

Event = TypeVar("Event")
Result = TypeVar("Result")
Work = Callable[[Callable[[Event], None]], Awaitable[None]]


class Running(Generic[Event]):
    """Work under way on the event loop, followed from other threads.

    over: it has ended and nothing more will come. error: what ended it, or None. stopped: someone asked it to end.
    began: by the clock of `time.monotonic`, in seconds.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Work[Event]) -> None:
        self.over, self.stopped, self.began = False, False, time.monotonic()
        self.error: Exception | None = None
        self._loop, self._task = loop, None
        self._events: list[Event] = []
        self._looks = 0
        self._news = threading.Condition()
        asyncio.run_coroutine_threadsafe(self._run(work), loop)

    _task: asyncio.Task[Any] | None

    def after(self, seen: int, *, timeout_s: float) -> list[Event]:
        """The events beyond the first `seen`; waits for one that long, or for the end."""
        with self._news:
            self._looks += 1
            self._news.wait_for(lambda: self.over or len(self._events) > seen, timeout_s)
            return self._events[seen:]

    def stop(self) -> None:
        """End the work, the model call in it included. It is over a moment later. May be called at any time."""
        self._loop.call_soon_threadsafe(self._cancel)

    def leave(self, *, grace_s: float = GRACE_S) -> None:
        """End the work that much later, unless somebody follows it by then: a page that is loaded anew comes back."""
        looks = self._looks

        def end() -> None:
            if self._looks == looks:
                self._cancel()

        self._loop.call_soon_threadsafe(self._loop.call_later, grace_s, end)

    def _put(self, event: Event) -> None:
        with self._news:
            self._events.append(event)
            self._news.notify_all()

    def _cancel(self) -> None:
        if not self.over:
            self.stopped = True
            if self._task is not None:
                self._task.cancel()

    async def _run(self, work: Work[Event]) -> None:
        self._task = asyncio.current_task()
        try:
            if not self.stopped:
                await work(self._put)
        except asyncio.CancelledError:
            self.stopped = True
        except Exception as error:
            _LOG.exception("work for the page failed")
            self.error = error
        finally:
            with self._news:
                self.over = True
                self._news.notify_all()


class Host:
    """Owns the event loop, in a thread of its own, and the open sessions."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._sessions: dict[tuple[str, str], Session] = {}
        self._opening = threading.Lock()
        self._named: dict[str, Running[Any]] = {}
        self._warm: set[str] = set()
        self._casts: dict[str, Cast] = {}
        self._turns: dict[tuple[str, str], ShownTurn] = {}
        threading.Thread(target=self._loop.run_forever, name="palate-turns", daemon=True).start()
        threading.Thread(target=self._close_at_end, name="palate-end").start()

    def session(self, profile: str, catalogue: str = "") -> Session:
        """The session of a profile, by name or path, and a catalogue, opened when it is first asked for.

        catalogue: empty for the profile's own. Sessions of one profile share its stores and models. Raises
        ProfileError, UnknownCatalogue, and what the stores raise; asking again tries again.
        """
        with self._opening:
            if (profile, catalogue) not in self._sessions:
                shared = next((one for (name, _), one in self._sessions.items() if name == profile), None)
                self._sessions[profile, catalogue] = (
                    shared.on(catalogue or shared.services.profile.catalogue)
                    if shared is not None
                    else open_session(profile, catalogue)
                )
            return self._sessions[profile, catalogue]

    def cast(self, profile: str, session: Session) -> Cast:
        """The models of a profile, for turns on this session's stores that nobody is told of; its own are shared.

        Raises ProfileError.
        """
        from graphs.replay import Cast
        from profiles.settings import load_profile

        services = session.services
        with self._opening:
            own = Path(profile).stem == services.profile.name
            if not own and profile not in self._casts:
                self._casts[profile] = Cast.of(load_profile(profile).profile, services)
            return Cast(services.profile, services.models) if own else self._casts[profile]

    def is_warm(self, profile: str) -> bool:
        """Whether a turn of this profile has ended well here, so that its models are loaded."""
        return profile in self._warm

    def update_warm(self, profile: str) -> None:
        """A turn of this profile ended well."""
        self._warm.add(profile)

    def turn(self, start: Callable[[], AsyncIterator[TurnEvent]]) -> Running[TurnEvent]:
        """Begin a turn. start: asks the session; called on the event loop."""

        async def work(put: Callable[[TurnEvent], None]) -> None:
            async with aclosing(start()) as events:  # type: ignore[type-var]  # an async generator
                async for event in events:
                    put(event)

        return Running(self._loop, work)

    def keep_turn(self, user_id: str, thread_id: str, turn: ShownTurn) -> None:
        """Remember the turn that was begun in a conversation, for whoever of this user opens that meanwhile."""
        with self._opening:
            gone = [key for key, one in self._turns.items() if one.running is None or one.running.over]
            for key in gone:
                del self._turns[key]
            self._turns[user_id, thread_id] = turn

    def turn_under_way(self, user_id: str, thread_id: str) -> ShownTurn | None:
        """The turn of this user's conversation that has not ended, from its beginning on; None without one."""
        with self._opening:
            turn = self._turns.get((user_id, thread_id))
        return turn.followed_anew() if turn is not None else None

    def once(self, name: str, work: Work[Event]) -> Running[Event]:
        """Begin the work of that name, or join it where it is under way already, whoever began it."""
        with self._opening:
            if name not in self._named or self._named[name].over:
                self._named[name] = Running(self._loop, work)
            return self._named[name]

    def named(self, name: str) -> Running[Any] | None:
        """The work of that name as it was begun last, over or not; None where it never was."""
        with self._opening:
            return self._named.get(name)

    def wait(self, work: Coroutine[Any, Any, Result], *, timeout_s: float = 30) -> Result:
        """Run something short on the event loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)

    def close(self) -> None:
        """End all work and close the sessions. Nothing can be asked of this host afterwards."""

        async def end() -> None:
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for session in self._sessions.values():
                await session.aclose()

        try:
            self.wait(end())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)

    def _close_at_end(self) -> None:
        """Wait for the main thread to end. The checkpointer's own thread would otherwise keep the process alive."""
        threading.main_thread().join()
        self.close()


def open_session(profile: str, catalogue: str = "") -> Session:
    """Open the session of a profile, by name or path, with the environment's settings over the file's."""
    from graphs.session import Session
    from profiles.settings import load_profile

    return Session.open(load_profile(profile), catalogue=catalogue or None)
