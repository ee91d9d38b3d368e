r"""Reward `math`: 1 where the answer equals the reference as mathematics, else 0. Reads `####`, `\boxed`, LaTeX."""

from typing import Any

from .math_judge import MathJudge
from .reward_text import Reward, final_answer, number_of, per_completion, without_thinking


def math_reward(spec: dict[str, Any]) -> Reward:
    """`column`: the reference answers. A row whose reference is no mathematics is not scored."""
    column = spec["column"]
    judge = MathJudge()

    def score(text: str, reference: Any) -> float | None:
        if reference is None or str(reference).strip() == "":
            return None
        wanted = final_answer(str(reference)) or str(reference).strip().strip("$")
        given = final_answer(text)
        given = without_thinking(text).strip("$") if given is None else given
        numbers = number_of(given), number_of(wanted)
        if None not in numbers:
            return float(numbers[0] == numbers[1])
        return judge.equal(wanted, given)

    return per_completion("math", column, score)
