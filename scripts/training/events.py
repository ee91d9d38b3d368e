"""Progress: one JSON object a line on stdout, beside the ordinary log, for whoever watches the run."""

import json
import math
import os
import sys
import time
from contextlib import suppress
from typing import Any, TextIO, cast


class CannotTrain(Exception):
    """A reason not to train that a person can mend."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Lossy:
    """A stream that loses what can't be written, on a full disk or where nobody reads any more, and not the run."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # asked of a copy that has no stream yet
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        with suppress(OSError):
            self.stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self.stream.flush()


def outlive_readers() -> None:
    # Python has None for a stream that was closed before it began.
    out, err = (
        stream or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
        for stream in (sys.stdout, sys.stderr)
    )
    sys.stdout, sys.stderr = cast(TextIO, Lossy(out)), cast(TextIO, Lossy(err))


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
