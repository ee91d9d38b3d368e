"""Reward `length`: 1 for an answer as long as wanted, less the further away it is, 0 at twice the limit."""

from typing import Any

from .reward_text import Reward, text_of


def length_reward(spec: dict[str, Any]) -> Reward:
    """Either `maximum` (up to it: 1) or `target`; `unit` is `tokens` (the default) or `characters`."""
    parameters = spec["parameters"]
    target, maximum = parameters.get("target"), parameters.get("maximum")
    characters = parameters.get("unit") == "characters"

    def score(length: int) -> float:
        if target is not None:
            return max(0.0, 1.0 - abs(length - target) / target)
        return min(1.0, max(0.0, 2.0 - length / int(maximum or 1)))

    def reward(completions: list[Any], completion_ids: list[list[int]], **kwargs: Any) -> list[float | None]:
        measured = [text_of(completion) for completion in completions] if characters else completion_ids
        return [score(len(one)) for one in measured]

    reward.__name__ = "length"
    return reward
