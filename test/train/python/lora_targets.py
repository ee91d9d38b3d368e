"""Prints as JSON which experts peft gives adapters, and what of tiny models a LoRA with the given targets trains:
parameters by part, all of which a backward pass reaches, or the error."""

import json
import logging
import sys
from collections import Counter
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from peft.utils import transformers_weight_conversion as conversion
from transformers import CONFIG_MAPPING, AutoModelForCausalLM

logging.disable()
RANK = 4
# Of the names of a layer's parameters, the first that is in one.
PARTS = {"router": "router", "mlp.gate.": "router", "shared": "shared", "experts": "experts", "": "others"}


def trained(config: dict[str, Any], targets: str) -> dict[str, int] | str:
    torch.manual_seed(0)
    try:
        model = AutoModelForCausalLM.from_config(CONFIG_MAPPING[config["model_type"]](**config))
        adapted: Any = get_peft_model(model, LoraConfig(r=RANK, task_type="CAUSAL_LM", target_modules=targets))
        ids = torch.randint(3, config["vocab_size"], (2, 12))
        adapted(input_ids=ids, labels=ids).loss.backward()
    except (ValueError, AttributeError) as error:
        return str(error).splitlines()[0]
    counts: Counter[str] = Counter()
    for name, parameter in adapted.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            counts[next(part for mark, part in PARTS.items() if mark in name)] += parameter.numel()
    return dict(counts)


types = {
    name
    for name, made_as in conversion._MODEL_TO_CONVERSION_PATTERN.items()
    if made_as in conversion._MOE_FUSED_TARGETS and name in CONFIG_MAPPING
}
cases = json.loads(sys.argv[1])
print("DATA", json.dumps({"types": sorted(types), "trained": [trained(*case) for case in cases]}))
