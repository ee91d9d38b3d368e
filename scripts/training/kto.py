"""Kahneman-Tversky optimization: the trainer. Learns from answers that are each labelled good or bad."""

from typing import Any

from trl import KTOConfig, KTOTrainer

from .lora import lora_config
from .qlora import quantization_config


def make_trainer(plan: dict[str, Any], arguments: dict[str, Any], **given: Any) -> KTOTrainer:
    return KTOTrainer(
        args=KTOConfig(**arguments),
        # <lora>
        peft_config=lora_config(plan["recipe"]),
        # </lora>
        # <qlora>
        quantization_config=quantization_config(plan["recipe"]),
        # </qlora>
        **given,
    )
