"""REINFORCE leave-one-out: the trainer. An answer is scored against the mean of the others to its prompt."""

from typing import Any

from datasets import Dataset
from transformers import TrainerCallback
from trl import RLOOConfig, RLOOTrainer

from .lora import lora_config
from .qlora import quantization_config
from .reward import load_reward


def make_trainer(
    *,
    plan: dict[str, Any],
    model: str,
    tokenizer: Any,
    rows: Dataset,
    held_out: Dataset | None,
    arguments: dict[str, Any],
    callbacks: list[TrainerCallback],
) -> RLOOTrainer:
    return RLOOTrainer(
        model=model,
        reward_funcs=load_reward(plan["reward"]),
        args=RLOOConfig(**arguments),
        processing_class=tokenizer,
        train_dataset=rows,
        eval_dataset=held_out,
        # <lora>
        peft_config=lora_config(plan["recipe"], plan["model"]),
        # </lora>
        # <qlora>
        quantization_config=quantization_config(plan["recipe"]),
        # </qlora>
        callbacks=callbacks,
    )
