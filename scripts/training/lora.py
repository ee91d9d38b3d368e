"""Trains low-rank adapters beside the frozen weights."""

from typing import Any

from peft import LoraConfig

from .plan import PLAN


class Adapter(LoraConfig):
    """Names its base as the plan does: whoever loads it later gets the weights that it was trained beside."""

    def to_dict(self) -> dict[str, Any]:
        base = PLAN["model"]
        return {**super().to_dict(), "base_model_name_or_path": base["id"], "revision": base["revision"]}


def lora_config(recipe: dict[str, Any], task_type: str = "CAUSAL_LM") -> LoraConfig:
    return Adapter(task_type=task_type, **recipe["lora"])
