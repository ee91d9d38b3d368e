"""Supervised fine-tuning: the trainer."""

from typing import Any

from trl import SFTConfig, SFTTrainer

from .lora import lora_config
from .qlora import quantization_config


def make_trainer(plan: dict[str, Any], arguments: dict[str, Any], **given: Any) -> SFTTrainer:
    return SFTTrainer(
        args=SFTConfig(**arguments),
        # <lora>
        peft_config=lora_config(plan["recipe"]),
        # </lora>
        # <qlora>
        quantization_config=quantization_config(plan["recipe"]),
        # </qlora>
        **given,
    )
