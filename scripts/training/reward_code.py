"""Reward `code`: 1 where the answer's Python passes its row's tests, else 0."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .code_sandbox import Limits, check_sandbox, passes_tests, program_output
from .code_tests import read_tests, same_output
from .reward_text import Reward, text_of, without_thinking

CODE_FENCE = re.compile(r"```(?:python|py)?[0-9.]*[ \t]*\n(.*?)```", re.DOTALL | re.IGNORECASE)


def code_reward(spec: dict[str, Any]) -> Reward:
    """`column`: the tests; a row without is not scored. `entry_point`: column with the name of the function that is
    checked. `seconds` and `megabytes`: limits of a test. `partial` true: the share of the inputs that are right.
    `cases`: the most inputs that are tried, 20 by default. Answers have the standard
    library only. Raises CannotTrain where code can't be locked up."""
    column, parameters = spec["column"], spec["parameters"]
    check_sandbox()
    limits = Limits(seconds=parameters.get("seconds", 4), megabytes=parameters.get("megabytes", 512))
    cases, partial = parameters.get("cases", 20), parameters.get("partial", False)
    names = parameters.get("entry_point", "entry_point")

    def score(completion: Any, cell: Any, entry_point: Any) -> float | None:
        tests = read_tests(cell, entry_point if isinstance(entry_point, str) else None)
        if tests is None:
            return None
        code = code_of(text_of(completion))
        if tests.pairs:
            return share_right(code, tests.pairs[:cases], limits, partial)
        return float(passes_tests(code, for_class(tests.code, code), tests.entry_point, limits))

    def reward(completions: list[Any], **kwargs: Any) -> list[float | None]:
        entry_points = kwargs.get(names) or [None] * len(completions)
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            return list(pool.map(score, completions, kwargs[str(column)], entry_points))

    reward.__name__ = "code"
    return reward


def share_right(code: str, pairs: tuple[tuple[str, str], ...], limits: Limits, partial: bool) -> float:
    right = 0
    for given, wanted in pairs:
        printed = program_output(code, given, limits)
        if printed is not None and same_output(printed, wanted):
            right += 1
        elif not partial:
            return 0.0
    return right / len(pairs)


def code_of(text: str) -> str:
    """The last fenced block, or all of it where there is none."""
    blocks = CODE_FENCE.findall(without_thinking(text))
    return blocks[-1] if blocks else without_thinking(text)


def for_class(tests: str, code: str) -> str:
    """Tests that name a function, for an answer that has it in LeetCode's class."""
    if not re.search(r"^class Solution\b", code, re.MULTILINE) or "Solution" in tests:
        return tests
    return re.sub(r"^assert same\((\w+)\(", r"assert same(Solution().\1(", tests, flags=re.MULTILINE)
