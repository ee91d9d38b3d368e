"""Reward `exact`: 1 where the answer comes to the reference, as a number or as text; else 0."""

from typing import Any

from .reward_text import Reward, final_answer, normalized, number_of, per_completion, without_thinking


def exact_reward(spec: dict[str, Any]) -> Reward:
    """`column`: the reference answers. A row without one is not scored."""
    column = spec["column"]
    return per_completion("exact", column, exact_score)


def exact_score(text: str, reference: Any) -> float | None:
    if reference is None or str(reference).strip() == "":
        return None
    wanted = final_answer(str(reference)) or str(reference)
    given = final_answer(text)
    given = without_thinking(text) if given is None else given
    numbers = number_of(given), number_of(wanted)
    if None not in numbers:
        return float(numbers[0] == numbers[1])
    return float(normalized(given) == normalized(wanted))
