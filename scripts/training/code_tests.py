"""Tests of code as data sets carry them, in one form."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Tests:
    """Inputs with what a program prints for them; or Python that calls functions, with the name that `check` wants."""

    pairs: tuple[tuple[str, str], ...] = ()
    code: str = ""
    entry_point: str | None = None


def read_tests(cell: Any, entry_point: str | None = None) -> Tests | None:
    """None where there is nothing to test with.
    - Python: HumanEval's `check(candidate)`, pytest's functions, a list of asserts (MBPP);
    - `{"inputs": [...], "outputs": [...]}` (APPS, TACO; also in the singular, as code_contests has it), with
      `fn_name` where a function is called;
    - `[{"input": ..., "output": ...}, ...]` (LiveCodeBench), alone or under `test_cases`;
    - any of these as JSON text."""
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except ValueError:
            return Tests(code=cell, entry_point=entry_point) if cell.strip() else None
    if isinstance(cell, list) and cell and all(isinstance(line, str) for line in cell):
        return Tests(code="\n".join(cell), entry_point=entry_point)
    function = None
    if isinstance(cell, dict):
        function = cell.get("fn_name")
        if "test_cases" in cell:
            cell = cell["test_cases"]
    if isinstance(cell, dict):
        pairs = zip(either_of(cell, "inputs", "input"), either_of(cell, "outputs", "output"), strict=False)
        cell = [{"input": given, "output": wanted} for given, wanted in pairs]
    if not isinstance(cell, list) or not all(isinstance(case, dict) and "output" in case for case in cell) or not cell:
        return None
    function = function or cell[0].get("fn_name")
    if function:
        return Tests(code="\n".join(function_call(str(function), case) for case in cell))
    return Tests(pairs=tuple((lines_of(case.get("input")), lines_of(case["output"])) for case in cell))


def either_of(cell: dict[str, Any], several: str, one: str) -> list[Any]:
    value = cell.get(several, cell.get(one))
    return value if isinstance(value, list) else []


def function_call(function: str, case: dict[str, Any]) -> str:
    arguments = case.get("input")
    arguments = arguments if isinstance(arguments, list) else [arguments]
    return f"assert same({function}(*{arguments!r}), {case['output']!r})"


def lines_of(value: Any) -> str:
    return "\n".join(str(line) for line in value) if isinstance(value, list) else str(value or "")


def same_output(printed: str, wanted: str) -> bool:
    """White space doesn't matter."""
    return printed.split() == wanted.split()
