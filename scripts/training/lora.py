"""Trains low-rank adapters beside the frozen weights."""

from typing import Any

from peft import LoraConfig


def lora_config(recipe: dict[str, Any], model: dict[str, Any], task_type: str = "CAUSAL_LM") -> LoraConfig:
    # The revision is the base's: whoever loads the adapter later gets the weights that it was trained beside.
    return LoraConfig(task_type=task_type, revision=model["revision"], **recipe["lora"])
