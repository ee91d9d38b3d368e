"""Training itself, from the beginning or from a checkpoint, on the rows that the trainer left."""

from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState

from .callbacks import ReportProgress
from .events import CannotTrain, alarm
from .safety import OutOfTime


def check_rows(trainer: Any, progress: ReportProgress) -> None:
    """The trainer leaves out rows that it can't use, without a word."""
    left = len(trainer.train_dataset)
    if left == 0:
        raise CannotTrain("no_rows", f"none of the {progress.rows} rows was left to train on: validate the data")
    if left < progress.rows and not getattr(trainer.args, "packing", False):
        alarm("rows_dropped", f"{progress.rows - left} of {progress.rows} rows are not trained on")
        progress.rows = left
    # <evaluation>
    if len(trainer.eval_dataset) == 0:
        progress.eval_rows = 0
        alarm("no_evaluation_rows", "none of the rows held out was left: there is no evaluation")
    # </evaluation>
    # <rewards>
    prompts = trainer.args.generation_batch_size // trainer.args.num_generations
    if left < prompts:  # TRL would end after no step at all
        raise CannotTrain("no_steps", f"a step takes {prompts} prompts, and there are {left}: take smaller steps")
    # </rewards>


class AllTrained(Exception):
    """The checkpoint is of the last step."""


class NoStep(TrainerCallback):
    """`train` loads a checkpoint's weights as each strategy has to, but would add a step to the last."""

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        raise AllTrained


def train(trainer: Any, checkpoint: Path | None) -> None:
    if checkpoint is not None:
        state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
        print(f"Going on from step {state.global_step} of {state.max_steps}")
        best = state.best_model_checkpoint
        if trainer.args.load_best_model_at_end and best is not None and not Path(best).is_dir():
            alarm(
                "best_lost",
                f"the best checkpoint so far, of step {state.best_global_step}, was not kept where this run began: the "
                "model will be that of a later one that is better, or of the last step",
            )
        # <counted>
        counted = [entry["num_tokens"] for entry in state.log_history if "num_tokens" in entry]
        trainer._total_train_tokens = counted[-1] if counted else 0  # TRL would count from 0 again
        # </counted>
        if state.global_step >= state.max_steps:  # stopped between the last step and the saved model
            trainer.callback_handler.callbacks.insert(0, NoStep())
    try:
        trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    except AllTrained:
        trainer.is_in_train = False
        if trainer.args.load_best_model_at_end and trainer.state.best_model_checkpoint is not None:
            trainer._load_best_model()
    # <evaluation>
    except OutOfTime:
        trainer.is_in_train = False
    # </evaluation>
