"""Reward `regex`: 1 where the answer matches a pattern, else 0."""

import re
from typing import Any

from .events import CannotTrain
from .reward_text import Reward, per_completion

LONGEST_MATCHED = 20_000  # characters that are looked at: a pattern with nested repeats takes long on long texts


def regex_reward(spec: dict[str, Any]) -> Reward:
    """`pattern`: Python's syntax, found anywhere; `full` true: the whole answer has to match."""
    parameters = spec["parameters"]
    try:
        pattern = re.compile(parameters["pattern"], re.DOTALL)
    except re.error as error:
        raise CannotTrain("bad_regex", f"the reward's pattern is none: {error}") from error
    match = pattern.fullmatch if parameters.get("full") else pattern.search
    return per_completion("regex", None, lambda text, _: float(match(text[:LONGEST_MATCHED]) is not None))
