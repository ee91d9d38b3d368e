"""Checkpoints that know which plan they belong to, so that another plan's is never gone on from."""

import json
import os
from pathlib import Path
from typing import Any

from transformers import TrainerCallback
from transformers.trainer_callback import ExportableState

from .events import emit

RUN_FILE = "hf-llm-trainer.json"


class PlanDigest(TrainerCallback, ExportableState):
    """Writes the plan's digest into `trainer_state.json`, the last file of a checkpoint: where it can be read, the
    checkpoint is whole."""

    def __init__(self, digest: str) -> None:
        self.digest = digest

    def state(self) -> dict[str, Any]:
        return {"args": {"digest": self.digest}, "attributes": {}}


def checkpoint_state(folder: Path, digest: str) -> dict[str, Any] | None:
    """The trainer's state in a checkpoint, or None where it is not whole or not this plan's."""
    try:
        state = json.loads((folder / "trainer_state.json").read_text())
        return state if state["stateful_callbacks"]["PlanDigest"]["args"]["digest"] == digest else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def newest_checkpoint(folder: Path, digest: str) -> Path | None:
    states = {path: checkpoint_state(path, digest) for path in folder.glob("*checkpoint*")}
    steps = {path: state["global_step"] for path, state in states.items() if state is not None}
    return max(steps, key=lambda path: steps[path], default=None)


def ensure_checkpoint(trainer: Any, folder: Path, digest: str) -> None:
    """Saves the step that the trainer stopped at, where that is not done: others than we may stop it."""
    step = trainer.state.global_step
    if checkpoint_state(folder / f"checkpoint-{step}", digest) is None:
        trainer._save_checkpoint(trainer.model, trial=None)
        emit("checkpoint", step=step)


def write_run_file(folder: Path, run: dict[str, Any]) -> None:
    """What the folder holds, for a later attempt and for people. Appears whole or not at all."""
    partial = folder / f".{RUN_FILE}"
    partial.write_text(json.dumps(run, indent=2) + "\n")
    os.replace(partial, folder / RUN_FILE)


def is_finished(run_file: Path, digest: str) -> bool:
    try:
        run = json.loads(run_file.read_text())
        return bool(run["digest"] == digest and run["complete"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
