"""Untrained models that see, of the families that people train, as small as they get.

Run as `python seeing_families.py <folder> <family>...`.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import transformers
from families import byte_tokenizer, read_template, text_shape
from transformers import AutoConfig, AutoModelForImageTextToText, PreTrainedTokenizerFast, ProcessorMixin, set_seed

SIDE, PATCH = 56, 14  # pixels
VISION = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "num_hidden_layers": 2}
Made = tuple[dict[str, Any], ProcessorMixin]


def tokenizer_for(template: str, end: str, begin: str | None = None, **marks: str) -> PreTrainedTokenizerFast:
    tokenizer = byte_tokenizer(read_template(Path(), f"trl:{template}"), begin, end)
    tokenizer.add_special_tokens({"additional_special_tokens": sorted(marks.values())})
    for name, mark in marks.items():
        setattr(tokenizer, name, mark)
        setattr(tokenizer, f"{name}_id", tokenizer.convert_tokens_to_ids(mark))
        tokenizer.init_kwargs[name] = mark
    return tokenizer


def text_config(tokenizer: PreTrainedTokenizerFast, model_type: str, **more: Any) -> dict[str, Any]:
    return {"model_type": model_type, **text_shape(tokenizer), **more}


def qwen(tokenizer: PreTrainedTokenizerFast, name: str, vision: dict[str, Any], **text: Any) -> Made:
    ids = tokenizer.convert_tokens_to_ids(["<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>"])
    names = ["image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id"]
    size = {"shortest_edge": SIDE * SIDE, "longest_edge": SIDE * SIDE}
    prefix = "Qwen3VL" if name == "qwen3_vl" else "Qwen2_5_VL"
    videos = transformers.Qwen3VLVideoProcessor if name == "qwen3_vl" else transformers.Qwen2VLVideoProcessor
    patch = vision["patch_size"]
    processor = getattr(transformers, f"{prefix}Processor")(
        transformers.Qwen2VLImageProcessor(size=size, patch_size=patch), tokenizer, videos(patch_size=patch)
    )
    text_part = text_config(tokenizer, f"{name}_text", rope_parameters=ROPE, **text)
    return {"text_config": text_part, "vision_config": vision, **dict(zip(names, ids, strict=True))}, processor


ROPE = {"rope_type": "default", "mrope_section": [4, 6, 6], "rope_theta": 10000.0}
QWEN_MARKS = {"a": "<|image_pad|>", "b": "<|video_pad|>", "c": "<|vision_start|>", "d": "<|vision_end|>"}


def qwen2_5_vl() -> Made:
    tokenizer = tokenizer_for("qwen2_5_vl", "<|im_end|>", **QWEN_MARKS)
    vision = {"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 64}
    vision |= {"patch_size": PATCH, "fullatt_block_indexes": [1], "window_size": 2 * PATCH * 2}
    return qwen(tokenizer, "qwen2_5_vl", vision)


def qwen3_vl() -> Made:
    tokenizer = tokenizer_for("qwen3_vl", "<|im_end|>", **QWEN_MARKS)
    vision = {"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 64}
    vision |= {"patch_size": 16, "deepstack_visual_indexes": [1], "num_position_embeddings": 64}
    return qwen(tokenizer, "qwen3_vl", vision)


def gemma3() -> Made:
    marks = {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>"}
    tokenizer = tokenizer_for("gemma3", "<end_of_turn>", "<bos>", **marks)
    tokens = (SIDE // PATCH) ** 2 // 4
    pictures = transformers.Gemma3ImageProcessor(size={"height": SIDE, "width": SIDE})
    processor = transformers.Gemma3Processor(pictures, tokenizer, image_seq_length=tokens)
    vision = {"model_type": "siglip_vision_model", **VISION, "image_size": SIDE, "patch_size": PATCH}
    config = {"text_config": text_config(tokenizer, "gemma3_text", sliding_window=64), "vision_config": vision}
    config |= {"mm_tokens_per_image": tokens, "image_token_index": tokenizer.image_token_id}
    config |= {"boi_token_index": tokenizer.boi_token_id, "eoi_token_index": tokenizer.eoi_token_id}
    return config, processor


def smolvlm() -> Made:
    marks = {"image_token": "<image>", "fake_image_token": "<fake_token_around_image>"}
    marks |= {"global_image_token": "<global-img>", "end_of_utterance_token": "<end_of_utterance>"}
    tokenizer = tokenizer_for("smolvlm", "<end_of_utterance>", **marks)
    pictures = transformers.SmolVLMImageProcessor(
        size={"longest_edge": SIDE}, max_image_size={"longest_edge": SIDE}, do_image_splitting=False
    )
    videos = transformers.SmolVLMVideoProcessor(
        size={"longest_edge": SIDE},
        max_image_size={"longest_edge": SIDE},
        video_sampling={"fps": 1, "max_frames": 2, "video_size": {"longest_edge": SIDE}},
    )
    processor = transformers.SmolVLMProcessor(pictures, tokenizer, videos, image_seq_len=(SIDE // PATCH) ** 2 // 4)
    vision = {"model_type": "smolvlm_vision", **VISION, "image_size": SIDE, "patch_size": PATCH}
    config = {"text_config": text_config(tokenizer, "llama"), "vision_config": vision, "scale_factor": 2}
    return {**config, "image_token_id": tokenizer.image_token_id, "pad_token_id": tokenizer.pad_token_id}, processor


def llava() -> Made:
    tokenizer = tokenizer_for("llava_next", "<|im_end|>", image_token="<image>")
    size = {"height": SIDE, "width": SIDE}
    processor = transformers.LlavaProcessor(
        transformers.CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size=size),
        tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )
    vision = {"model_type": "clip_vision_model", **VISION, "image_size": SIDE, "patch_size": PATCH}
    config = {"text_config": text_config(tokenizer, "llama"), "vision_config": vision}
    return {**config, "image_token_id": tokenizer.image_token_id}, processor


FAMILIES: dict[str, Callable[[], Made]] = {
    "qwen2_5_vl": qwen2_5_vl,
    "qwen3_vl": qwen3_vl,
    "gemma3": gemma3,
    "smolvlm": smolvlm,
    "llava": llava,
}


def make_family(folder: Path, family: str) -> None:
    config, processor = FAMILIES[family]()
    set_seed(0)
    model = AutoModelForImageTextToText.from_config(AutoConfig.for_model(family, **config))
    model.generation_config.eos_token_id = processor.tokenizer.eos_token_id
    model.save_pretrained(folder / family)
    processor.chat_template = processor.tokenizer.chat_template
    processor.save_pretrained(folder / family)


if __name__ == "__main__":
    for one in sys.argv[2:]:
        make_family(Path(sys.argv[1]), one)
