"""Group relative policy optimization: the trainer. Answers to one prompt are scored against each other."""

from typing import Any

from trl import GRPOConfig, GRPOTrainer

from .lora import lora_config
from .qlora import quantization_config
from .reward import load_reward
from .vllm import or_without_vllm


# <vllm>
@or_without_vllm
# </vllm>
def make_trainer(plan: dict[str, Any], arguments: dict[str, Any], **given: Any) -> GRPOTrainer:
    return GRPOTrainer(
        args=GRPOConfig(**arguments),
        reward_funcs=load_reward(plan["reward"]),
        # <lora>
        peft_config=lora_config(plan["recipe"]),
        # </lora>
        # <qlora>
        quantization_config=quantization_config(plan["recipe"]),
        # </qlora>
        **given,
    )
