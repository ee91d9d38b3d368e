"""Prints as JSON what test/planner/model-facts/layer-types.json records: what the layers of a configuration are, by the
installed transformers' own configuration classes. `layers` is a list, or where all are one kind, that one.

The defaults of every model type that generates text, where some layers have no softmax attention, and settings of
theirs that published configurations have in place of a list.
"""

import json
import logging
from typing import Any

from huggingface_hub.errors import StrictDataclassError
from transformers import AutoConfig
from transformers.models.auto import modeling_auto as auto

logging.disable()
SETTINGS: list[dict[str, Any]] = [
    {"model_type": "qwen3_5_text", "num_hidden_layers": 12, "full_attention_interval": 3},
    {"model_type": "qwen3_5_moe_text", "num_hidden_layers": 12, "full_attention_interval": 6},
    {"model_type": "qwen3_next", "num_hidden_layers": 10, "full_attention_interval": 5},
    {"model_type": "qwen3_next", "num_hidden_layers": 3, "layer_types": ["linear_attention"] * 2 + ["full_attention"]},
    {"model_type": "bailing_hybrid", "num_hidden_layers": 10, "layer_group_size": 5},
    {"model_type": "jamba", "num_hidden_layers": 12, "attn_layer_period": 4, "attn_layer_offset": 2},
    {"model_type": "jamba", "num_hidden_layers": 12, "attn_layer_period": 4, "attn_layer_offset": 0},
    {"model_type": "bamba", "num_hidden_layers": 12, "attn_layer_indices": [3, 9]},
    {"model_type": "granitemoehybrid", "num_hidden_layers": 4, "layer_types": ["mamba", "attention"] * 2},
    {"model_type": "granitemoehybrid", "num_hidden_layers": 4, "layers_block_type": ["mamba", "attention"] * 2},
    {"model_type": "lfm2", "num_hidden_layers": 8, "full_attn_idxs": [2, 5]},
    {"model_type": "lfm2", "num_hidden_layers": 2, "layer_types": ["conv", "full_attention"]},
    {"model_type": "nemotron_h", "hybrid_override_pattern": "M-M*E-", "num_hidden_layers": 6},
    {"model_type": "recurrent_gemma", "num_hidden_layers": 8, "block_types": ["recurrent", "attention"]},
    {"model_type": "zamba", "num_hidden_layers": 14, "attn_layer_period": 5, "attn_layer_offset": 1},
    {
        "model_type": "kimi_linear",
        "num_hidden_layers": 6,
        "linear_attn_config": {"full_attn_layers": [3, 6], "kda_layers": [1, 2, 4, 5]},
    },
    {"model_type": "gemma3_text", "num_hidden_layers": 8, "sliding_window_pattern": 4},
    {"model_type": "cohere2", "num_hidden_layers": 8, "sliding_window_pattern": 2},
]


def layers_of(config: Any) -> list[str]:
    return list(getattr(config, "layer_types", None) or [])


defaults: dict[str, dict[str, Any]] = {}
for kind in sorted({*auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, *auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES}):
    try:
        config = AutoConfig.for_model(kind).get_text_config(decoder=True)
    except (ValueError, StrictDataclassError):  # a part of another model, which has no configuration of its own
        continue
    if {"linear_attention", "conv", "hybrid"} & set(layers_of(config)):
        defaults[config.model_type] = {"model_type": config.model_type, "num_hidden_layers": len(layers_of(config))}
cases = []
for settings in [*defaults.values(), *SETTINGS]:
    own = {name: value for name, value in settings.items() if name != "model_type"}
    layers = layers_of(AutoConfig.for_model(settings["model_type"], **own).get_text_config(decoder=True))
    cases.append({**settings, "layers": layers[0] if len(set(layers)) == 1 else layers})
print("DATA", json.dumps(cases))
