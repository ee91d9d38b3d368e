"""Reward model: the trainer. Learns one score for a text, higher for `chosen` than for `rejected`."""

from typing import Any

from trl import RewardConfig, RewardTrainer

from .lora import lora_config
from .qlora import quantization_config


def make_trainer(plan: dict[str, Any], arguments: dict[str, Any], **given: Any) -> RewardTrainer:
    return RewardTrainer(
        args=RewardConfig(**arguments),
        # <lora>
        peft_config=lora_config(plan["recipe"], plan["model"], task_type="SEQ_CLS"),
        # </lora>
        # <qlora>
        quantization_config=quantization_config(plan["recipe"]),
        # </qlora>
        **given,
    )
