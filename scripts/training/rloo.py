"""REINFORCE leave-one-out: the trainer. An answer is scored against the mean of the others to its prompt."""

from typing import Any

from trl import RLOOConfig, RLOOTrainer

from .lora import lora_config
from .qlora import quantization_config
from .reward import load_reward
from .vllm import or_without_vllm


# <vllm>
@or_without_vllm
# </vllm>
def make_trainer(plan: dict[str, Any], arguments: dict[str, Any], **given: Any) -> RLOOTrainer:
    return RLOOTrainer(
        args=RLOOConfig(**arguments),
        reward_funcs=load_reward(plan["reward"]),
        # <lora>
        peft_config=lora_config(plan["recipe"]),
        # </lora>
        # <qlora>
        quantization_config=quantization_config(plan["recipe"]),
        # </qlora>
        **given,
    )
