"""What TRL's trainers make of rows, counted in tokens.

Run as `python trl_counts.py <groups.json> <counts.json>`, with the groups of each model folder. A group is rows of one
shape for one trainer; its counts are one list of [length, prompt] for each row: a pair a sequence.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow
import torch
from datasets import Dataset, arrow_dataset, disable_caching, disable_progress_bars, fingerprint
from transformers import (
    AutoTokenizer,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3ForSequenceClassification,
)
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

disable_progress_bars()
# Names of tables in the cache would be made from the whole tokenizer, for each of thousands; none is kept here.
disable_caching()
arrow_dataset.update_fingerprint = fingerprint.update_fingerprint = lambda *_: fingerprint.generate_random_fingerprint()


def model(kind: type, tokenizer: Any, **more: Any) -> Any:
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=len(tokenizer) + 8, hidden_size=8, intermediate_size=8, num_hidden_layers=1,
        num_attention_heads=1, num_key_value_heads=1, head_dim=8, tie_word_embeddings=True, **more,
    )  # fmt: skip
    made = kind(config)
    # Trainers read the second model, which they compare with, from where the first came.
    folder = tempfile.mkdtemp()
    made.save_pretrained(folder)
    made.config._name_or_path = folder
    return made


def settings(config: type, **more: Any) -> Any:
    return config(
        output_dir=tempfile.mkdtemp(), report_to="none", use_cpu=True, bf16=False, per_device_train_batch_size=2, **more
    )


def make_table(rows: list[dict[str, Any]]) -> Dataset:
    """As training makes it of local files: a null for every key that a row lacks."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return Dataset(pyarrow.table({name: pyarrow.array([row.get(name) for row in rows]) for name in names}))


SEED = {
    "sft": [{"text": "a"}],
    "dpo": [{"prompt": "a", "chosen": "b", "rejected": "c"}],
    "kto": [{"prompt": "a", "completion": "b", "label": True}, {"prompt": "a", "completion": "c", "label": False}],
    "reward": [{"chosen": "b", "rejected": "c"}],
    "grpo": [{"prompt": "a"}],
    "rloo": [{"prompt": "a"}],
}


def no_reward(completions: list[Any], **_: Any) -> list[float | None]:
    return [0.0] * len(completions)


def make_trainer(method: str, tokenizer: Any) -> Any:
    """The real trainer, made once: it prepares the rows of every group."""
    causal = model(Qwen3ForCausalLM, tokenizer)
    given = {"train_dataset": Dataset.from_list(SEED[method]), "processing_class": tokenizer}
    if method == "sft":
        return SFTTrainer(causal, settings(SFTConfig, max_length=None), **given)
    if method == "dpo":
        return DPOTrainer(causal, args=settings(DPOConfig, max_length=None), **given)
    if method == "kto":
        return KTOTrainer(causal, args=settings(KTOConfig, max_length=None), **given)
    if method == "reward":
        pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
        scorer = model(Qwen3ForSequenceClassification, tokenizer, num_labels=1, pad_token_id=pad)
        return RewardTrainer(scorer, args=settings(RewardConfig, max_length=None), **given)
    kind, config = (GRPOTrainer, GRPOConfig) if method == "grpo" else (RLOOTrainer, RLOOConfig)
    return kind(
        causal,
        args=settings(config, num_generations=2),
        reward_funcs=no_reward,
        **given,
    )


def count(method: str, trainer: Any, rows: Dataset) -> list[list[list[int]]]:
    if method in ("grpo", "rloo"):
        ids = trainer._tokenize_prompts(list(rows["prompt"]))[0]
        return [[[len(one), len(one)]] for one in ids]
    tokenizer, arguments = trainer.processing_class, trainer.args
    if method == "sft":
        # What the trainer decides by the first row when it is made.
        trainer.completion_only_loss = "prompt" in rows.column_names
        counts = []
        for row in trainer._prepare_dataset(rows, tokenizer, arguments, False, None, "train"):
            learnt = [index for index, label in enumerate(row["labels"]) if label != -100]
            counts.append([[len(row["input_ids"]), learnt[0] if learnt else len(row["input_ids"])]])
        return counts
    prepared = trainer._prepare_dataset(rows, tokenizer, arguments, "train")
    if method == "reward":
        return [[[len(row["chosen_ids"]), 0], [len(row["rejected_ids"]), 0]] for row in prepared]
    if method == "dpo":
        answers = ("chosen_ids", "rejected_ids")
        return [
            [[len(row["prompt_ids"]) + len(row[answer]), len(row["prompt_ids"])] for answer in answers]
            for row in prepared
        ]
    each = [[len(row["prompt_ids"]) + len(row["completion_ids"]), len(row["prompt_ids"])] for row in prepared]
    if len(each) == len(rows):
        return [[one] for one in each]
    # Pairs were unpaired: a good answer and a bad one of each row.
    good = [one for one, label in zip(each, prepared["label"], strict=True) if label]
    bad = [one for one, label in zip(each, prepared["label"], strict=True) if not label]
    return [list(pair) for pair in zip(good, bad, strict=True)]


def count_groups(folder: str, groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    trainers: dict[str, Any] = {}
    counts: list[dict[str, Any]] = []
    for group in groups:
        method = group["method"]
        trainers[method] = trainers.get(method) or make_trainer(method, tokenizer)
        try:
            counts.append({"counts": count(method, trainers[method], make_table(group["rows"]))})
        except Exception as error:  # for the test, which knows where one belongs
            counts.append({"error": f"{type(error).__name__}: {error}"})
    return counts


if __name__ == "__main__":
    asked, out = sys.argv[1:]
    folders = json.loads(Path(asked).read_text(encoding="utf-8"))
    Path(out).write_text(json.dumps({folder: count_groups(folder, groups) for folder, groups in folders.items()}))
