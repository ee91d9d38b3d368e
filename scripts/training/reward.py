"""How answers are scored: the rewards that the plan names."""

from typing import Any

from .reward_code import code_reward
from .reward_exact import exact_reward
from .reward_file import file_reward
from .reward_format import format_reward
from .reward_json_schema import json_schema_reward
from .reward_length import length_reward
from .reward_math import math_reward
from .reward_regex import regex_reward

MAKERS = {
    # <reward_code>
    "code": code_reward,
    # </reward_code>
    # <reward_exact>
    "exact": exact_reward,
    # </reward_exact>
    # <reward_file>
    "file": file_reward,
    # </reward_file>
    # <reward_format>
    "format": format_reward,
    # </reward_format>
    # <reward_json_schema>
    "json_schema": json_schema_reward,
    # </reward_json_schema>
    # <reward_length>
    "length": length_reward,
    # </reward_length>
    # <reward_math>
    "math": math_reward,
    # </reward_math>
    # <reward_regex>
    "regex": regex_reward,
    # </reward_regex>
}


def load_reward(specs: list[dict[str, Any]]) -> list[Any]:
    """Functions as TRL calls them, in the plan's order: its weights go by it. Raises CannotTrain for one that can't
    score here."""
    return [MAKERS[spec.get("name", "file")](spec) for spec in specs]
