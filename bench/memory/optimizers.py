"""What transformers' optimizers keep and take, without a GPU: one JSON line each, in bytes.

`kept`: what is there after a step beside weights and gradients; `made`: what lives at the fullest moment of the next
step beyond that. Counted under fake tensors on matrices of a small model's sizes; PyTorch's own go through all weights
at once (`foreach`), as they do on a GPU.

    python bench/memory/optimizers.py > bench/memory/optimizers.jsonl

Recorded with torch 2.13.0, transformers 5.23.0.
"""

import itertools
import json
import tempfile
from typing import Any

import torch
from live_storages import LiveStorages
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import Trainer, TrainingArguments

VOCABULARY, HIDDEN, LAYERS = 151_936, 1024, 28
OPTIMS = {
    "adamw_torch_fused": "",
    "adamw_torch": "",
    "sgd": "",
    "sgd momentum": "momentum=0.9",
    "rmsprop": "",
    "rmsprop momentum": "momentum=0.9,centered=true",
    "adagrad": "",
    "adafactor": "",
}


def counted(name: str, optim_args: str, weight_decay: float, dtype: torch.dtype) -> dict[str, Any]:
    optim = name.split(maxsplit=1)[0]
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder, optim=optim, optim_args=optim_args or None, weight_decay=weight_decay, use_cpu=True
        )
    optimizer_class, settings = Trainer.get_optimizer_cls_and_kwargs(arguments)
    if optimizer_class.__module__.startswith("torch.") and optim != "adamw_torch_fused":
        settings |= {"foreach": True}
    with FakeTensorMode():
        weights = [nn.Parameter(torch.zeros(VOCABULARY, HIDDEN, dtype=dtype))]
        weights += [nn.Parameter(torch.zeros(3 * HIDDEN, HIDDEN, dtype=dtype)) for _ in range(7 * LAYERS)]
        trained = sum(weight.numel() for weight in weights)
        live = LiveStorages()
        for weight in weights:
            live.watch(weight)
        with live:
            optimizer = optimizer_class(weights, weight_decay=weight_decay, **settings)
            for _ in range(2):
                for weight in weights:
                    weight.grad = torch.zeros_like(weight)
                before = live.now
                live.peaks.clear()
                live.enter("optimizer")
                optimizer.step()
                made = live.peaks["optimizer"] - before
                optimizer.zero_grad()
            kept = live.now - trained * dtype.itemsize
    return {
        "optim": optim,
        **({"optim_args": optim_args} if optim_args else {}),
        "weight_decay": weight_decay,
        "trained_bytes": dtype.itemsize,
        "trained": trained,
        "vocab_size": VOCABULARY,
        "hidden_size": HIDDEN,
        "kept": kept,
        "made": made,
    }


if __name__ == "__main__":
    for (name, optim_args), decay, dtype in itertools.product(
        OPTIMS.items(), (0.0, 0.1), (torch.float32, torch.bfloat16)
    ):
        print(json.dumps(counted(name, optim_args, decay, dtype)))
