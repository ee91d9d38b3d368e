"""Prints as JSON what test/planner/model-facts/parts.json records: parameters by part of the installed transformers'
own models, told by the classes of their modules, beside the tensors that `save_pretrained` writes for them.

A case is the default configuration of a model type, or one that is given here. No weights are made (device "meta").
"""

import json
import re
from collections import Counter
from typing import Any

import torch
import transformers
from torch import nn
from transformers import AutoConfig
from transformers.core_model_loading import revert_weight_conversion
from transformers.models.auto import modeling_auto as auto

TYPES = [
    "llama",
    "qwen2",
    "qwen2_moe",
    "qwen3",
    "qwen3_moe",
    "qwen3_next",
    "qwen3_5_text",
    "qwen3_5",
    "qwen3_5_moe",
    "mistral",
    "mixtral",
    "ministral3",
    "mistral3",
    "gemma",
    "gemma2",
    "gemma3_text",
    "gemma3",
    "gemma3n_text",
    "gemma4_text",
    "gemma4",
    "phi",
    "phi3",
    "phimoe",
    "smollm3",
    "olmo",
    "olmo2",
    "olmo3",
    "olmoe",
    "granite",
    "granitemoe",
    "gpt_oss",
    "glm",
    "glm4",
    "glm4_moe",
    "deepseek_v3",
    "qwen2_vl",
    "qwen2_5_vl",
    "qwen3_vl",
    "qwen3_vl_moe",
    "smolvlm",
    "idefics3",
    "llava",
    "llava_next",
    "llava_onevision",
    "paligemma",
    "internvl",
    "gpt2",
    "gpt_neox",
    "falcon",
    "opt",
    "starcoder2",
    "stablelm",
    "cohere2",
    "ernie4_5",
    "lfm2",
    "exaone4",
    "mamba",
    "mamba2",
    "falcon_mamba",
    "falcon_h1",
    "nemotron_h",
    "granitemoehybrid",
    "bamba",
    "jamba",
    "olmo_hybrid",
]
# The published shape of models that many train, where it isn't the default.
PUBLISHED: dict[str, dict[str, Any]] = {
    "Qwen3-0.6B": {
        "model_type": "qwen3",
        "hidden_size": 1024,
        "num_hidden_layers": 28,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "intermediate_size": 3072,
        "tie_word_embeddings": True,
    },
    "Qwen2.5-0.5B": {
        "model_type": "qwen2",
        "hidden_size": 896,
        "num_hidden_layers": 24,
        "num_attention_heads": 14,
        "num_key_value_heads": 2,
        "intermediate_size": 4864,
        "tie_word_embeddings": True,
    },
    "Llama-3.2-1B": {
        "model_type": "llama",
        "vocab_size": 128256,
        "hidden_size": 2048,
        "num_hidden_layers": 16,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 64,
        "intermediate_size": 8192,
        "tie_word_embeddings": True,
    },
    "Qwen3-30B-A3B": {
        "model_type": "qwen3_moe",
        "hidden_size": 2048,
        "num_hidden_layers": 48,
        "num_attention_heads": 32,
        "num_key_value_heads": 4,
        "head_dim": 128,
        "num_experts": 128,
        "num_experts_per_tok": 8,
        "moe_intermediate_size": 768,
        "intermediate_size": 6144,
    },
    "gemma4 with pictures": {"model_type": "gemma4", "vision_config": {"model_type": "gemma4_vision"}},
    "gemma4 with experts": {
        "model_type": "gemma4_text",
        "enable_moe_block": True,
        "num_experts": 16,
        "top_k_experts": 4,
        "moe_intermediate_size": 704,
        "num_hidden_layers": 6,
    },
    "gpt-oss-20b": {"model_type": "gpt_oss", "num_hidden_layers": 24, "num_local_experts": 32},
}
# No model of ours depends on them, and JSON has no infinity.
UNTOLD = ("transformers_version", "time_step_limit")
# By what the class of the module is called, from the parameter's own module upwards.
CLASSES = [
    ("norms", r"Norm"),
    ("router", r"Router|TopK|Gate$|Gating"),
    ("embeddings", r"Embedding"),
    ("experts", r"Experts$"),
    ("attention", r"Attention|DeltaNet|ShortConv|Mixer|Mamba"),
    # Linear layers that stand in the decoder layer itself are its MLP (OPT) or small ones beside it (Gemma 3n, 4).
    ("mlp", r"MLP|FeedForward|Laurel|DecoderLayer"),
]
SEES = r"(^|\.)(visual|vision_tower|vision_model|vision_embed_tokens|embed_vision\.vision)(\.|$)"
JOINS = r"(^|\.)(multi_modal_projector|connector|embed_vision|image_newline|merger|deepstack_merger_list)(\.|$)"


def part_of(name: str, modules: dict[str, nn.Module], model: Any) -> str:
    path = name.rpartition(".")[0]
    if modules[path] is model.get_input_embeddings():
        return "embeddings"
    if modules[path] is model.get_output_embeddings():
        return "output"
    if re.search(JOINS, name):
        return "projector"
    if re.search(SEES, name):
        return "vision"
    while path:
        kind = type(modules[path]).__name__
        for part, pattern in CLASSES:
            if re.search(pattern, kind):
                return part
        path = path.rpartition(".")[0]
    return "other"


def case(given: dict[str, Any]) -> dict[str, Any]:
    config = AutoConfig.for_model(**given)
    kind = config.model_type
    name = auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES.get(kind) or auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES[kind]
    with torch.device("meta"):
        model = getattr(transformers, name)(config)
    modules = dict(model.named_modules())
    parts: Counter[str] = Counter()
    for parameter, value in model.named_parameters():
        parts[part_of(parameter, modules, model)] += value.numel()
    buffers = {buffer for buffer, _ in model.named_buffers()}
    tensors: dict[str, list[Any]] = {}
    for tensor, value in revert_weight_conversion(model, model.state_dict()).items():
        if tensor in buffers:
            continue
        key = f"{re.sub(r'(?<=[.])[0-9]+(?=[.]|$)', '*', tensor)} {'x'.join(map(str, value.shape))}"
        tensors.setdefault(key, [0])[0] += 1
    own = {**config.to_diff_dict(), "model_type": kind, "architectures": [name]}
    return {
        "config": {key: value for key, value in own.items() if key not in UNTOLD},
        "parameters": model.num_parameters(),
        "parts": dict(sorted(parts.items())),
        "tensors": {key: count for key, [count] in tensors.items()},
    }


cases = {kind: case({"model_type": kind}) for kind in TYPES} | {name: case(of) for name, of in PUBLISHED.items()}
print("DATA", json.dumps({"source": f"transformers {transformers.__version__}", "cases": cases}))
