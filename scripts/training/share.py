"""The script for others to read: of this machine's paths only their last part, for the rest tells who someone is."""

from pathlib import Path
from pprint import pformat
from typing import Any


def shareable(script: str, plan: dict[str, Any]) -> str:
    before, assignment, rest = script.partition("\nPLAN: dict[str, Any] = ")
    _, blank, code = rest.partition("\n\n")
    return before + assignment + pformat(without_paths(plan), width=120, sort_dicts=False) + blank + code


def without_paths(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_paths(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_paths(item) for item in value]
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value
