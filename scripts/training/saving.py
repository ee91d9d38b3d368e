"""How the trainer saves a checkpoint."""

import shutil
from functools import partial
from pathlib import Path
from typing import Any

from .full_disk import save_or_alarm
from .processes import from_first, meet


def save_safely(trainer: Any, folder: Path, digest: str) -> None:
    """Into a folder that is empty: transformers would leave another plan's weights beside. `folder`: of all
    checkpoints. Several processes write one together: its last file, its state, when every process has written its
    part, and nobody goes on before."""
    save = trainer._save_checkpoint

    def save_checkpoint(*args: Any, **kwargs: Any) -> None:
        step = trainer.state.global_step
        clear = partial(shutil.rmtree, folder / f"checkpoint-{step}", ignore_errors=True)
        # <one_process>
        clear()
        save_or_alarm(partial(save, *args, **kwargs), folder, digest, step)
        # </one_process>
        # <processes>
        from_first(clear)
        save(*args, **kwargs)
        meet()
        # </processes>

    trainer._save_checkpoint = save_checkpoint
    # <processes>
    save_part = trainer._save_rng_state

    def part_and_wait(*args: Any) -> None:
        save_part(*args)
        meet()

    trainer._save_rng_state = part_and_wait
    # </processes>
