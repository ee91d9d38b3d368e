"""Reward `format`: 1 where the answer consists of given tags, once each, in order, nothing around them; else 0."""

import re
from typing import Any

from .reward_text import Reward, per_completion


def format_reward(spec: dict[str, Any]) -> Reward:
    """`tags`: their names, by default `think` and `answer`."""
    parameters = spec["parameters"]
    tags = parameters.get("tags", ["think", "answer"])
    parts = [f"<{re.escape(tag)}>(?P<part{number}>.*?)</{re.escape(tag)}>" for number, tag in enumerate(tags)]
    pattern = re.compile(r"\s*" + r"\s*".join(parts) + r"\s*", re.DOTALL)

    def score(text: str, _: Any) -> float:
        once = all(text.count(f"<{tag}>") == 1 and text.count(f"</{tag}>") == 1 for tag in tags)
        match = pattern.fullmatch(text) if once else None
        return float(match is not None and all(part.strip() for part in match.groups()))

    return per_completion("format", None, score)
