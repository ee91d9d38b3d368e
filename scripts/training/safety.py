"""Nothing trained is lost: before the deadline and on SIGTERM a checkpoint is saved and training stops."""

import os
import signal
import sys
import time
from types import FrameType
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState

from .events import emit
from .processes import largest

# <processes>
REASONS = [None, "deadline", "sigterm"]
# </processes>
EXIT_STOPPED = 75  # sysexits' EX_TEMPFAIL: not finished, and the same run can go on from its checkpoint


def deadline_margin(timeout_seconds: float, stopping_seconds: float) -> float:
    """Seconds kept for saving and uploading: a tenth of the time, from 1 to 15 minutes, or half again as long as the
    plan expects them to take, whichever is longer; never more than half of the time."""
    tenth = min(max(60.0, 0.1 * timeout_seconds), 900.0)
    return min(max(tenth, 1.5 * stopping_seconds), 0.5 * timeout_seconds)


# <evaluation>
class OutOfTime(Exception):
    """An evaluation would take the time that saving and uploading need."""


# </evaluation>
class StopInTime(TrainerCallback):
    """Asks the trainer to save and stop. `reason` is then `deadline` or `sigterm`."""

    def __init__(self, deadline: float) -> None:
        """`deadline`: time by the monotonic clock, seconds, at which the last step must be over."""
        self.deadline = deadline
        self.training = False
        self.reason: str | None = None
        self.signalled = False
        # <processes>
        self.parent = os.getppid()
        # </processes>
        self.last = time.monotonic()
        self.slowest = 0.0

    def watch_signals(self) -> None:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self.on_signal)

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self.training:
            sys.exit(128 + number)  # nothing to save yet
        self.signalled = True

    def has_time(self) -> bool:
        """For what is only nice to have."""
        return self.out_of_time() is None

    def out_of_time(self) -> str | None:
        """Why there is no time left, or None."""
        # <processes>
        self.signalled |= os.getppid() != self.parent  # whoever started this was killed
        # </processes>
        return "sigterm" if self.signalled else "deadline" if time.monotonic() >= self.deadline else None

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        self.training = True
        self.last = time.monotonic()

    # <evaluation>
    def on_prediction_step(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        reason = self.out_of_time()
        # <processes>
        reason = REASONS[int(largest(REASONS.index(reason)))]
        # </processes>
        if state.global_step == 0:  # nothing to save yet; a deadline leaves time for one step
            if reason == "sigterm":
                sys.exit(128 + signal.SIGTERM)
        elif reason is not None:
            if state.global_step < state.max_steps:
                self.reason = reason
                emit("stage", stage="saving")
            raise OutOfTime

    # </evaluation>
    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        now = time.monotonic()
        self.slowest = max(self.slowest, now - self.last)  # evaluations and checkpoints between steps count
        self.last = now
        if state.global_step >= state.max_steps:
            return
        self.reason = self.out_of_time()
        if self.reason is None and now + self.slowest > self.deadline:
            self.reason = "deadline"
        # <processes>
        self.reason = REASONS[int(largest(REASONS.index(self.reason)))]
        # </processes>
        if self.reason is not None:
            emit("stage", stage="saving")
            control.should_save = True
            control.should_evaluate = False
            control.should_training_stop = True

    # <evaluation>
    def on_epoch_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        if self.reason is not None:
            control.should_evaluate = False  # the epoch was cut short

    # </evaluation>
