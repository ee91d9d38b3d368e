"""The run, from data to a saved model."""

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub
import transformers
from transformers import TrainerCallback, TrainerState, set_seed

from .arguments import trainer_arguments
from .callbacks import ReportProgress
from .card import model_card
from .checkpoints import RUN_FILE, PlanDigest, ensure_checkpoint, is_finished, newest_checkpoint, write_run_file
from .curves import Curves, usable_space
from .data import load_rows
from .events import CannotTrain, alarm, emit
from .hub_output import HubRepo
from .merge import merge_adapter, save_merged
from .model import adapter_tokenizer, check_chat_template, load_tokenizer, model_arguments
from .pairs import mixed_rows
from .plan import PLAN
from .reward_trial import try_reward
from .reward_watch import RewardsVary
from .safety import EXIT_STOPPED, OutOfTime, StopInTime, deadline_margin
from .samples import answer_questions, first_questions
from .scores import score_pairs
from .sft import make_trainer
from .share import shareable

# Set by whoever starts this script; by hand none is needed.
TIMEOUT_SECONDS = float(os.environ.get("HF_LLM_TRAINER_TIMEOUT_SECONDS") or PLAN["limits"]["timeout_seconds"])
STARTED_AT = float(os.environ.get("HF_LLM_TRAINER_STARTED_AT") or time.time())  # unix time: installing counts, too
DIGEST = os.environ.get("HF_LLM_TRAINER_DIGEST") or hashlib.sha256(ascii(PLAN).encode()).hexdigest()
RESUME = os.environ.get("HF_LLM_TRAINER_RESUME") != "0"


