"""Turns what the trainer does into progress events."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState

from .events import alarm, emit, finite
from .processes import largest

# <measures>
# What a method logs besides its loss, by TRL's names, and what it is called in an event.
MEASURES = {
    "reward": "reward",
    "reward_std": "reward_std",
    "kl": "kl",
    "rewards/margins": "margin",
    "margin": "margin",
    "rewards/accuracies": "accuracy",
    "accuracy": "accuracy",
}


def measured(logs: dict[str, Any]) -> dict[str, float | None]:
    return {name: finite(logs[logged]) for logged, name in MEASURES.items() if logged in logs}


# </measures>
class ReportProgress(TrainerCallback):
    def __init__(self, rows: int, eval_rows: int) -> None:
        self.rows = rows
        self.eval_rows = eval_rows
        # <hub_output>
        self.on_checkpoint: Callable[[Path, int], None] | None = None
        # </hub_output>
        # <evaluation>
        self.trained = False
        # </evaluation>
        self.began = time.monotonic()

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        self.began = time.monotonic()
        emit("stage", stage="training")
        emit(
            "start",
            total_steps=state.max_steps,
            from_step=state.global_step,
            rows=self.rows,
            eval_rows=self.eval_rows,
            device=torch.cuda.get_device_name() if args.device.type == "cuda" else args.device.type,
        )

    def on_log(self, args: Any, state: TrainerState, control: Any, logs: Any = None, **kwargs: Any) -> None:
        if logs is None or "loss" not in logs:
            return
        loss, grad_norm = finite(logs["loss"]), finite(logs.get("grad_norm"))
        peak: float = torch.cuda.max_memory_allocated() if args.device.type == "cuda" else 0
        # <processes>
        peak = largest(peak)
        # </processes>
        emit(
            "step",
            step=state.global_step,
            total_steps=state.max_steps,
            loss=loss,
            learning_rate=finite(logs.get("learning_rate")),
            grad_norm=grad_norm,
            tokens=finite(logs.get("num_tokens")),
            gpu_memory_gib=round(peak / 2**30, 2) if args.device.type == "cuda" else None,
            seconds=round(time.monotonic() - self.began, 3),
            # <measures>
            **measured(logs),
            # </measures>
        )
        if loss is None:
            alarm("loss_not_finite", f"the loss at step {state.global_step} is {logs['loss']}")
        elif "grad_norm" in logs and grad_norm is None:
            alarm("grad_norm_not_finite", f"the gradient's norm at step {state.global_step} is {logs['grad_norm']}")

    # <evaluation>
    def on_evaluate(self, args: Any, state: TrainerState, control: Any, metrics: Any = None, **kwargs: Any) -> None:
        values = {name.removeprefix("eval_"): value for name, value in (metrics or {}).items()}
        emit(
            "eval",
            when="after" if self.trained else "during" if state.global_step > 0 else "before",
            step=state.global_step,
            eval_loss=finite(values.get("loss")),
            # <measures>
            **measured(values),
            # </measures>
        )

    # </evaluation>
    def on_save(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        checkpoint = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
        if not checkpoint.exists():  # an alarm said why
            return
        emit("checkpoint", step=state.global_step)
        # <hub_output>
        if self.on_checkpoint is not None and state.is_world_process_zero:
            self.on_checkpoint(checkpoint, state.global_step)
        # </hub_output>
