"""Kernels that one decoder layer launches, and bytes that they read and write, for one training batch.

Writes one JSON line a kind of layer and length: of the installed transformers' own layers as they run where neither
fla nor causal-conv1d nor mamba-ssm is installed, which the training doesn't. Counted operation by operation
(TorchDispatchMode; views launch nothing) as the difference between a deep and a shallow small model of bf16 weights:
`forward`, and `back` with the gradients of all weights. Bytes are a token's, without those of linear layers.

    python bench/time/layer_launches.py > bench/time/layer-launches.jsonl

Recorded with torch 2.13.0, transformers 5.23.0, peft 0.21.2.
"""

import contextlib
import json
import sys
import warnings
from typing import Any

import torch
import transformers
from peft import LoraConfig, get_peft_model
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import AutoConfig, AutoModelForCausalLM, masking_utils

LENGTHS = (256, 1024, 2048)
# A tenth of Qwen3.5-4B, and the usual widths beside it.
SIZES: dict[str, Any] = {
    "hidden_size": 256,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 128,
    "intermediate_size": 1024,
    "vocab_size": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
DELTA = {
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 128,
    "linear_value_head_dim": 128,
}
HEADS = {"mamba_n_heads": 8, "mamba_d_head": 64, "mamba_d_state": 128, "mamba_n_groups": 1}


def of(kind: str, layers: int) -> dict[str, Any]:
    return {"layer_types": [kind] * layers, "num_hidden_layers": layers}


def depth(layers: int) -> dict[str, Any]:
    return {"num_hidden_layers": layers}


# What transformers calls the layer -> the model type that it was counted in, its own settings, and how a depth is told.
CASES: dict[str, tuple[str, dict[str, Any], Any]] = {
    "attention": ("qwen3", {}, depth),
    "attention with adapters": ("qwen3", {}, depth),
    "mlp": ("nemotron_h", {}, lambda n: {"layers_block_type": ["mlp"] * n}),
    "delta of qwen3_5": ("qwen3_5_text", DELTA, lambda n: of("linear_attention", n)),
    "delta of qwen3_next": (
        "qwen3_next",
        {**DELTA, "mlp_only_layers": list(range(8))},
        lambda n: of("linear_attention", n),
    ),
    "delta of olmo_hybrid": (
        "olmo_hybrid",
        DELTA,
        lambda n: {"layer_types": ["linear_attention"] * (n - 1) + ["full_attention"], "num_hidden_layers": n},
    ),
    "kda of kimi_linear": (
        "kimi_linear",
        {"linear_head_dim": 64, "linear_num_heads": 4},
        lambda n: {**of("linear_attention", n), "mlp_layer_types": ["dense"] * n},
    ),
    "mamba": ("mamba", {"expand": 2, "state_size": 16}, depth),
    "mamba of falcon_mamba": ("falcon_mamba", {"expand": 2, "state_size": 16}, depth),
    "mamba of jamba": (
        "jamba",
        {
            "num_experts": 1,
            "attn_layer_period": 100,
            "attn_layer_offset": 99,
            "expert_layer_period": 100,
            "expert_layer_offset": 99,
            "use_mamba_kernels": False,
        },
        depth,
    ),
    "mamba2": ("mamba2", {"num_heads": 8, "head_dim": 64, "n_groups": 1, "state_size": 128}, depth),
    "mamba2 of bamba": ("bamba", HEADS, depth),
    "mamba2 of granitemoehybrid": (
        "granitemoehybrid",
        {**HEADS, "num_local_experts": 0, "shared_intermediate_size": 1024},
        lambda n: of("linear_attention", n),
    ),
    "mamba2 of nemotron_h": (
        "nemotron_h",
        {"mamba_num_heads": 8, "mamba_head_dim": 64, "n_groups": 1, "ssm_state_size": 128},
        lambda n: {"layers_block_type": ["linear_attention"] * n},
    ),
    "mamba2 and attention of falcon_h1": ("falcon_h1", {**HEADS, "mamba_d_ssm": 512}, depth),
    "lightning of minimax": (
        "minimax",
        {"num_local_experts": 1, "num_experts_per_tok": 1},
        lambda n: of("linear_attention", n),
    ),
    "conv of lfm2": ("lfm2", {"block_auto_adjust_ff_dim": False}, lambda n: of("conv", n)),
    "recurrent of recurrent_gemma": (
        "recurrent_gemma",
        {"lru_width": 256, "block_types": ["recurrent"]},
        depth,
    ),
}
VIEWS = (
    "view", "detach", "transpose", "t", "expand", "unsqueeze", "slice", "select", "permute", "alias", "split",
    "split_with_sizes", "squeeze", "unbind", "as_strided", "chunk", "diagonal", "unfold", "_unsafe_view", "reshape",
    "_reshape_alias", "empty", "empty_like", "new_empty", "new_empty_strided", "empty_strided", "is_same_size",
    "_local_scalar_dense", "_has_compatible_shallow_copy_type", "lift_fresh",
)  # fmt: skip
# Whose time is that of their operations.
PRODUCTS = ("mm", "addmm", "_scaled_dot_product_flash_attention_for_cpu",
            "_scaled_dot_product_flash_attention_for_cpu_backward")  # fmt: skip


class Counter(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.launches = 0
        self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        space, name = func._schema.name.split("::")
        if space != "prim" and name not in VIEWS:
            self.launches += 1
            if name not in PRODUCTS:
                self.bytes += moved(args) + moved(kwargs) + moved(result)
        return result


def moved(value: Any) -> int:
    if isinstance(value, torch.Tensor):
        return min(value.nbytes, value.untyped_storage().nbytes())  # what is expanded is read once
    if isinstance(value, (list, tuple)):
        return sum(moved(each) for each in value)
    return sum(moved(each) for each in value.values()) if isinstance(value, dict) else 0


def counted(kind: str, layers: int, length: int) -> list[int]:
    model_type, own, deep = CASES[kind]
    config = AutoConfig.for_model(model_type, **{**SIZES, **own, **deep(layers)})
    config.use_cache = False
    adapters = kind.endswith("adapters")
    # Nothing is computed, but where peft moves adapters to the device of what they adapt.
    with contextlib.nullcontext() if adapters else FakeTensorMode(allow_non_fake_inputs=True):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
        decoder = model.base_model
        if adapters:
            model = get_peft_model(model, LoraConfig(target_modules="all-linear"))
            model.enable_input_require_grads()
        model.train()
        ids = torch.zeros((1, length), dtype=torch.long)
        with torch.autocast("cpu", dtype=torch.bfloat16), Counter() as forward:
            hidden = decoder(input_ids=ids, use_cache=False)[0]
        loss = hidden.float().sum()
        with Counter() as back:
            loss.backward()
    return [forward.launches, back.launches, forward.bytes, back.bytes]


def main() -> None:
    warnings.filterwarnings("ignore")
    transformers.utils.logging.set_verbosity_error()
    masking_utils.is_tracing = lambda *_: False  # type: ignore[assignment]
    masking_utils.find_packed_sequence_indices = lambda *_: None  # type: ignore[assignment]  # a row is one sequence
    for kind in sys.argv[1:] or CASES:
        for length in LENGTHS:
            deep, shallow = counted(kind, 4, length), counted(kind, 2, length)
            forward, back, read, read_back = [(one - other) / 2 for one, other in zip(deep, shallow, strict=True)]
            row = {"layer": kind, "tokens": length, "forward": forward, "back": back}
            print(json.dumps({**row, "forward_bytes": round(read / length), "back_bytes": round(read_back / length)}))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
