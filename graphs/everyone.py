"""The recurrence over all users of a catalogue: each in order, many at once, so that the model is kept busy."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agents.budget import Budget
from agents.events import Progress
from agents.preference_memory import fold_due
from graphs.keeping import KeptTogether
from graphs.services import Services
from memory.errors import BeingForgotten, StaleVersion
from models.errors import ModelAccountRefused, ModelError
from tracing.recorder import Recorder

Report = Callable[[str, int, int], None]  # what is being done, done so far, of how many
AT_ONCE = 128  # users; twice what a model takes at once, so that one half is saved while the other is written
GIVE_UP = 8  # users in a row: who fail before any fold succeeds, or whom no model answers


class GaveUp(ModelError):
    """The model stopped answering while tastes were rewritten. What is done is kept; the rest waits for the next run.

    users: in a row whom it did not answer. waiting: whose taste is not up to date.
    """

    def __init__(self, cause: ModelError, users: int, folds: int, waiting: int) -> None:
        super().__init__(cause, users, folds, waiting)
        self.cause, self.users, self.folds, self.waiting = cause, users, folds, waiting

    def __str__(self) -> str:
        return (
            f"the model stopped answering: {self.cause} (gave up after {self.users} users in a row). "
            f"{self.folds:,} folds are kept; then run the same again for the {self.waiting:,} tastes that wait"
        )


@dataclass
class FoldedEveryone:
    """What it came to.

    users: whose taste is up to date now. folds: how many were made for that, and the tokens they took, in and out.
    failed: user id → why their next block could not be folded; the version before it stays, and the next run tries
    again.
    """

    users: int = 0
    folds: int = 0
    tokens: int = 0
    failed: dict[str, str] = field(default_factory=dict)


async def fold_everyone(
    services: Services,
    catalogue: str,
    report: Report = lambda what, done, of: None,
    *,
    users: Sequence[str] | None = None,
    everything: bool = True,
    include_rest: bool = False,
    at_once: int = AT_ONCE,
) -> FoldedEveryone:
    """Fold what waits of every user, or of these, block after block; with `include_rest` a last short block too.

    What is folded stays folded when this is interrupted, and the next run goes on from there. everything: however much
    waits; else only the latest blocks of each, as a conversation would. A user whose fold fails is set aside and the
    others go on. Raises the ModelError when the first few folds all fail, GaveUp when nobody is answered any more,
    StoreError, UnknownCatalogue.
    """
    services.catalogue(catalogue)
    counts = services.log.counts(catalogue)
    waiting = deque(sorted(counts if users is None else users, key=lambda user: (-counts.get(user, 0), user)))
    everyone = len(waiting)  # the longest histories first, so that the end is not one long one alone
    done, silence = FoldedEveryone(), _Silence()
    together = KeptTogether(services.preferences, catalogue, services.marks.refuse)

    async def work() -> None:
        while waiting:
            user_id = waiting.popleft()
            try:
                await _fold_one(
                    services, catalogue, user_id, done, together, everything=everything, include_rest=include_rest
                )
                done.users += 1
            except (ModelError, StaleVersion) as error:
                done.failed[user_id] = str(error)
                if not done.folds and len(done.failed) >= GIVE_UP and isinstance(error, ModelError):
                    raise
                if (unanswered := silence.lasting(error, done.folds)) >= GIVE_UP and isinstance(error, ModelError):
                    raise GaveUp(error, unanswered, done.folds, everyone - done.users) from error
            except BeingForgotten:
                pass  # nothing more is to be known of them
            report("rewriting tastes", everyone - len(waiting), everyone)

    workers = [asyncio.create_task(work()) for _ in range(min(at_once, everyone))]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        await together.finish()
    return done


class _Silence:
    """Counts the users in a row whom the model did not answer, with no fold between them."""

    def __init__(self) -> None:
        self._users = self._folds = 0

    def lasting(self, error: Exception, folds: int) -> int:
        """How many it is with this failure; none where the model did answer. folds: made by then."""
        self._users = 0 if folds > self._folds else self._users
        self._folds = folds
        silent = isinstance(error, ModelAccountRefused) or (isinstance(error, ModelError) and error.retryable)
        self._users = self._users + 1 if silent else 0
        return self._users


async def _fold_one(
    services: Services,
    catalogue: str,
    user_id: str,
    done: FoldedEveryone,
    together: KeptTogether,
    *,
    everything: bool,
    include_rest: bool,
) -> None:
    before, budget = services.preferences.current(user_id, catalogue), Budget.unlimited()

    def refuse_the_forgotten(_: Progress) -> None:  # before each fold, as they may ask for it at any moment
        services.marks.refuse(user_id)

    try:
        await fold_due(
            services.turn_context(catalogue, Recorder(None), budget, keep=together.keep),
            before,
            include_rest=include_rest,
            everything=everything,
            announce=refuse_the_forgotten,
        )
    finally:
        done.folds += services.preferences.current(user_id, catalogue).version - before.version
        done.tokens += budget.used_tokens
