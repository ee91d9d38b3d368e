"""Reward model: the trainer. Learns one score for a text, higher for `chosen` than for `rejected`."""

from typing import Any

from datasets import Dataset
from transformers import TrainerCallback
from trl import RewardConfig, RewardTrainer

from .lora import lora_config
from .qlora import quantization_config


def make_trainer(
    *,
    plan: dict[str, Any],
    model: str,
    tokenizer: Any,
    rows: Dataset,
    held_out: Dataset | None,
    arguments: dict[str, Any],
    callbacks: list[TrainerCallback],
) -> RewardTrainer:
    return RewardTrainer(
        model=model,
        args=RewardConfig(**arguments),
        processing_class=tokenizer,
        train_dataset=rows,
        eval_dataset=held_out,
        # <lora>
        peft_config=lora_config(plan["recipe"], plan["model"], task_type="SEQ_CLS"),
        # </lora>
        # <qlora>
        quantization_config=quantization_config(plan["recipe"]),
        # </qlora>
        callbacks=callbacks,
    )
