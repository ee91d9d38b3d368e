"""Prints as JSON what scripts/planner/recipe/packed-architectures.json records: for each architecture, whether a tiny
random model of it computes for packed rows the loss and the gradient that it computes for the same rows one by one, as
TRL's collator hands them over; or, as text, that it refuses."""

import json
import logging
import warnings
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, set_seed
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

TINY = {
    "vocab_size": 200,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 512,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
EXPERTS = {"num_experts": 4, "num_local_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
WINDOW = {"sliding_window": 8}
MIXED = {**WINDOW, "layer_types": ["sliding_attention", "full_attention"]}
LINEAR = {
    "layer_types": ["linear_attention", "full_attention"],
    "linear_num_value_heads": 4,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 16,
    "linear_value_head_dim": 16,
}
LATENT = {
    "q_lora_rank": 16,
    "kv_lora_rank": 16,
    "qk_nope_head_dim": 16,
    "qk_rope_head_dim": 8,
    "head_dim": 8,
    "v_head_dim": 16,
    "num_key_value_heads": 4,
    "n_routed_experts": 4,
    "n_group": 1,
    "topk_group": 1,
    "first_k_dense_replace": 1,
}
FAMILIES: dict[str, dict[str, Any]] = {
    "apertus": {},
    "arcee": {},
    "bloom": {"n_head": 4, "n_layer": 2},
    "cohere": {},
    "cohere2": WINDOW,
    "deepseek_v3": {**EXPERTS, **LATENT},
    "ernie4_5": {},
    "ernie4_5_moe": {"moe_num_experts": 4, "moe_k": 2, "moe_intermediate_size": 32},
    "exaone4": WINDOW,
    "gemma": {},
    "gemma2": WINDOW,
    "gemma3_text": MIXED,
    "gemma4_text": WINDOW,
    "glm": {},
    "glm4": {},
    "glm4_moe": EXPERTS,
    "gpt2": {"n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 512},
    "gpt_neox": {},
    "gpt_oss": {**EXPERTS, **MIXED},
    "granite": {},
    "granitemoe": EXPERTS,
    "helium": {},
    "hunyuan_v1_dense": {},
    "lfm2": {"layer_types": ["conv", "full_attention"]},
    "llama": {},
    "ministral": WINDOW,
    "ministral3": {},
    "mistral": WINDOW,
    "mixtral": EXPERTS,
    "nemotron": {},
    "olmo": {},
    "olmo2": {},
    "olmo3": MIXED,
    "olmoe": EXPERTS,
    "opt": {"ffn_dim": 96, "word_embed_proj_dim": 64},
    "phi": {},
    "phi3": {},
    "qwen2": {},
    "qwen2_moe": {**EXPERTS, "shared_expert_intermediate_size": 32},
    "qwen3": {},
    "qwen3_5_text": LINEAR,
    "qwen3_moe": EXPERTS,
    "qwen3_next": {**EXPERTS, **LINEAR, "shared_expert_intermediate_size": 32},
    "seed_oss": {},
    "smollm3": {},
    "stablelm": {},
    "starcoder2": {},
}
ROWS = [17, 5, 23, 9]
# Noise is about 1e-7 for the loss and 1e-6 for the gradient; a leak, more than 1e-3.
LEAST_LEAK = 1e-4


def without_chance(model: torch.nn.Module) -> None:
    for module in model.modules():
        for name in ("p", "dropout", "attention_dropout", "residual_dropout"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)
    for parameter in model.parameters():
        if parameter.ndim >= 2 and parameter.std() < 0.05:  # so that attention matters
            torch.nn.init.normal_(parameter, std=0.1)


def learn(model: Any, batches: list[dict[str, Any]]) -> torch.Tensor:
    """The summed loss of these batches, and its gradient."""
    total = torch.zeros(1)
    for batch in batches:
        labels = batch.pop("labels")[:, 1:].reshape(-1)
        logits = model(**batch, use_cache=False).logits[:, :-1]
        loss = torch.nn.functional.cross_entropy(logits.reshape(len(labels), -1).float(), labels, reduction="sum")
        loss.backward()
        total += loss.detach()
    found = torch.cat([total, *(each.grad.flatten() for each in model.parameters() if each.grad is not None)])
    model.zero_grad()
    return found


def kept_apart(name: str, more: dict[str, Any]) -> bool | str:
    set_seed(0)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(name, **{**TINY, **more}))
    without_chance(model)
    model.train()
    rows = [torch.randint(3, 200, (length,)).tolist() for length in ROWS]
    joined = {"input_ids": [token for row in rows for token in row], "seq_lengths": ROWS}
    padded = DataCollatorForLanguageModeling(pad_token_id=0)
    packed = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)
    one_by_one = learn(model, [padded([{"input_ids": row}]) for row in rows])
    try:
        together = learn(model, [packed([joined])])
    except ValueError as error:
        return str(error)
    apart = abs(one_by_one[0] - together[0]) / one_by_one[0]
    turned = (one_by_one[1:] - together[1:]).norm() / one_by_one[1:].norm()
    return bool(apart < LEAST_LEAK and turned < LEAST_LEAK)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    found = {MODEL_FOR_CAUSAL_LM_MAPPING_NAMES[name]: kept_apart(name, more) for name, more in FAMILIES.items()}
    print("DATA", json.dumps(found))
