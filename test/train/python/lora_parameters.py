"""Prints as JSON what test/planner/memory/lora-parameters.json records: parameters that LoRA of rank 8 trains in the
models of test/planner/model-facts/parts.json (the first argument), on the modules that the record (the second) names
for each. No weights are made (device "meta")."""

import json
import logging
import sys
from pathlib import Path
from typing import Any

import torch
import transformers
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig

logging.disable()
RANK = 8


def trained(config: dict[str, Any], targets: str) -> int:
    with torch.device("meta"):
        model = getattr(transformers, config["architectures"][0])(AutoConfig.for_model(**config))
        lora = LoraConfig(r=RANK, task_type="CAUSAL_LM", target_modules=targets)
        adapted: Any = get_peft_model(model, lora)
    return sum(parameter.numel() for parameter in adapted.parameters() if parameter.requires_grad)


cases, record = [json.loads(Path(file).read_text("utf-8")) for file in sys.argv[1:]]
found = {
    name: {"targets": targets, "trained": trained(cases["cases"][name]["config"], targets)}
    for name, targets in ((name, each["targets"]) for name, each in record.items())
}
print("DATA", json.dumps(found))
