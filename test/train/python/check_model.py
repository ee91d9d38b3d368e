"""Loads a finished model as its users do, from a folder or the Hub, and says what it answers to a question."""

import json
import sys
from pathlib import Path

import torch
from huggingface_hub import HfApi
from peft import AutoPeftModelForCausalLM
from transformers import AutoModelForCausalLM, AutoTokenizer

source = sys.argv[1]
folder = Path(source)
files = [file.name for file in folder.iterdir()] if folder.is_dir() else HfApi().list_repo_files(source)
model_class = AutoPeftModelForCausalLM if "adapter_config.json" in files else AutoModelForCausalLM
model = model_class.from_pretrained(source)
tokenizer = AutoTokenizer.from_pretrained(source)
inputs = tokenizer("What is", return_tensors="pt", return_token_type_ids=False)
with torch.no_grad():
    logits = model(**inputs).logits
size = sum(weights.numel() for weights in model.parameters())
print(json.dumps({"finite": bool(torch.isfinite(logits).all()), "parameters": size}))
