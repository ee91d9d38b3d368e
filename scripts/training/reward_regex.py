"""Reward `regex`: 1 where the answer matches a pattern, else 0."""

import re
from collections.abc import Callable
from typing import Any

from .events import CannotTrain
from .judge import Judge
from .reward_text import Reward, per_completion

LONGEST_MATCHED = 20_000  # characters that are looked at
MATCH_SECONDS = 2.0  # nested repeats such as `(a+)+$` take twice as long with each character more


def regex_reward(spec: dict[str, Any]) -> Reward:
    """`pattern`: Python's syntax, found anywhere; `full` true: the whole answer has to match. An answer that takes
    too long is none that matches."""
    pattern, full = spec["parameters"]["pattern"], bool(spec["parameters"].get("full"))
    try:
        re.compile(pattern, re.DOTALL)
    except re.error as error:
        raise CannotTrain("bad_regex", f"the reward's pattern is none: {error}") from error
    judge = Judge(regex_verdict, MATCH_SECONDS)
    return per_completion("regex", None, lambda text, _: float(judge.ask([pattern, full, text[:LONGEST_MATCHED]])))


def regex_verdict() -> Callable[[Any], bool]:
    """Of `[pattern, full, text]`: whether it matches."""
    import re  # noqa: PLC0415

    def verdict(question: Any) -> bool:
        pattern, full, text = question
        known = re.compile(pattern, re.DOTALL)  # `re` keeps what it compiled
        return (known.fullmatch(text) if full else known.search(text)) is not None

    return verdict
