"""Checkpoints that know which plan they belong to, so that another plan's is never gone on from."""

import json
import os
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState
from transformers.trainer_callback import ExportableState

from .events import emit
from .processes import from_first

RUN_FILE = "hf-llm-trainer.json"
# Those that one model may have and another not, and that `from_pretrained` looks for.
MODEL_FILES = ["*.safetensors", "*.safetensors.index.json", "*.bin", "adapter_config.json"]

# Of no use to a later attempt, and not uploaded.
BESIDE = ("trainer_state.json", "training_args.bin", "README.md")


class PlanDigest(TrainerCallback, ExportableState):
    """Writes the plan's digest and the sizes of the other files into `trainer_state.json`, the last file of a
    checkpoint: what was cut short by a crash or a full disk is known by them. And notes for the model's card, which
    a later attempt has no other way to know."""

    def __init__(self, digest: str, folder: Path, checkpoint: Path | None) -> None:
        """`checkpoint`: the one that is gone on from."""
        self.digest = digest
        self.folder = folder
        self.step = -1
        state = None if checkpoint is None else checkpoint_state(checkpoint, digest)
        args = {} if state is None else state["stateful_callbacks"]["PlanDigest"]["args"]
        self.notes: dict[str, Any] = args.get("notes", {})
        self.began = time.monotonic() - self.notes.get("seconds", 0.0)

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        self.step = state.global_step

    def state(self) -> dict[str, Any]:
        files = (self.folder / f"checkpoint-{self.step}").glob("*")
        sizes = {file.name: file.stat().st_size for file in files if file.is_file() and file.name not in BESIDE}
        return {"args": {"digest": self.digest, "sizes": sizes, "notes": self.told()}, "attributes": {}}

    def told(self) -> dict[str, Any]:
        """The notes, with the seconds that this run took so far, all its attempts together."""
        return {**self.notes, "seconds": time.monotonic() - self.began}


def checkpoint_state(folder: Path, digest: str) -> dict[str, Any] | None:
    """The trainer's state in a checkpoint, or None where there is none, half of one or another plan's. Raises the
    OSError of a disk or a mount that fails: the checkpoint may be there."""
    try:
        state = json.loads((folder / "trainer_state.json").read_text())
        return state if state["stateful_callbacks"]["PlanDigest"]["args"]["digest"] == digest else None
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None


def is_whole(folder: Path, digest: str) -> bool:
    state = checkpoint_state(folder, digest)
    if state is None:
        return False
    sizes = state["stateful_callbacks"]["PlanDigest"]["args"].get("sizes", {})
    try:  # `Path.is_file` and `Path.glob` take what a mount can't say for a no
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except FileNotFoundError:
        return False


def step_of(checkpoint: Path | None, digest: str) -> int:
    """-1 for none, and for another plan's."""
    state = None if checkpoint is None else checkpoint_state(checkpoint, digest)
    return -1 if state is None else int(state["global_step"])


def newest_checkpoint(folder: Path, digest: str) -> Path | None:
    whole = [folder / name for name in os.listdir(folder) if "checkpoint" in name and is_whole(folder / name, digest)]
    return max(whole, key=lambda path: step_of(path, digest), default=None)


def ensure_checkpoint(trainer: Any, folder: Path, digest: str) -> None:
    """Saves the step that the trainer stopped at, where that is not done: others than we may stop it."""
    step = trainer.state.global_step
    missing = not is_whole(folder / f"checkpoint-{step}", digest)
    # <processes>
    missing = from_first(lambda: missing)  # the first may have more to write than the others
    # </processes>
    if missing:
        trainer._save_checkpoint(trainer.model, trial=None)
        if is_whole(folder / f"checkpoint-{step}", digest):
            emit("checkpoint", step=step)


def write_run_file(folder: Path, run: dict[str, Any]) -> None:
    """What the folder holds, for a later attempt and for people. Appears whole or not at all."""
    partial = folder / f".{RUN_FILE}"
    partial.write_text(json.dumps(run, indent=2) + "\n")
    os.replace(partial, folder / RUN_FILE)


def read_run_file(file: Path) -> dict[str, Any] | None:
    """None where it is missing or nothing of ours."""
    try:
        run = json.loads(file.read_text())
    except (OSError, ValueError):
        return None
    return run if isinstance(run, dict) else None


def is_finished(run_file: Path, digest: str) -> bool:
    run = read_run_file(run_file)
    return run is not None and run.get("digest") == digest and run.get("complete") is True
