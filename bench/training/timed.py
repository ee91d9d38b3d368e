"""Runs a training script and prints, as JSON, how long `train` took, and what of it the hooks of the script's own
callbacks had: seconds of the trainer's thread on a processor.

`python timed.py all|none <script>`: with its callbacks, or without them.
"""

import json
import runpy
import sys
import time
from collections.abc import Callable
from typing import Any

from transformers import Trainer, TrainerCallback

keep, script = sys.argv[1:]
spent: dict[str, float] = {}
make, train = Trainer.__init__, Trainer.train


def timed(name: str, hook: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        began = time.thread_time()
        try:
            return hook(*args, **kwargs)
        finally:
            spent[name] = spent.get(name, 0.0) + time.thread_time() - began

    return call


def made(trainer: Trainer, *args: Any, callbacks: list[TrainerCallback], **kwargs: Any) -> None:
    for callback in callbacks:
        for name in dir(callback):
            if (name == "state" or name.startswith("on_")) and callable(getattr(callback, name)):
                setattr(callback, name, timed(f"{type(callback).__name__}.{name}", getattr(callback, name)))
    make(trainer, *args, callbacks=callbacks if keep == "all" else None, **kwargs)


def trained(trainer: Trainer, *args: Any, **kwargs: Any) -> Any:
    began, began_cpu = time.perf_counter(), time.process_time()
    result = train(trainer, *args, **kwargs)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - began_cpu
    print(json.dumps({"timed": {"seconds": seconds, "cpu_seconds": cpu_seconds, "spent": spent}}))
    return result


Trainer.__init__, Trainer.train = made, trained
sys.argv = [script]
runpy.run_path(script, run_name="__main__")
