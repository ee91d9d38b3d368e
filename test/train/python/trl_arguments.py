"""Prints as JSON what scripts/planner/overrides/trl-arguments.json records: what the installed TRL's configs take."""

import dataclasses
import enum
import inspect
import json
import re
import types
import typing
from typing import Any

import trl

CONFIGS = {"sft": "SFT", "dpo": "DPO", "kto": "KTO", "reward": "Reward", "grpo": "GRPO", "rloo": "RLOO"}
# Texts without choices of their own: the trainer compares them with what it knows.
COMPARED = [
    "f_divergence_type",
    "importance_sampling_level",
    "loss_type",
    "multi_objective_aggregation",
    "scale_rewards",
]


def parts(hint: Any) -> list[Any]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [part for each in typing.get_args(hint) for part in parts(each)]
    return [hint]


def kind(hint: Any) -> str:
    if hint is type(None) or hint is None:
        return "null"
    plain = typing.get_origin(hint) or hint
    if plain is typing.Literal:
        return "bool"
    if plain in (list, tuple):
        return "list"
    if plain in (bool, int, float, dict):
        return str(plain.__name__)
    return "str" if isinstance(plain, type) and issubclass(plain, str) else "dict"


def compared(name: str, source: str) -> list[str]:
    found = re.findall(rf'\b{name} (?:==|in) (\[[^\]]*\]|\{{[^}}]*\}}|"\w+")', source)
    return sorted({value for each in found for value in re.findall(r'"(\w+)"', each)})


def also_taken(name: str, source: str) -> set[str]:
    """What `__post_init__` turns into what the field says."""
    text = {"str"} if f"isinstance(self.{name}, str):\n            self.{name} = [" in source else set()
    switch = {"bool"} if re.search(rf"\{{True: .*\}}\.get\(self\.{name}", source) else set()
    return text | switch


def argument(field: Any, hint: Any, source: str) -> Any:
    hints = parts(hint)
    enums = [one for one in hints if isinstance(one, type) and issubclass(one, enum.Enum)]
    choices = [member.value for one in enums for member in one] or [*(field.metadata.get("choices") or [])]
    if not choices and field.name in COMPARED:
        choices = compared(field.name, source)
    takes = "|".join(sorted({kind(one) for one in hints} | also_taken(field.name, source)))
    return {"takes": takes, "choices": choices} if choices else takes


def arguments(name: str) -> dict[str, Any]:
    config = getattr(trl, f"{name}Config")
    modules = [inspect.getmodule(one) for one in (config, getattr(trl, f"{name}Trainer"))]
    source = "\n".join(inspect.getsource(module) for module in modules if module)
    hints = typing.get_type_hints(config)
    fields = sorted(dataclasses.fields(config), key=lambda field: field.name)
    return {field.name: argument(field, hints[field.name], source) for field in fields if field.init}


methods = {method: arguments(name) for method, name in CONFIGS.items()}
shared = {
    name: what for name, what in methods["sft"].items() if all(other.get(name) == what for other in methods.values())
}
own = {method: {name: what for name, what in every.items() if name not in shared} for method, every in methods.items()}
print("DATA", json.dumps({"shared": shared, "methods": own}))
