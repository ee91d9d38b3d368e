"""Bytes a token and vocabulary entry of losses that make the logits of all tokens, as TRL 1.16 doesn't.

Each loss is that of a published run's own code, from the output layer on, counted operation by operation under fake
tensors; autocast's copies are written out as CUDA makes them (log_softmax takes fp32). Prints whole-logits.json.

    python bench/memory/whole_logits.py > bench/memory/whole-logits.json

Recorded with torch 2.13.0.
"""

import json
from collections.abc import Callable

import torch
from live_storages import LiveStorages
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional as F

HIDDEN, VOCABULARY, LENGTH = 8, 65_536, 2048
Loss = Callable[[Tensor, Tensor], tuple[Tensor, Tensor | None]]


def qwen(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor | None]:
    """Qwen's own modeling_qwen.py; accelerate 0.23 hands its logits on in fp32 (convert_outputs_to_fp32)."""
    shifted = logits[..., :-1, :].contiguous()
    scores = F.log_softmax(shifted.flatten(0, -2).float(), -1)
    loss = F.nll_loss(scores, labels[..., 1:].reshape(-1))
    logits.float()
    return loss, None


def shifted(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor | None]:
    """transformers 4.39, modeling_llama.py: the logits in fp32, then a copy of all tokens but the last."""
    logits = logits.float()
    kept = logits[..., :-1, :].contiguous()
    return F.cross_entropy(kept.flatten(0, -2), labels[..., 1:].reshape(-1)), None


def unshifted(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor | None]:
    """transformers since 4.48, loss_utils.py (ForCausalLMLoss), torchtune since July 2024: the labels are shifted."""
    wide = logits.float()
    return F.cross_entropy(wide.flatten(0, -2), labels.reshape(-1)), None


def held(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor | None]:
    """torchtune in May 2024, lora_finetune_single_device.py: the shifted copy lives on through the way back."""
    logits = logits.float()
    logits = logits[..., :-1, :].contiguous()
    logits = logits.transpose(1, 2)
    return F.cross_entropy(logits, labels[..., 1:].contiguous()), logits


def entry_bytes(loss: Loss, sequences: int) -> float:
    with FakeTensorMode(), LiveStorages() as live:
        hidden = torch.zeros(sequences, LENGTH, HIDDEN, dtype=torch.bfloat16, requires_grad=True)
        labels = torch.zeros(sequences, LENGTH, dtype=torch.long)
        layer = nn.Linear(HIDDEN, VOCABULARY, bias=False, dtype=torch.bfloat16).requires_grad_(False)
        result, _alive = loss(layer(hidden), labels)
        result.backward()
        return live.peaks["model"] / (sequences * LENGTH * VOCABULARY)


if __name__ == "__main__":
    table = {}
    for loss in (qwen, shifted, unshifted, held):
        one, two = (round(entry_bytes(loss, sequences), 1) for sequences in (1, 2))
        assert one == two, loss.__name__
        table[loss.__name__] = one
    print(json.dumps(table))
