"""Makes a small gpt-oss as OpenAI publishes it, its experts packed in MXFP4: packed_model.py <tokenizer> <folder>."""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, GptOssConfig, GptOssForCausalLM

BLOCK = 32  # weights that share a scale
SMALL = 120  # the scale's exponent, of 127: 2 ** -7

tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
folder = Path(sys.argv[2])
tokenizer.save_pretrained(folder)
config = GptOssConfig(
    vocab_size=len(tokenizer),
    hidden_size=64,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=16,
    num_local_experts=4,
    num_experts_per_tok=2,
    eos_token_id=tokenizer.eos_token_id,
    pad_token_id=tokenizer.pad_token_id,
)
GptOssForCausalLM(config).bfloat16().save_pretrained(folder)

stored = {}
for name, tensor in load_file(folder / "model.safetensors").items():
    if not name.endswith(("experts.gate_up_proj", "experts.down_proj")):
        stored[name] = tensor
        continue
    experts, rows, columns = tensor.shape
    shape = (experts, columns, rows // BLOCK)
    stored[f"{name}_blocks"] = torch.randint(0, 256, (*shape, BLOCK // 2), dtype=torch.uint8)
    stored[f"{name}_scales"] = torch.full(shape, SMALL, dtype=torch.uint8)
save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})

file = folder / "config.json"
kept = ["model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"]
quantization = {"quant_method": "mxfp4", "modules_to_not_convert": kept}
file.write_text(json.dumps({**json.loads(file.read_text()), "quantization_config": quantization}))
