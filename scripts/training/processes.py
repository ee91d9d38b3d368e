"""Several processes, each with its share of every batch: what they agree on, and what the first does for all."""

import math
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from typing import Any, NoReturn, TypeVar

import torch
from torch import distributed
from torch.distributed.distributed_c10d import _set_pg_timeout
from transformers import TrainerCallback, TrainerControl, TrainerState

from .events import CannotTrain

Made = TypeVar("Made")
# Where the first process notes the folder of a model that is trained and not yet evaluated, and what it is given
# where that failed.
TRAINED_NOTE, TRAINED_FOLDER = "HF_LLM_TRAINER_TRAINED_NOTE", "HF_LLM_TRAINER_TRAINED_FOLDER"
# A folder with a file for each upload that is under way.
BUSY_FOLDER = "HF_LLM_TRAINER_BUSY_FOLDER"
# How long one may wait for another within a step: torch's own limit between CPUs.
STEP_WAIT = timedelta(minutes=30)


def join(seconds: float) -> None:
    """`seconds`: how long one may wait for another, who merges, tokenizes or writes meanwhile. What is on the CPU is
    exchanged without waiting for the GPUs."""
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backend, timeout=timedelta(seconds=seconds))


class HungSteps(TrainerCallback):
    """One that never comes ends the run, which goes on from its checkpoint: not when all of its time is over."""

    def __init__(self, seconds: float) -> None:
        """`seconds`: how long one may wait between steps, as in `join`."""
        self.between = timedelta(seconds=seconds)

    def on_step_begin(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        _set_pg_timeout(min(STEP_WAIT, self.between))

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        _set_pg_timeout(self.between)


def is_first() -> bool:
    return distributed.get_rank() == 0


def largest(value: float) -> float:
    """The largest of all processes. They all have to ask."""
    if not distributed.is_initialized():
        return value
    box = torch.tensor([value], dtype=torch.float64)
    distributed.all_reduce(box, distributed.ReduceOp.MAX)
    return float(box)


def meet() -> None:
    """Returns when all are here."""
    largest(0)


def from_first(make: Callable[[], Made]) -> Made:
    """What the first process makes or finds, for all."""
    box: list[Any] = [make() if is_first() else None]
    distributed.broadcast_object_list(box, device=torch.device("cpu"))
    return box[0]


def first_goes_ahead() -> None:
    """The others wait until the first calls `others_follow`: they find in its caches what it made."""
    if not is_first():
        meet()


def others_follow() -> None:
    if is_first():
        meet()


def leave_to_first(code: int) -> None:
    """What is left to do is the first's. The others end without a clean-up that could fail, and stop the first."""
    meet()
    if not is_first():
        os._exit(code)


@contextmanager
def first_is_busy() -> Iterator[None]:
    """Should another process fail meanwhile, the first is given time to end what it does."""
    with ExitStack() as notes:
        with suppress(OSError):  # a full disk
            notes.enter_context(tempfile.NamedTemporaryFile(dir=os.environ[BUSY_FOLDER]))
        yield


def end_as(run: Callable[[], int]) -> NoReturn:
    """Ends the process as `run` does, and at once: in Python's own clean-up, what listens to the others can abort
    where one of them is gone. One that fails stays for a moment, and so the first to fail is the first to leave."""
    code = 1
    try:
        code = run()
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    sys.stdout.flush()
    sys.stderr.flush()
    if code != 0:
        time.sleep(1)
    os._exit(code)


# <copies>
class SharedGradients(TrainerCallback):
    """Each process has the whole model, and all make the same step of the gradients of all. Should they not, only
    the first's share of the data would be learned, without a word."""

    checked = False

    def on_pre_optimizer_step(
        self, args: Any, state: TrainerState, control: TrainerControl, model: Any = None, **kwargs: Any
    ) -> None:
        if self.checked:
            return
        sums = [float(one.grad.sum(dtype=torch.float32)) for one in model.parameters() if one.grad is not None]
        apart = largest(sum(sums)) + largest(-sum(sums))
        size = largest(sum(map(abs, sums)))
        self.checked = math.isfinite(apart)  # half precision begins with gradients that aren't
        if self.checked and apart > 1e-3 * size:
            raise CannotTrain("processes_apart", "the processes don't share their gradients")


# </copies>
