"""Untrained models of the families that people train, each with the chat template that it has on the Hub.

Run as `python families.py <templates> <folder> <family>...`; `templates` holds llama.cpp's copies of the originals.
"""

import re
import sys
from pathlib import Path
from typing import Any

import trl
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast, set_seed

OF_TRL = Path(trl.__file__).parent / "chat_templates"

EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}
# Family: model_type, template, what begins a text, what ends an answer, what else its configuration needs.
FAMILIES: dict[str, tuple[str, str, str | None, str, dict[str, Any]]] = {
    "llama": ("llama", "meta-llama-Llama-3.1-8B-Instruct", "<|begin_of_text|>", "<|eot_id|>", {}),
    "qwen2.5": ("qwen2", "Qwen-Qwen2.5-7B-Instruct", None, "<|im_end|>", {}),
    "qwen3": ("qwen3", "Qwen-Qwen3-0.6B", None, "<|im_end|>", {}),
    "gemma3": ("gemma3_text", "trl:gemma3", "<bos>", "<end_of_turn>", {"sliding_window": 64}),
    "phi3": ("phi3", "microsoft-Phi-3.5-mini-instruct", None, "<|end|>", {}),
    "smollm3": ("smollm3", "HuggingFaceTB-SmolLM3-3B", None, "<|im_end|>", {}),
    "gpt-oss": (
        "gpt_oss",
        "openai-gpt-oss-120b",
        None,
        "<|return|>",
        EXPERTS,
    ),
    "olmo2": ("olmo2", "trl:qwen2_5", None, "<|im_end|>", {}),
    "granite": ("granite", "ibm-granite-granite-3.3-2B-Instruct", None, "<|end_of_text|>", {}),
    "mistral": ("mistral", "mistralai-Mistral-Nemo-Instruct-2407", "<s>", "</s>", {"sliding_window": None}),
}
PADDING = "<|padding|>"


def read_template(templates: Path, name: str) -> str:
    kind, _, short = name.rpartition(":")
    return ((OF_TRL if kind else templates) / f"{short}.jinja").read_text(encoding="utf-8")


def byte_tokenizer(template: str, begin: str | None, end: str) -> PreTrainedTokenizerFast:
    """A token a byte, and one for every mark that the template writes."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={byte: index for index, byte in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    marks = re.findall(r"<\|\w+\|>|<start_of_turn>|<end_of_turn>|<[a-z_]*image[a-z_]*>|\[/?[A-Z_]+\]", template)
    tokenizer.add_special_tokens(list(dict.fromkeys([PADDING, *([begin] if begin else []), end, *marks])))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=begin, eos_token=end, pad_token=PADDING, chat_template=template
    )


def text_shape(tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 32,
        "max_position_embeddings": 4096,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "dtype": "float32",
    }


def make_family(templates: Path, folder: Path, family: str) -> Path:
    model_type, name, begin, end, own = FAMILIES[family]
    tokenizer = byte_tokenizer(read_template(templates, name), begin, end)
    set_seed(0)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(model_type, **text_shape(tokenizer), **own))
    model.save_pretrained(folder / family)
    tokenizer.save_pretrained(folder / family)
    return folder / family


if __name__ == "__main__":
    for one in sys.argv[3:]:
        print(make_family(Path(sys.argv[1]), Path(sys.argv[2]), one))
