"""Trains low-rank adapters beside the frozen weights."""

from typing import Any

from peft import LoraConfig


def lora_config(recipe: dict[str, Any], model: dict[str, Any]) -> LoraConfig:
    # The revision is the base's: whoever loads the adapter later gets the weights that it was trained beside.
    return LoraConfig(task_type="CAUSAL_LM", revision=model["revision"], **recipe["lora"])
