"""Group relative policy optimization: the trainer. Answers to one prompt are scored against each other."""

from typing import Any

from datasets import Dataset
from transformers import TrainerCallback
from trl import GRPOConfig, GRPOTrainer

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
) -> GRPOTrainer:
    return GRPOTrainer(
        model=model,
        reward_funcs=load_reward(plan["reward"]),
        args=GRPOConfig(**arguments),
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
