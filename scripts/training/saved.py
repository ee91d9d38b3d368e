"""The saved model: alone in its folder, and with the weights of the checkpoint that it was saved after."""

from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from .checkpoints import MODEL_FILES, RUN_FILE, newest_checkpoint, read_run_file, step_of, write_run_file
from .events import CannotTrain
from .processes import is_first

BYTES_COMPARED = 2**30  # an adapter whole, and of a large model every so many tensors


class SavedModel:
    """Its folder may hold what another plan's run saved there, which `from_pretrained` could take for this model's,
    and what people put there, which stays."""

    def __init__(self, folder: Path, digest: str) -> None:
        self.folder = folder
        self.digest = digest
        # <processes>
        if not is_first():
            return
        # </processes>
        run = read_run_file(folder / RUN_FILE)
        others = set() if run is None or run.get("digest") == digest else set(run.get("files", []))
        for name in others & set(model_files(folder)):
            (folder / name).unlink()
        self.before = model_files(folder)

    def new_files(self) -> list[str]:
        now = model_files(self.folder)
        return sorted(name for name in now if now[name] != self.before.get(name))

    def discard(self) -> None:
        # <processes>
        if not is_first():
            return
        # </processes>
        for name in self.new_files():
            (self.folder / name).unlink(missing_ok=True)

    def written(self, weights: Path, expected: Path | None, step: int, total_steps: int) -> None:
        """Looks at what was written, and takes down what it is. `weights`: the folder with the trained weights.
        `expected`: the checkpoint that has the same, None where none could be saved. Raises CannotTrain
        `wrong_weights` where they differ."""
        # <processes>
        if not is_first():
            return
        # </processes>
        self.run = {
            "digest": self.digest,
            "complete": False,
            "step": step,
            "total_steps": total_steps,
            "files": self.new_files(),
        }
        if expected is not None and not same_weights(weights, expected):
            self.discard()
            raise CannotTrain(
                "wrong_weights",
                f"the weights saved in {weights} were not those of {expected}, which has the trained ones, and were "
                "removed. Start the same plan again: it trains no further and saves them",
            )
        write_run_file(self.folder, self.run)

    def finish(self) -> None:
        write_run_file(self.folder, {**self.run, "complete": True})


def model_files(folder: Path) -> dict[str, int]:
    """Names, and when they were written."""
    files = [file for file in folder.glob("*") if any(file.match(pattern) for pattern in MODEL_FILES)]
    return {file.name: file.stat().st_mtime_ns for file in files if file.is_file()}


def saved_weights(trainer: Any, folder: Path, digest: str) -> Path | None:
    """The checkpoint with the weights that training ended with."""
    if trainer.args.load_best_model_at_end and trainer.state.best_model_checkpoint is not None:
        return Path(trainer.state.best_model_checkpoint)
    newest = newest_checkpoint(folder, digest)
    return newest if step_of(newest, digest) == trainer.state.global_step else None


def same_weights(folder: Path, checkpoint: Path) -> bool:
    """Whether the weights' files have the same names, and their tensors the same names and values."""
    files = sorted(checkpoint.glob("*.safetensors"))
    if not files or not all((folder / file.name).is_file() for file in files):
        return False
    every = sum(file.stat().st_size for file in files) // BYTES_COMPARED + 1
    every += 1 - every % 2  # odd: an adapter's tensors come in pairs
    for file in files:
        with safe_open(file, "pt") as wanted, safe_open(folder / file.name, "pt") as found:
            names = sorted(wanted.keys())
            if names != sorted(found.keys()):
                return False
            for name in names[::every]:
                one, other = wanted.get_tensor(name).float(), found.get_tensor(name).float()
                if one.shape != other.shape or not torch.allclose(one, other, rtol=0, atol=0, equal_nan=True):
                    return False
    return True
