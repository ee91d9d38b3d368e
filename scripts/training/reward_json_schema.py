"""Reward `json_schema`: 1 where the answer is JSON that a schema allows, else 0."""

import json
import re
from typing import Any

from jsonschema import SchemaError, ValidationError
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from .events import CannotTrain
from .reward_text import Reward, per_completion, without_thinking

JSON_FENCE = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL)


def json_schema_reward(spec: dict[str, Any]) -> Reward:
    """`schema`: one for every row. Without it `column`: each row's own, an object or JSON text; a row whose schema
    is none is not scored. A schema refers to nothing outside of itself: nothing is fetched."""
    column, parameters = spec["column"], spec["parameters"]
    fixed = validator_of(parameters["schema"]) if "schema" in parameters else None
    if "schema" in parameters and fixed is None:
        raise CannotTrain("bad_schema", "the reward's JSON schema is none")

    def score(text: str, cell: Any) -> float | None:
        validator = fixed or validator_of(cell)
        return None if validator is None else float(is_valid(validator, without_thinking(text)))

    return per_completion("json_schema", None if fixed else column, score)


def validator_of(schema: Any) -> Any:
    try:
        schema = json.loads(schema) if isinstance(schema, str) else schema
        kind = validator_for(schema)
        kind.check_schema(schema)
        return kind(schema, registry=Registry()) if isinstance(schema, dict) else None
    except (SchemaError, ValueError, TypeError):
        return None


def is_valid(validator: Any, text: str) -> bool:
    """JSON alone, or in one fence."""
    fences = JSON_FENCE.findall(text)
    try:
        validator.validate(json.loads(fences[0] if len(fences) == 1 else text))
    except (ValidationError, Unresolvable, ValueError, RecursionError):
        return False
    return True
