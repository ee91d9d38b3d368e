"""Keeps the frozen weights in 4 bits."""

from typing import Any

from transformers import BitsAndBytesConfig


def quantization_config(recipe: dict[str, Any]) -> BitsAndBytesConfig:
    return BitsAndBytesConfig(**recipe["quantization"])
