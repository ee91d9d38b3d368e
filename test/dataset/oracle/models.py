"""Two models too small to know anything, with the chat templates that TRL ships: one reads text, one pictures, too."""

from functools import cache
from pathlib import Path
from typing import Any

import trl
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    CLIPImageProcessorPil,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
    set_seed,
)

TEMPLATES = Path(trl.__file__).parent / "chat_templates"
IMAGE = "<image>"
PICTURE, PATCH = 28, 14  # pixels
SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    IMAGE,
    "<bos>",
    "<eos>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<|begin_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<|end|>",
    "<|user|>",
    "<|assistant|>",
    "<|system|>",
]
# What ends a sequence, and what begins one, by the beginning of the template's name.
ENDS = {"gemma": ("<eos>", "<bos>"), "llama": ("<|eot_id|>", "<|begin_of_text|>"), "phi": ("<|endoftext|>", None)}


def byte_tokenizer(template: str) -> PreTrainedTokenizerFast:
    """One token a byte of UTF-8, so that lengths can be counted by hand."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={byte: index for index, byte in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(SPECIAL)
    end, begin = next((ends for name, ends in ENDS.items() if template.startswith(name)), ("<|im_end|>", None))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=end,
        bos_token=begin,
        pad_token="<|endoftext|>" if end != "<|endoftext|>" else "<|end|>",
        chat_template=(TEMPLATES / f"{template}.jinja").read_text(encoding="utf-8"),
    )


@cache
def text_tokenizer(template: str) -> PreTrainedTokenizerFast:
    return byte_tokenizer(template)


def text_config(tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 8,
        "max_position_embeddings": 4096,
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


@cache
def text_model(folder: Path) -> str:
    set_seed(0)
    tokenizer = byte_tokenizer("qwen3")
    Qwen3ForCausalLM(Qwen3Config(**text_config(tokenizer))).save_pretrained(folder / "text")
    tokenizer.save_pretrained(folder / "text")
    return str(folder / "text")


@cache
def vision_processor(template: str) -> LlavaProcessor:
    """Of LLaVA's kind: it does without torchvision."""
    tokenizer = byte_tokenizer(template)
    size = {"height": PICTURE, "width": PICTURE}
    pictures = CLIPImageProcessorPil(size={"shortest_edge": PICTURE}, crop_size=size)
    return LlavaProcessor(
        pictures,
        tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        image_token=IMAGE,
        chat_template=tokenizer.chat_template,
    )


@cache
def vision_model(folder: Path) -> str:
    set_seed(0)
    processor = vision_processor("llava_next")
    config = LlavaConfig(
        text_config={**text_config(processor.tokenizer), "model_type": "qwen3"},
        vision_config={
            "model_type": "clip_vision_model",
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": PICTURE,
            "patch_size": PATCH,
        },
        image_token_id=processor.tokenizer.convert_tokens_to_ids(IMAGE),
    )
    LlavaForConditionalGeneration(config).save_pretrained(folder / "vision")
    processor.save_pretrained(folder / "vision")
    return str(folder / "vision")
