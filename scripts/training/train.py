"""Training itself, from the beginning or from a checkpoint, on the rows that the trainer left."""

from pathlib import Path
from typing import Any

from transformers import TrainerState

from .callbacks import ReportProgress
from .events import CannotTrain, alarm


def check_rows(trainer: Any, progress: ReportProgress) -> None:
    """The trainer leaves out rows that it can't use, without a word."""
    left = len(trainer.train_dataset)
    if left == 0:
        raise CannotTrain("no_rows", f"none of the {progress.rows} rows was left to train on: validate the data")
    if left < progress.rows and not getattr(trainer.args, "packing", False):
        alarm("rows_dropped", f"{progress.rows - left} of {progress.rows} rows are not trained on")
        progress.rows = left
    # <rewards>
    prompts = trainer.args.generation_batch_size // trainer.args.num_generations
    if left < prompts:  # TRL would end after no step at all
        raise CannotTrain("no_steps", f"a step takes {prompts} prompts, and there are {left}: take smaller steps")
    # </rewards>


def train(trainer: Any, checkpoint: Path | None) -> None:
    if checkpoint is None:
        trainer.train()
        return
    state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
    print(f"Going on from step {state.global_step} of {state.max_steps}")
    # <counted>
    counted = [entry["num_tokens"] for entry in state.log_history if "num_tokens" in entry]
    trainer._total_train_tokens = counted[-1] if counted else 0  # TRL would count from 0 again
    # </counted>
    if state.global_step < state.max_steps:
        trainer.train(resume_from_checkpoint=str(checkpoint))
    else:  # stopped between the last step and the saved model; `train` would add a step
        # <unsharded>
        trainer._load_from_checkpoint(str(checkpoint))
        # </unsharded>
        # <sharded>
        trainer._prepare_for_training(state.max_steps, trainer.get_train_dataloader(), str(checkpoint))
        # </sharded>
        trainer.state = state
