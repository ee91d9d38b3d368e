"""Reward `json_schema`: 1 where the answer is JSON that a schema allows, else 0."""

from collections.abc import Callable
from typing import Any

from .events import CannotTrain
from .judge import Judge
from .reward_text import Reward, per_completion, without_thinking

CHECK_SECONDS = 5.0  # a schema may have patterns, and those may take for ever


def json_schema_reward(spec: dict[str, Any]) -> Reward:
    """`schema`: one for every row. Without it `column`: each row's own, an object or JSON text; a row whose schema
    is none is not scored. A schema refers to nothing outside of itself: nothing is fetched."""
    column, parameters = spec["column"], spec["parameters"]
    judge = Judge(schema_verdict, CHECK_SECONDS)
    fixed = parameters.get("schema")
    if "schema" in parameters and judge.ask([fixed, "null"]) is None:
        raise CannotTrain("bad_schema", "the reward's JSON schema is none")

    def score(text: str, cell: Any) -> float | None:
        valid = judge.ask([cell if fixed is None else fixed, without_thinking(text)])
        return None if valid is None else float(valid)

    return per_completion("json_schema", column if fixed is None else None, score)


def schema_verdict() -> Callable[[Any], bool | None]:
    """Of `[schema, text]`: whether the text is such JSON, alone or in one fence; None where the schema is none."""
    import json  # noqa: PLC0415
    import re  # noqa: PLC0415

    from jsonschema import SchemaError, ValidationError  # noqa: PLC0415
    from jsonschema.validators import validator_for  # noqa: PLC0415
    from referencing import Registry  # noqa: PLC0415
    from referencing.exceptions import Unresolvable  # noqa: PLC0415

    fence = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL)

    def verdict(question: Any) -> bool | None:
        schema, text = question
        try:
            schema = json.loads(schema) if isinstance(schema, str) else schema
            kind = validator_for(schema)
            kind.check_schema(schema)
            validator = kind(schema, registry=Registry()) if isinstance(schema, dict) else None
        except (SchemaError, ValueError, TypeError):
            validator = None
        if validator is None:
            return None
        fences = fence.findall(text)
        try:
            validator.validate(json.loads(fences[0] if len(fences) == 1 else text))
        except (ValidationError, Unresolvable, ValueError, RecursionError):
            return False
        return True

    return verdict
