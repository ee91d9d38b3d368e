"""The evaluation of a trained model, without which it is still worth saving."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .events import alarm
from .processes import TRAINED_FOLDER, TRAINED_NOTE, is_first, meet
from .safety import OutOfTime


def evaluate_trained(trainer: Any, folder: Path) -> dict[str, float] | None:
    """None where there is no time for it, or it fails. `folder`: of the saved model."""
    # <processes>
    if TRAINED_FOLDER in os.environ:
        return None
    # </processes>
    metrics: dict[str, float] | None = None
    # <one_process>
    try:
        metrics = trainer.evaluate()
    except OutOfTime:
        pass
    except Exception as error:
        alarm("no_evaluation", f"the trained model could not be evaluated: {error}")
    # </one_process>
    # <processes>
    with trained_in(folder), suppress(OutOfTime):
        metrics = trainer.evaluate()
    # </processes>
    return metrics


# <processes>
@contextmanager
def trained_in(folder: Path) -> Iterator[None]:
    """Where one process fails, the others wait for it and can do nothing more: whoever started them sees the note,
    and starts them again to do without."""
    note = Path(os.environ.get(TRAINED_NOTE, os.devnull))
    if is_first():
        note.write_text(str(folder.absolute()))
    yield
    meet()
    if is_first() and note.is_file():
        note.unlink()


# </processes>
