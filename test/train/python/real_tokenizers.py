"""Model folders with real vocabularies and chat templates, out of llama.cpp's own test files.

Run as `python real_tokenizers.py <llama.cpp/models> <folder>`.
"""

import json
import shutil
import sys
from pathlib import Path

from transformers import AutoTokenizer

MODELS = {
    "qwen2": "Qwen-Qwen3-0.6B",
    "qwen35": "Qwen3.5-4B",
    "llama-bpe": "meta-llama-Llama-3.1-8B-Instruct",
    "phi-3": "microsoft-Phi-3.5-mini-instruct",
    "gpt-2": "HuggingFaceTB-SmolLM3-3B",
}

if __name__ == "__main__":
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    for name, template in MODELS.items():
        folder = target / name
        AutoTokenizer.from_pretrained(source, gguf_file=f"ggml-vocab-{name}.gguf").save_pretrained(folder)
        shutil.copyfile(source / "templates" / f"{template}.jinja", folder / "chat_template.jinja")
        # What AutoTokenizer looks at to choose a class: this one leaves tokenizer.json as it is.
        (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))
    # The class that transformers builds anew from the vocabulary, whatever tokenizer.json says.
    shutil.copytree(target / "phi-3", target / "phi-3-llama", dirs_exist_ok=True)
    config = target / "phi-3-llama" / "tokenizer_config.json"
    settings = {**json.loads(config.read_text()), "tokenizer_class": "LlamaTokenizer", "add_bos_token": True}
    config.write_text(json.dumps(settings))
    shutil.copytree(source / "templates", target / "templates", dirs_exist_ok=True)
