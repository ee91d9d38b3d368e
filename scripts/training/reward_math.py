r"""Reward `math`: 1 where the answer equals the reference as mathematics, else 0. Reads `####`, `\boxed`, LaTeX."""

from collections.abc import Callable
from typing import Any

from .judge import Judge
from .reward_text import Reward, final_answer, number_of, per_completion, without_thinking

LONGEST_RESULT = 2000  # characters; more is no result
EQUAL_SECONDS = 5.0  # math-verify's own timeouts need the main thread of a POSIX system


def math_reward(spec: dict[str, Any]) -> Reward:
    """`column`: the reference answers. A row whose reference is no mathematics is not scored. An answer that takes
    too long is wrong."""
    column = spec["column"]
    judge = Judge(math_verdict, EQUAL_SECONDS)

    def score(text: str, reference: Any) -> float | None:
        if reference is None or str(reference).strip() == "":
            return None
        wanted = final_answer(str(reference)) or str(reference).strip().strip("$")
        given = final_answer(text)
        given = without_thinking(text).strip("$") if given is None else given
        numbers = number_of(given), number_of(wanted)
        if None not in numbers:
            return float(numbers[0] == numbers[1])
        equal = False if len(given) > LONGEST_RESULT else judge.ask([wanted, given])
        return None if equal is None else float(equal)

    return per_completion("math", column, score)


def math_verdict() -> Callable[[list[str]], bool | None]:
    """Of `[wanted, given]`: whether they are equal; None for an unreadable reference."""
    import contextlib  # noqa: PLC0415
    import logging  # noqa: PLC0415

    from math_verify import LatexExtractionConfig, parse, verify  # noqa: PLC0415

    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))
    logging.disable(logging.CRITICAL)
    latex = [LatexExtractionConfig()]  # the other kind of expression goes through Python's eval

    def verdict(question: list[str]) -> bool | None:
        wanted, given = (parse(f"\\boxed{{{text}}}", latex, parsing_timeout=None) for text in question)
        equal = False
        with contextlib.suppress(Exception):
            equal = verify(wanted, given, timeout_seconds=None)
        return bool(equal) if wanted else None

    return verdict
