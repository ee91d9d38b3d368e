"""Progress: one JSON object a line on stdout, beside the ordinary log, for whoever watches the run."""

import json
import math
import os
import sys
import time
from typing import Any


class CannotTrain(Exception):
    """A reason not to train that a person can mend."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def emit(event: str, **fields: Any) -> None:
    """Writes one event."""
    # <processes>
    if os.environ.get("RANK", "0") != "0":
        return  # the first speaks for all
    # </processes>
    line = json.dumps({"hf_llm_trainer": 1, "time": round(time.time(), 3), "event": event, **fields}, allow_nan=False)
    sys.stdout.write(line + "\n")  # one write: another thread's output can't land inside the line
    sys.stdout.flush()


def alarm(code: str, message: str) -> None:
    emit("alarm", code=code, message=message)


def finite(value: Any) -> float | None:
    """The number, or None where it is missing, NaN or infinite: those are not JSON."""
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None
