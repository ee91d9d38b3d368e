"""The run, from data to a saved model."""

import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from transformers import TrainerCallback, set_seed

from .arguments import trainer_arguments
from .callbacks import ReportProgress
from .card import model_card
from .checkpoints import RUN_FILE, PlanDigest, ensure_checkpoint, is_finished, newest_checkpoint
from .curves import Curves, usable_space
from .data import keep_tables_in, load_rows
from .downloads import with_files_here
from .events import CannotTrain, alarm, emit, outlive_readers
from .full_disk import save_with_room
from .hub_checkpoints import StoredCheckpoints
from .hub_output import HubRepo
from .last_evaluation import evaluate_trained
from .launch import run_processes
from .merge import merge_adapter, save_merged
from .model import adapter_tokenizer, check_chat_template, load_tokenizer, model_arguments, save_processor
from .pairs import mixed_rows
from .plan import PLAN
from .processes import (
    TRAINED_FOLDER,
    HungSteps,
    SharedGradients,
    end_as,
    first_goes_ahead,
    from_first,
    join,
    leave_to_first,
    others_follow,
)
from .reward_trial import try_reward
from .reward_watch import RewardsVary
from .safety import EXIT_STOPPED, StopInTime, deadline_margin
from .samples import answer_questions, first_questions
from .saved import SavedModel, saved_weights
from .saving import save_safely
from .scores import score_pairs
from .sft import make_trainer
from .share import describe
from .surroundings import DIGEST, RESUME, STARTED_AT, TIMEOUT_SECONDS, be_quiet
from .train import check_rows, train