def main() -> int:
    began = time.monotonic()
    deadline = began - (time.time() - STARTED_AT) + TIMEOUT_SECONDS
    stop = StopInTime(deadline - deadline_margin(TIMEOUT_SECONDS, PLAN["limits"]["saving_seconds"]))
    stop.watch_signals()
    be_quiet()

    output = PLAN["output"]
    folder = Path(output["folder"] or tempfile.mkdtemp(prefix="hf-llm-trainer-"))
    checkpoints = folder / "checkpoints"
    # <folder_output>
    finished = is_finished(folder / RUN_FILE, DIGEST)
    # </folder_output>
    # <hub_output>
    repo = HubRepo(output["repo_id"], output["private"], deadline)
    repo.prepare()
    finished = repo.is_finished(DIGEST)
    # </hub_output>
    if RESUME and finished:
        print("This run is finished already: its model is not trained further.")
        emit("done", step=PLAN["recipe"]["total_steps"], seconds=0)
        return 0
    if not RESUME:
        shutil.rmtree(checkpoints, ignore_errors=True)
    checkpoints.mkdir(parents=True, exist_ok=True)
    # <hub_output>
    if RESUME:
        repo.download_checkpoint(checkpoints, DIGEST)
    # </hub_output>
    checkpoint = newest_checkpoint(checkpoints, DIGEST)

    emit("stage", stage="loading_data")
    seed = PLAN["recipe"]["training_args"].get("seed", 42)
    rows, held_out = load_rows(PLAN["dataset"], seed)
    # <kto>
    rows = mixed_rows(rows, seed)
    # </kto>
    # <rewards>
    emit("stage", stage="checking_reward")
    try_reward(PLAN["reward"], rows, strict=False)
    # </rewards>

    emit("stage", stage="loading_model")
    model, model_init = PLAN["model"]["id"], model_arguments(PLAN["model"], PLAN["recipe"])
    tokenizer = load_tokenizer(PLAN["model"])
    # <adapter>
    tokenizer = adapter_tokenizer(PLAN["model"]["adapter"]) or tokenizer
    model = merge_adapter(model, model_init, PLAN["model"]["adapter"], folder / "merged-base")
    model_init.pop("revision", None)
    # </adapter>
    # <conversational>
    check_chat_template(tokenizer, PLAN["model"], PLAN["recipe"])
    # </conversational>
    space_id: str | None = None
    # <space>
    space_id = usable_space(output["trackio"]["space_id"], output["trackio"]["private"])
    # </space>
    progress = ReportProgress(len(rows), len(held_out or []))
    # <hub_output>
    progress.on_checkpoint = repo.upload_checkpoint
    # </hub_output>
    curves = Curves()
    callbacks: list[TrainerCallback] = [PlanDigest(DIGEST), stop, progress, curves]
    # <rewards>
    callbacks.append(RewardsVary())
    # </rewards>
    set_seed(seed)  # LoRA draws its first weights while the trainer is made
    trainer = make_trainer(
        PLAN,
        trainer_arguments(PLAN, checkpoints, model_init, space_id),
        model=model,
        processing_class=tokenizer,
        train_dataset=rows,
        eval_dataset=held_out,
        callbacks=callbacks,
    )
    check_rows(trainer, progress)

    # <samples>
    questions = first_questions(rows if held_out is None else held_out)
    if checkpoint is None:
        answer_questions(trainer, questions, "before")
    # </samples>
    # <scores>
    if checkpoint is None:
        score_pairs(trainer, "before")
    # </scores>
    # <evaluation>
    if checkpoint is None:
        emit("stage", stage="evaluating")
        trainer.evaluate()
    # </evaluation>
    history = list(trainer.state.log_history)
    train(trainer, checkpoint)
    step, total_steps = trainer.state.global_step, trainer.state.max_steps
    if step == 0:
        raise CannotTrain("no_steps", "training ended before its first step: there are too few rows for one")

    if stop.reason is not None or step < total_steps:
        ensure_checkpoint(trainer, checkpoints, DIGEST)
        # <hub_output>
        emit("stage", stage="pushing")
        card = model_card(PLAN, step, total_steps, history + trainer.state.log_history)
        repo.upload_last_checkpoint(checkpoints / f"checkpoint-{step}", step, card)
        # </hub_output>
        curves.finish()
        emit("stopped", reason=stop.reason or "early", step=step)
        return EXIT_STOPPED

    emit("stage", stage="saving")
    # <whole_output>
    trainer.save_model(str(folder))
    # </whole_output>
    # <merged_output>
    save_merged(trainer, model, model_init, folder)
    # </merged_output>
    # <adapter>
    shutil.rmtree(model)
    # </adapter>
    # <evaluation>
    progress.when = "after"
    if stop.has_time():
        emit("stage", stage="evaluating")
        with contextlib.suppress(OutOfTime):
            trainer.evaluate()
    # </evaluation>
    # <samples>
    if stop.has_time():
        answer_questions(trainer, questions, "after")
    # </samples>
    # <scores>
    if stop.has_time():
        score_pairs(trainer, "after")
    # </scores>
    describe(folder, model_card(PLAN, step, total_steps, history + trainer.state.log_history))
    write_run_file(folder, {"digest": DIGEST, "complete": True, "step": step, "total_steps": total_steps})
    emit("saved", path=str(folder))
    # <hub_output>
    emit("stage", stage="pushing")
    repo.upload_model(folder)
    # </hub_output>
    curves.finish()
    emit("done", step=step, seconds=round(time.monotonic() - began, 1))
    return 0


def be_quiet() -> None:
    """Progress bars have no line ends, and events are lines. Nothing is told to anybody about this run."""
    datasets.disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()
    huggingface_hub.utils.disable_progress_bars()
    huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY = True


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
    if state.global_step < state.max_steps:
        trainer.train(resume_from_checkpoint=str(checkpoint))
    else:  # stopped between the last step and the saved model; `train` would add a step
        trainer._load_from_checkpoint(str(checkpoint))
        trainer.state = state


def describe(folder: Path, card: str) -> None:
    """What a stranger needs: the card, and the script. Not the trainer's pickled arguments, full of paths."""
    (folder / "README.md").write_text(card, encoding="utf-8")
    # <own_script>
    shutil.copyfile(__file__, folder / "train.py")
    # </own_script>
    # <shared_script>
    script = Path(__file__).read_text(encoding="utf-8")
    (folder / "train.py").write_text(shareable(script, PLAN), encoding="utf-8")
    # </shared_script>
    (folder / "training_args.bin").unlink(missing_ok=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CannotTrain as reason:
        alarm(reason.code, str(reason))
        sys.exit(f"Cannot train: {reason}")
