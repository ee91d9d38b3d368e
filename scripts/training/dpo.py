"""Direct preference optimization: the trainer. Learns to prefer `chosen`, near the model that it starts from."""

from typing import Any

from trl import DPOConfig, DPOTrainer

from .lora import lora_config
from .qlora import quantization_config


def make_trainer(plan: dict[str, Any], arguments: dict[str, Any], **given: Any) -> DPOTrainer:
    return DPOTrainer(
        args=DPOConfig(**arguments),
        # <lora>
        peft_config=lora_config(plan["recipe"]),
        # </lora>
        # <qlora>
        quantization_config=quantization_config(plan["recipe"]),
        # </qlora>
        **given,
    )
