"""Reward model: the trainer. Learns one score for a text, higher for `chosen` than for `rejected`."""

from typing import Any

from trl import RewardConfig, RewardTrainer

from .lora import lora_config
from .qlora import quantization_config


def make_trainer(plan: dict[str, Any], arguments: dict[str, Any], **given: Any) -> RewardTrainer:
    trainer = RewardTrainer(
        args=RewardConfig(**arguments),
        # <lora>
        peft_config=lora_config(plan["recipe"], task_type="SEQ_CLS"),
        # </lora>
        # <qlora>
        quantization_config=quantization_config(plan["recipe"]),
        # </qlora>
        **given,
    )
    # <lora>
    # The new output layer comes in 16 bits, as what is frozen: coarse to learn in, and a gradient scaler refuses fp16.
    model: Any = trainer.model
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    # </lora>
    return trainer  # noqa: RET504
