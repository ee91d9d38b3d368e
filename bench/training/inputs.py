"""Makes what the training benchmarks train: a Qwen3 of random weights, and conversations of made-up words.

`PYTHONPATH=scripts python inputs.py <folder> <layers> <hidden size>`; the same arguments give the same files.
"""

import json
import random
import sys
from pathlib import Path

from training.quickstart_model import make_tokenizer
from transformers import Qwen3Config, Qwen3ForCausalLM, set_seed

VOCABULARY = 2000
# Rows, and words of an answer: the median of a log-normal distribution, and the deviation of its logarithm.
DATA = {"short": (4000, 25, 0.7), "long": (400, 500, 0.5)}

draw = random.Random(7)
words = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(2, 7))) for _ in range(2000)]


def text(count: int) -> str:
    return " ".join(draw.choices(words, k=count))


def make_rows(rows: int, median: int, deviation: float) -> dict[str, list[dict]]:
    made: dict[str, list[dict]] = {"sft": [], "dpo": []}
    for _ in range(rows):
        count = max(4, int(median * draw.lognormvariate(0, deviation)))
        question = {"role": "user", "content": text(max(1, count // 4))}
        answer, other = ({"role": "assistant", "content": text(length)} for length in (count, max(1, count // 2)))
        made["sft"].append({"messages": [question, answer]})
        made["dpo"].append({"prompt": [question], "chosen": [answer], "rejected": [other]})
    return made


def make_model(folder: Path, layers: int, hidden_size: int) -> None:
    tokenizer = make_tokenizer((text(60) for _ in range(300)), VOCABULARY)
    tokenizer.model_max_length = 4096
    set_seed(1)
    config = Qwen3Config(
        vocab_size=VOCABULARY,
        hidden_size=hidden_size,
        intermediate_size=3 * hidden_size,
        num_hidden_layers=layers,
        num_attention_heads=hidden_size // 64,
        num_key_value_heads=hidden_size // 128,
        head_dim=64,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    Qwen3ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    for name, sizes in DATA.items():
        for method, rows in make_rows(*sizes).items():
            (target / f"{method}-{name}").mkdir(parents=True)
            with (target / f"{method}-{name}" / "train.jsonl").open("w") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)
    make_model(target / "model", int(sys.argv[2]), int(sys.argv[3]))
