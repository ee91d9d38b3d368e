"""Answers that a reward is tried on: right ones and wrong ones, from the data."""

from typing import Any

from .reward_text import final_answer

Row = dict[str, Any]
SOLUTIONS = ("solution", "solutions", "canonical_solution", "code", "gold_standard_solution")


def example_answers(spec: dict[str, Any], rows: list[Row]) -> list[tuple[list[str], list[str]]]:
    """Ways to write a right and a wrong answer for each row: whoever scores wants one of these forms, and which is its
    own business. None where the data have no right answer."""
    name, parameters = spec.get("name"), spec["parameters"]
    if "example" in parameters:
        return [([parameters["example"]] * len(rows), ["So be it."] * len(rows))]
    # <reward_format>
    if name == "format":
        tags = parameters.get("tags", ["think", "answer"])
        return [(["\n".join(f"<{tag}>\nSo be it.\n</{tag}>" for tag in tags)] * len(rows), ["So be it."] * len(rows))]
    # </reward_format>
    # <reward_length>
    if name == "length":
        wanted = parameters.get("target") or parameters.get("maximum")
        unit = "a" if parameters.get("unit") == "characters" else "a "
        return [([unit * wanted] * len(rows), [unit * (3 * wanted)] * len(rows))]
    # </reward_length>
    # <reward_code>
    if name == "code":
        programs = [program_of(row) for row in rows]
        right = [f"```python\n{program}\n```" for program in programs if program]
        return [(right, ["```python\npass\n```"] * len(rows))] if len(right) == len(rows) else []
    # </reward_code>
    if spec["column"] is None or name in ("json_schema", "regex"):
        return []
    references = [str(row[spec["column"]]) for row in rows]
    return [(written(references, form), written(others(references), form)) for form in FORMS]


FORMS = (
    "{whole}",
    "{short}",
    "\\boxed{{{short}}}",
    "#### {short}",
    "<think>\nSo be it.\n</think>\n<answer>\n{short}\n</answer>",
)


def written(answers: list[str], form: str) -> list[str]:
    return [form.format(whole=answer, short=final_answer(answer) or answer) for answer in answers]


def others(references: list[str]) -> list[str]:
    """For each row another row's answer that is not the same; where all are the same, none at all."""
    return [next((other for other in references if other != own), "") for own in references]


# <reward_code>
def program_of(row: Row) -> str | None:
    """The first solution that the row has. HumanEval's goes on from its prompt."""
    for name in SOLUTIONS:
        program = row.get(name)
        program = program[0] if isinstance(program, list) and program else program
        if isinstance(program, str) and program.strip():
            return f"{row['prompt']}{program}" if name == "canonical_solution" else program
    return None


# </reward_code>
