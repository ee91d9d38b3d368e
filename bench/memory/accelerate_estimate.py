"""What `accelerate estimate-memory` says of the models whose steps were recorded, and of those in models.json: its own
functions on the empty model that it would make of their configurations. Bytes of `Training using Adam` by the dtype
asked for.

    python bench/memory/accelerate_estimate.py < bench/memory/oracle.jsonl > bench/memory/accelerate.jsonl

Recorded with accelerate 1.15.0, transformers 5.23.0.
"""

import json
import sys
from pathlib import Path
from typing import Any

import transformers
from accelerate import init_empty_weights
from accelerate.commands.estimate import estimate_training_usage
from accelerate.utils import calculate_maximum_sizes

DTYPES = ("float32", "float16", "int4")


def estimates(config: dict[str, Any]) -> dict[str, float | None]:
    with init_empty_weights():
        model = transformers.AutoModel.from_config(transformers.AutoConfig.for_model(**config))
    total, _ = calculate_maximum_sizes(model)
    most = {dtype: max(estimate_training_usage(total, dtype).values()) for dtype in DTYPES}
    return {dtype: None if size == -1 else size for dtype, size in most.items()}


def main() -> None:
    models = json.loads(Path(__file__).with_name("models.json").read_text())["models"]
    rows = [*map(json.loads, sys.stdin), *({"family": name, "config": shape} for name, shape in models.items())]
    seen = set()
    for row in rows:
        key = (row["family"], row["config"]["num_hidden_layers"])
        if key not in seen:
            seen.add(key)
            print(json.dumps({"family": key[0], "layers": key[1], "bytes": estimates(row["config"])}))


if __name__ == "__main__":
    main()
