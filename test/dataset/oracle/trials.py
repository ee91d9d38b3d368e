"""One data set through one of TRL's trainers: prepared, and every row trained on once."""

import math
import re
import traceback
from pathlib import Path
from typing import Any

from cases import Case, MixedTypes, table
from models import text_model, text_tokenizer, vision_model, vision_processor
from trl import (
    DPOConfig,
    DPOTrainer,
    GRPOConfig,
    GRPOTrainer,
    KTOConfig,
    KTOTrainer,
    RewardConfig,
    RewardTrainer,
    RLOOConfig,
    RLOOTrainer,
    SFTConfig,
    SFTTrainer,
)

TRAINERS: dict[str, tuple[Any, Any]] = {
    "sft": (SFTTrainer, SFTConfig),
    "dpo": (DPOTrainer, DPOConfig),
    "reward": (RewardTrainer, RewardConfig),
    "grpo": (GRPOTrainer, GRPOConfig),
    "rloo": (RLOOTrainer, RLOOConfig),
    "kto": (KTOTrainer, KTOConfig),
}
ONLINE = ("grpo", "rloo")
BATCH = 8
Outcome = dict[str, Any]


def alternating(completions: list[Any], **kwargs: Any) -> list[float]:
    """Of two answers to one prompt one is the better one, so that there is something to learn."""
    return [float(index % 2) for index in range(len(completions))]


def try_case(case: Case, method: str, folder: Path) -> Outcome:
    """What comes of it: `trains`, `learns_nothing` or `fails`, and the particulars. Never raises for what TRL does."""
    stage = "load"
    try:
        dataset = table(case.rows, case.images)
        stage = "init"
        trainer = make_trainer(case, method, folder, dataset)
        stage = "train"
        total = len(dataset) * (2 if method == "kto" and "chosen" in dataset.column_names else 1)
        kept = len(trainer.train_dataset)
        if kept == 0:
            return {"outcome": "learns_nothing", "kept": [0, total]}
        trainer.train()
    except MixedTypes as error:
        return {"outcome": "fails", "stage": "load", "error": str(error)}
    except Exception as error:
        return {"outcome": "fails", "stage": stage_of(error, stage), "error": message_of(error)}
    gradients = [entry["grad_norm"] for entry in trainer.state.log_history if "grad_norm" in entry]
    learned = any(gradient > 1e-6 for gradient in gradients) and all(math.isfinite(gradient) for gradient in gradients)
    outcome: Outcome = {"outcome": "trains" if learned else "learns_nothing"}
    return outcome if kept == total else {**outcome, "kept": [kept, total]}


def make_trainer(case: Case, method: str, folder: Path, dataset: Any) -> Any:
    trainer, config = TRAINERS[method]
    vision = case.vision and method != "reward"  # its trainer doesn't look at pictures
    arguments = {
        "output_dir": str(folder / "run"),
        "num_train_epochs": 1,
        "learning_rate": 1e-3,
        "gradient_accumulation_steps": 1,
        "gradient_checkpointing": False,
        "bf16": False,
        "fp16": False,
        "use_cpu": True,
        "dataloader_pin_memory": False,
        "save_strategy": "no",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "report_to": "none",
        "disable_tqdm": True,
        "seed": 42,
        **batches(method, len(dataset)),
    }
    if method in ONLINE:
        arguments |= {"max_completion_length": 4}
    else:
        arguments |= {"max_length": None if vision else case.max_length}
    return trainer(
        model=vision_model(folder) if vision else text_model(folder),
        args=config(**arguments),
        train_dataset=dataset,
        processing_class=vision_processor(case.template) if vision else text_tokenizer(case.text_template),
        **({"reward_funcs": alternating} if method in ONLINE else {}),
    )


def batches(method: str, rows: int) -> dict[str, int]:
    """Sizes with which every row is seen: GRPO and RLOO leave out the prompts that don't fill a batch."""
    if method not in ONLINE:
        return {"per_device_train_batch_size": max(2, min(BATCH, rows))}
    prompts = max((size for size in range(1, BATCH + 1) if rows % size == 0), default=1) if rows else 1
    return {"per_device_train_batch_size": 2 * prompts, "num_generations": 2}


def stage_of(error: BaseException, stage: str) -> str:
    """`map` where the trainer was preparing the rows with `datasets`."""
    if stage != "init":
        return stage
    frames = traceback.extract_tb(error.__traceback__)
    mapped = any(frame.name in ("map", "filter") and "arrow_dataset" in frame.filename for frame in frames)
    return "map" if mapped else "init"


def message_of(error: BaseException) -> str:
    """First line, without what differs from machine to machine."""
    first = (str(error).strip().splitlines() or [""])[0]
    first = re.sub(r"0x[0-9a-f]+", "0x", re.sub(r"(?<!\w)(/[\w.+-]+){2,}", "PATH", first))
    return f"{type(error).__name__}: {first}"[:160]
