"""What a run is told by whoever starts it, and what it tells nobody."""

import hashlib
import os
import time

import datasets
import huggingface_hub
import transformers

from .plan import PLAN

# Set by whoever starts this script; by hand none is needed.
TIMEOUT_SECONDS = float(os.environ.get("HF_LLM_TRAINER_TIMEOUT_SECONDS") or PLAN["limits"]["timeout_seconds"])
STARTED_AT = float(os.environ.get("HF_LLM_TRAINER_STARTED_AT") or time.time())  # unix time: installing counts, too
DIGEST = os.environ.get("HF_LLM_TRAINER_DIGEST") or hashlib.sha256(ascii(PLAN).encode()).hexdigest()
RESUME = os.environ.get("HF_LLM_TRAINER_RESUME") != "0"


def be_quiet() -> None:
    """Progress bars have no line ends, and events are lines. Nothing is told to anybody about this run."""
    datasets.disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()
    huggingface_hub.utils.disable_progress_bars()
    huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY = True
