"""Setting up the demo catalogue from the page, and going on with what an interruption left undone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphs.session import Session

SET_UP, GO_ON = "set up the demo", "go on looking at pictures"  # names of work that is begun once


@dataclass(frozen=True)
class Step:
    """How far the set-up is: what is being done, done so far, of how many (0: not known)."""

    what: str
    done: int
    of: int

    @property
    def share(self) -> float:
        """The part that is done, in [0, 1]."""
        return min(self.done / self.of, 1.0) if self.of else 0.0

    @property
    def told(self) -> str:
        """`looking at the pictures, 64 of 600`."""
        return f"{self.what}, {self.done:,} of {self.of:,}" if self.of else self.what


async def set_up_demo(profile: str, put: Callable[[Step], None]) -> None:
    """Draw the demo catalogue, keep it, and let the profile's model look at every picture.

    Does nothing for what is there already, so it can be interrupted and run again. Raises what the stores and the
    model raise; the catalogue is usable as soon as it is kept, whatever becomes of the descriptions.
    """
    from graphs.describing import summarize_catalogue
    from graphs.services import Services
    from graphs.setup import install_demo
    from profiles.settings import load_profile

    def report(what: str, done: int, of: int) -> None:
        put(Step(what, done, of))

    services = await asyncio.to_thread(Services.open, load_profile(profile).profile)
    try:
        await asyncio.to_thread(install_demo, services, report)
        put(Step("loading the model that describes the pictures", 0, 0))
        await summarize_catalogue(services, services.catalogue("demo"), report)
    finally:
        services.close()


async def go_on(session: Session, put: Callable[[Step], None]) -> None:
    """Finish what an interrupted set-up or import left undone: search vectors, then pictures nobody looked at.

    Pictures that another model described already are left alone. Raises what the stores and the model raise.
    """
    from graphs.setup import finish

    put(Step("loading the model that looks at pictures", 0, 0))
    await finish(session.services, session.catalogue, lambda what, done, of: put(Step(what, done, of)))
