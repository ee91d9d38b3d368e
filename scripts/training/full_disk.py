"""A disk that fills up costs a checkpoint, not the run."""

import shutil
from collections.abc import Callable
from pathlib import Path

from .checkpoints import checkpoint_state, newest_checkpoint
from .events import CannotTrain, alarm
from .saved import SavedModel


# <one_process>
def save_or_alarm(save: Callable[[], None], folder: Path, digest: str, step: int) -> None:
    """A checkpoint that can't be written is tried again in the room of the older ones, and then done without; what
    is there of it goes. Where none is whole yet it is an error: early, and it would only come again."""
    try:
        with_room(save, folder, digest)
    except Exception as error:  # safetensors and torch have errors of their own for a full disk
        if newest_checkpoint(folder, digest) is None:
            raise
        alarm("checkpoint_not_saved", f"step {step}: {error}")


def with_room(save: Callable[[], None], folder: Path, digest: str) -> None:
    """Tries twice: after a failure nothing is kept in `folder` but the newest whole checkpoint, and the best."""
    try:
        save()
    except Exception:
        if not keep_newest(folder, digest):
            raise
        try:
            save()
        except Exception:
            keep_newest(folder, digest)
            raise


def keep_newest(folder: Path, digest: str) -> bool:
    """Whether there was something else to remove."""
    newest = newest_checkpoint(folder, digest)
    state = None if newest is None else checkpoint_state(newest, digest)
    best = None if state is None else state.get("best_model_checkpoint")
    kept = {"uploading", *(Path(path).name for path in (newest, best) if path is not None)}
    others = [path for path in folder.iterdir() if path.name not in kept]
    for path in others:
        shutil.rmtree(path, ignore_errors=True)
    return len(others) > 0


# </one_process>
def save_with_room(save: Callable[[], None], saved: SavedModel, checkpoints: Path) -> None:
    """The trained model. Raises CannotTrain `model_not_saved`; the last checkpoint is kept then."""
    try:
        # <one_process>
        with_room(save, checkpoints, saved.digest)
        # </one_process>
        # <processes>
        save()  # together: none may try again alone
        # </processes>
    except Exception as error:
        saved.discard()
        free = shutil.disk_usage(saved.folder).free / 2**30
        raise CannotTrain(
            "model_not_saved",
            f"the trained model could not be saved in {saved.folder}, with {free:.1f} GiB free: {error}. Its last "
            "checkpoint is kept: make room and start the same plan again, which trains no further and saves it",
        ) from error
