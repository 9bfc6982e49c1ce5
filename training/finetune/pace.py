"""How long a run takes in all, told while it goes, and an end in time for the last judgement.

Validations and the last judgement take their share: on a small base they may take longer than the steps between them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from transformers import TrainerCallback

from palate.progress import Report

WHOLE = "minutes in all"


class Pace(TrainerCallback):  # type: ignore[misc]
    """Tells the minutes gone and the minutes in all, and stops training when no more is left than the end needs."""

    def __init__(
        self,
        report: Report,
        *,
        list_s: Callable[[], float],
        validated: int,
        judged: int,
        minutes: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """list_s: the seconds it takes to rank one list, measured. validated, judged: how many lists are ranked at each
        validation, and in the end. minutes: how long all that is left of the run may take; None for no limit."""
        self._report, self._list_s, self._clock = report, list_s, clock
        self._validated, self._judged = validated, judged
        self._limit_s = None if minutes is None else 60 * minutes
        self._began = self._step_began = clock()
        self._steps_s, self._steps = 0.0, 0
        self.out_of_time = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """The time starts."""
        self._began = self._clock()

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Before every step."""
        self._step_began = self._clock()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """After every step: tell, and stop where one more, its validation and the end would take too long."""
        now = self._clock()
        self._steps_s, self._steps = self._steps_s + now - self._step_began, self._steps + 1
        step_s, gone_s, list_s = self._steps_s / self._steps, now - self._began, self._list_s()
        validation_s, end_s = self._validated * list_s, self._judged * list_s
        before, left = (state.global_step - 1) // args.eval_steps, state.max_steps - state.global_step
        whole_s = gone_s + left * step_s + (state.max_steps // args.eval_steps - before) * validation_s + end_s
        self._report(WHOLE, round(gone_s / 60), round(whole_s / 60))
        if self._limit_s is None or not left:
            return
        due_s = validation_s * (state.global_step // args.eval_steps - before)
        if self._agreed(gone_s + due_s + step_s + validation_s + end_s > self._limit_s):
            self.out_of_time = True
            control.should_evaluate = control.should_save = control.should_training_stop = True

    @staticmethod
    def _agreed(late: bool) -> bool:
        """What the first process found, in all of them: they stop at the same step or wait for each other for ever."""
        from accelerate.utils import broadcast_object_list

        return bool(broadcast_object_list([late])[0])