def main(cleanup: ExitStack) -> int:
    began = time.monotonic()
    deadline = began - (time.time() - STARTED_AT) + TIMEOUT_SECONDS
    stop = StopInTime(deadline - deadline_margin(TIMEOUT_SECONDS, PLAN["limits"]["stopping_seconds"]))
    stop.watch_signals()
    be_quiet()
    # <processes>
    join(TIMEOUT_SECONDS)
    # </processes>

    output = PLAN["output"]
    curves = Curves()
    cleanup.callback(curves.finish)
    # <one_process>
    folder = Path(output["folder"] or tempfile.mkdtemp(prefix="hf-llm-trainer-"))
    # </one_process>
    # <processes>
    trained = os.environ.get(TRAINED_FOLDER)
    folder = Path(output["folder"] or trained or from_first(tempfile.mkdtemp))
    # </processes>
    checkpoints = folder / "checkpoints"
    # <hub_output>
    repo = HubRepo(output["repo_id"], output["private"], deadline)
    store = StoredCheckpoints(repo, output, DIGEST)
    # </hub_output>

    def find_start() -> tuple[bool, Path | None]:
        """Whether all is done already, and the checkpoint to go on from."""
        # <folder_output>
        finished = is_finished(folder / RUN_FILE, DIGEST)
        # </folder_output>
        # <hub_output>
        repo.prepare()
        finished = repo.is_finished(DIGEST)
        # </hub_output>
        # <processes>
        finished = finished and trained is None
        # </processes>
        if RESUME and finished:
            # <hub_output>
            store.forget(folder)
            # </hub_output>
            return True, None
        if not RESUME:
            shutil.rmtree(checkpoints, ignore_errors=True)
        checkpoints.mkdir(parents=True, exist_ok=True)
        # <hub_output>
        store.open(checkpoints, RESUME)
        # </hub_output>
        return False, newest_checkpoint(checkpoints, DIGEST)

    # <one_process>
    finished, checkpoint = find_start()
    # </one_process>
    # <processes>
    finished, checkpoint = from_first(find_start)
    # </processes>
    # <hub_output>
    cleanup.enter_context(store.outlives(checkpoints))
    # </hub_output>
    if finished:
        print("This run is finished already: its model is not trained further.")
        emit("done", step=PLAN["recipe"]["total_steps"], seconds=0)
        return 0

    emit("stage", stage="loading_data")
    seed = PLAN["recipe"]["training_args"].get("seed", 42)
    # <processes>
    first_goes_ahead()
    # </processes>
    tables = folder / ".tables"
    keep_tables_in(tables)
    rows, held_out = load_rows(PLAN["dataset"], seed)
    # <kto>
    rows = mixed_rows(rows, seed)
    # </kto>
    # <rewards>
    emit("stage", stage="checking_reward")
    try_reward(PLAN["reward"], rows, strict=False)
    # </rewards>

    emit("stage", stage="loading_model")
    # <local_model>
    source = PLAN["model"]
    # </local_model>
    # <hub_model>
    source = with_files_here(PLAN["model"])
    # </hub_model>
    model, model_init = source["id"], model_arguments(PLAN["recipe"])
    tokenizer = load_tokenizer(source)
    # <adapter>
    tokenizer = adapter_tokenizer(source["adapter"]) or tokenizer
    # </adapter>
    # <processes>
    others_follow()
    # </processes>
    # <merged_one>
    model = merge_adapter(model, model_init, source["adapter"], folder / "merged-base")
    # </merged_one>
    # <merged_first>
    base = model
    model = from_first(lambda: merge_adapter(base, model_init, source["adapter"], folder / "merged-base"))
    # </merged_first>
    # <conversational>
    check_chat_template(tokenizer, PLAN["model"], PLAN["recipe"])
    # </conversational>
    # <no_space>
    space_id: str | None = None
    # </no_space>
    # <space>
    # <one_process>
    space_id = usable_space(output["trackio"]["space_id"], output["trackio"]["private"])
    # </one_process>
    # <processes>
    space_id = from_first(lambda: usable_space(output["trackio"]["space_id"], output["trackio"]["private"]))
    # </processes>
    # </space>
    progress = ReportProgress(len(rows), len(held_out or []))
    # <hub_output>
    progress.on_checkpoint = store.upload_checkpoint
    # </hub_output>
    record = PlanDigest(DIGEST, checkpoints, checkpoint)
    callbacks: list[TrainerCallback] = [record, stop, progress, curves]
    # <processes>
    callbacks.append(HungSteps(TIMEOUT_SECONDS))
    # </processes>
    # <copies>
    callbacks.append(SharedGradients())
    # </copies>
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
    save_safely(trainer, checkpoints, DIGEST)

    # <samples>
    questions = first_questions(rows if held_out is None else held_out)
    if checkpoint is None:
        record.notes["samples_before"] = answer_questions(trainer, questions, "before")
    # </samples>
    # <scores>
    if checkpoint is None:
        record.notes["samples_before"] = score_pairs(trainer, "before")
    # </scores>
    # <evaluation_alone>
    if checkpoint is None:
        emit("stage", stage="evaluating")
        record.notes["evaluation_before"] = trainer.evaluate()
    # </evaluation_alone>
    # <evaluation_together>
    # Not before training begins: a model that was evaluated already isn't shared, and each would train its own.
    trainer.args.eval_on_start = checkpoint is None
    # </evaluation_together>
    train(trainer, checkpoint)
    step, total_steps = trainer.state.global_step, trainer.state.max_steps
    if step == 0:
        raise CannotTrain("no_steps", "training ended before its first step: there are too few rows for one")

    if stop.reason is not None or step < total_steps:
        ensure_checkpoint(trainer, checkpoints, DIGEST)
        # <processes>
        leave_to_first(EXIT_STOPPED)
        # </processes>
        # <hub_output>
        emit("stage", stage="pushing")
        if store.upload_last_checkpoint(checkpoints / f"checkpoint-{step}", step):
            repo.upload_card(model_card(step, total_steps, trainer.state.log_history, record.told()))
        # </hub_output>
        curves.finish()
        emit("stopped", reason=stop.reason or "early", step=step)
        # <hub_output>
        store.leave(EXIT_STOPPED)
        # </hub_output>
        return EXIT_STOPPED

    emit("stage", stage="saving")
    saved = SavedModel(folder, DIGEST)
    # <whole_output>
    save_with_room(lambda: trainer.save_model(str(folder)), saved, checkpoints)
    weights = folder
    # </whole_output>
    # <merged_output>
    save_with_room(lambda: save_merged(trainer, model, model_init, folder), saved, checkpoints)
    weights = Path(model) / "adapter"
    # </merged_output>
    saved.written(weights, saved_weights(trainer, checkpoints, DIGEST), step, total_steps)
    # <evaluation>
    progress.trained = True
    emit("stage", stage="evaluating")
    evaluation = evaluate_trained(trainer, folder)
    if evaluation is not None:
        record.notes["evaluation_after"] = evaluation
    # </evaluation>
    # <processes>
    leave_to_first(0)
    # </processes>
    # <adapter>
    shutil.rmtree(model)
    # </adapter>
    # <samples>
    if stop.has_time():
        record.notes["samples_after"] = answer_questions(trainer, questions, "after")
    # </samples>
    # <scores>
    if stop.has_time():
        record.notes["samples_after"] = score_pairs(trainer, "after")
    # </scores>
    # <blindfolded>
    save_processor(source, trainer.processing_class, folder)
    # </blindfolded>
    describe(folder, PLAN, model_card(step, total_steps, trainer.state.log_history, record.told()))
    saved.finish()
    shutil.rmtree(tables, ignore_errors=True)
    emit("saved", path=str(folder))
    # <hub_output>
    emit("stage", stage="pushing")
    store.wait(60)  # the model itself is worth more than its last checkpoint
    repo.upload_model(folder, store.rescue, store.forget)
    # </hub_output>
    curves.finish()
    emit("done", step=step, seconds=round(time.monotonic() - began, 1))
    # <hub_output>
    store.leave(0)
    # </hub_output>
    return 0


def run() -> int:
    try:
        with ExitStack() as cleanup:
            return main(cleanup)
    except CannotTrain as reason:
        alarm(reason.code, str(reason))
        print(f"Stopped: {reason}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    outlive_readers()
    # <one_process>
    sys.exit(run())
    # </one_process>
    # <processes>
    if "LOCAL_RANK" in os.environ:
        end_as(run)
    sys.exit(run_processes(PLAN["launch"]["processes"], PLAN["launch"]["accelerate"], STARTED_AT))
    # </processes>
