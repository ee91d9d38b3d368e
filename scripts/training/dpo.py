"""Direct preference optimization: the trainer. Learns to prefer `chosen`, near the model that it starts from."""

from typing import Any

from datasets import Dataset
from transformers import TrainerCallback
from trl import DPOConfig, DPOTrainer

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
) -> DPOTrainer:
    return DPOTrainer(
        model=model,
        args=DPOConfig(**arguments),
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
