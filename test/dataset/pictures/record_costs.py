"""Records what transformers' processors make of pictures of several sizes, for rules read from the same files.

    python record_costs.py > costs.jsonl

Each case has the files of a model's repository (as published, without what doesn't matter to sizes) and gets a
tokenizer of few words. Its image processor is loaded from them, its processor made around that one, and run on blank
pictures.
"""

import json
import sys
import tempfile
from inspect import signature
from math import prod
from pathlib import Path
from typing import Any

import transformers
from PIL import Image
from tokenizers import Regex, Tokenizer, models, pre_tokenizers
from transformers import AutoImageProcessor, PreTrainedTokenizerFast

SIZES = [
    (3840, 2160),
    (1920, 1080),
    (512, 512),
    (640, 480),
    (333, 1001),
    (28, 2000),
    (64, 48),
    (8, 8),
    (1024, 1023),
    (1500, 1501),
    (4000, 5000),
    (450, 448),
    (1344, 672),
]
ROWS = [[(512, 512)] * 8, [(640, 480), (1920, 1080)]]

CLIP = {"crop_size": {"height": 336, "width": 336}, "do_center_crop": True, "size": {"shortest_edge": 336}}
LLAVA = {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
SIGLIP = {"image_size": 896, "patch_size": 14, "hidden_size": 1152}
SPLIT = {"do_image_splitting": True, "max_image_size": {"longest_edge": 512}, "size": {"longest_edge": 2048}}
QWEN = {"patch_size": 14, "merge_size": 2, "temporal_patch_size": 2, "image_processor_type": "Qwen2VLImageProcessor"}
PINPOINTS = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]
ONEVISION = [[384 * high, 384 * wide] for high in range(1, 7) for wide in range(1, 7)]

# By name: model_type, class of the processor, its mark of a picture, what it adds to text, files.
CASES: dict[str, dict[str, Any]] = {
    "Qwen2-VL": {
        "class": "Qwen2VLProcessor",
        "mark": "<|image_pad|>",
        "config": {"model_type": "qwen2_vl", "vision_config": {"patch_size": 14}},
        "preprocessor": {**QWEN, "min_pixels": 3136, "max_pixels": 12845056},
    },
    "Qwen2.5-VL capped": {
        "class": "Qwen2_5_VLProcessor",
        "mark": "<|image_pad|>",
        "config": {"model_type": "qwen2_5_vl", "vision_config": {"patch_size": 14}},
        "preprocessor": {**QWEN, "size": {"shortest_edge": 200704, "longest_edge": 1003520}},
    },
    "Qwen2-VL by default": {
        "class": "Qwen2VLProcessor",
        "mark": "<|image_pad|>",
        "config": {"model_type": "qwen2_vl", "vision_config": {"patch_size": 14}},
        "preprocessor": {"image_processor_type": "Qwen2VLImageProcessorFast"},
    },
    "Qwen3-VL": {
        "class": "Qwen3VLProcessor",
        "mark": "<|image_pad|>",
        "config": {"model_type": "qwen3_vl", "vision_config": {"patch_size": 16}},
        "preprocessor": {
            **QWEN,
            "image_processor_type": "Qwen2VLImageProcessorFast",
            "patch_size": 16,
            "size": {"longest_edge": 16777216, "shortest_edge": 65536},
        },
    },
    "GLM-4.1V": {
        "class": "Glm4vProcessor",
        "mark": "<|image|>",
        "config": {"model_type": "glm4v", "vision_config": {"patch_size": 14}},
        "preprocessor": {
            "image_processor_type": "Glm4vImageProcessor",
            "patch_size": 14,
            "merge_size": 2,
            "temporal_patch_size": 2,
            "size": {"shortest_edge": 12544, "longest_edge": 9633792},
        },
    },
    "Gemma 3": {
        "class": "Gemma3Processor",
        "mark": "<start_of_image>",
        "joins_lines": True,
        "marks": {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>"},
        "config": {"model_type": "gemma3", "mm_tokens_per_image": 256, "vision_config": SIGLIP},
        "preprocessor": {"image_processor_type": "Gemma3ImageProcessor", "size": {"height": 896, "width": 896}},
        "processor": {"image_seq_length": 256},
    },
    "Gemma 4": {
        "class": "Gemma4Processor",
        "mark": "<|image|>",
        "marks": {
            "image_token": "<|image|>",
            "boi_token": "<|image>",
            "eoi_token": "<image|>",
            "audio_token": "<|audio|>",
            "boa_token": "<|audio>",
            "eoa_token": "<audio|>",
        },
        "config": {"model_type": "gemma4", "vision_config": {"patch_size": 16, "pooling_kernel_size": 3}},
        "preprocessor": {"image_processor_type": "Gemma4ImageProcessor", "max_soft_tokens": 280},
    },
    "SmolVLM": {
        "class": "SmolVLMProcessor",
        "mark": "<image>",
        "marks": {
            "image_token": "<image>",
            "fake_image_token": "<fake_token_around_image>",
            "global_image_token": "<global-img>",
        },
        "config": {"model_type": "smolvlm", "scale_factor": 4, "vision_config": {"image_size": 512, "patch_size": 16}},
        "preprocessor": {**SPLIT, "image_processor_type": "SmolVLMImageProcessor"},
        "processor": {"image_seq_len": 64},
    },
    "Idefics 3": {
        "class": "Idefics3Processor",
        "mark": "<image>",
        "config": {"model_type": "idefics3", "scale_factor": 2, "vision_config": {"image_size": 364, "patch_size": 14}},
        "preprocessor": {
            **SPLIT,
            "image_processor_type": "Idefics3ImageProcessor",
            "max_image_size": {"longest_edge": 364},
            "size": {"longest_edge": 1456},
        },
        "processor": {"image_seq_len": 169},
    },
    "Idefics 2": {
        "class": "Idefics2Processor",
        "mark": "<image>",
        "config": {"model_type": "idefics2", "vision_config": {"image_size": 980, "patch_size": 14}},
        "preprocessor": {
            "image_processor_type": "Idefics2ImageProcessor",
            "do_image_splitting": True,
            "size": {"longest_edge": 980, "shortest_edge": 378},
        },
        "processor": {"image_seq_len": 64},
    },
    "LLaVA 1.5": {
        "class": "LlavaProcessor",
        "mark": "<image>",
        "config": {"model_type": "llava", "vision_config": {"image_size": 336, "patch_size": 14}},
        "preprocessor": {**CLIP, "image_processor_type": "CLIPImageProcessor"},
        "processor": LLAVA,
    },
    "LLaVA-NeXT": {
        "class": "LlavaNextProcessor",
        "mark": "<image>",
        "config": {
            "model_type": "llava_next",
            "image_grid_pinpoints": PINPOINTS,
            "vision_config": {"image_size": 336, "patch_size": 14},
        },
        "preprocessor": {**CLIP, "image_processor_type": "LlavaNextImageProcessor", "image_grid_pinpoints": PINPOINTS},
        "processor": LLAVA,
    },
    "LLaVA-OneVision": {
        "class": "LlavaOnevisionProcessor",
        "mark": "<image>",
        "config": {"model_type": "llava_onevision", "vision_config": {"image_size": 384, "patch_size": 14}},
        "preprocessor": {
            "image_processor_type": "LlavaOnevisionImageProcessor",
            "size": {"height": 384, "width": 384},
            "image_grid_pinpoints": ONEVISION,
        },
        "processor": {
            "num_image_tokens": 729,
            "vision_feature_select_strategy": "full",
            "vision_aspect_ratio": "anyres_max_9",
        },
    },
    "PaliGemma": {
        "class": "PaliGemmaProcessor",
        "around": 2,
        "mark": "<image>",
        "config": {"model_type": "paligemma", "vision_config": {"image_size": 448, "patch_size": 14}},
        "preprocessor": {
            "image_processor_type": "SiglipImageProcessor",
            "image_seq_length": 1024,
            "size": {"height": 448, "width": 448},
        },
    },
    "Pixtral": {
        "class": "PixtralProcessor",
        "mark": "[IMG]",
        "config": {"model_type": "llava", "vision_config": {"patch_size": 16, "image_size": 1024}},
        "preprocessor": {
            "image_processor_type": "PixtralImageProcessor",
            "patch_size": {"height": 16, "width": 16},
            "size": {"longest_edge": 1024},
        },
        "processor": {"patch_size": 16},
    },
    "Mistral Small 3.1": {
        "class": "PixtralProcessor",
        "mark": "[IMG]",
        "config": {
            "model_type": "mistral3",
            "spatial_merge_size": 2,
            "vision_config": {"patch_size": 14, "image_size": 1540},
        },
        "preprocessor": {
            "image_processor_type": "PixtralImageProcessor",
            "patch_size": 14,
            "size": {"longest_edge": 1540},
        },
        "processor": {"patch_size": 14, "spatial_merge_size": 2},
    },
    "InternVL 3": {
        "class": "InternVLProcessor",
        "mark": "<IMG_CONTEXT>",
        "marks": {
            "start_image_token": "<img>",
            "end_image_token": "</img>",
            "context_image_token": "<IMG_CONTEXT>",
            "video_token": "<video>",
        },
        "config": {"model_type": "internvl", "vision_config": {"image_size": [448, 448], "patch_size": [14, 14]}},
        "preprocessor": {
            "image_processor_type": "GotOcr2ImageProcessor",
            "crop_to_patches": True,
            "min_patches": 1,
            "max_patches": 12,
            "size": {"height": 448, "width": 448},
        },
        "processor": {"image_seq_length": 256},
    },
}

SPECIAL = [
    "[IMG_BREAK]",
    "[IMG_END]",
    "<end_of_utterance>",
    *[f"<row_{row}_col_{column}>" for row in range(1, 9) for column in range(1, 9)],
]


def tokenizer(case: dict[str, Any]) -> PreTrainedTokenizerFast:
    """Words, lines and special tokens, one token each."""
    words = Tokenizer(models.WordLevel({"<unk>": 0, "\n": 1, "\n\n": 2, "A": 3, "<s>": 4}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Split(Regex("\n+") if case.get("joins_lines") else "\n", "isolated")
    marks = case.get("marks", {})
    fast = PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="<unk>", bos_token="<s>", pad_token="<unk>", extra_special_tokens=marks
    )
    named = [
        "<fake_token_around_image>",
        "<global-img>",
        "<|video_pad|>",
        "<|video|>",
        "<|vision_start|>",
        "<|vision_end|>",
    ]
    fast.add_tokens([case["mark"], *marks.values(), *named, *SPECIAL], special_tokens=True)
    return fast


def processor(case: dict[str, Any], folder: Path) -> Any:
    for name, file in FILES.items():
        if case.get(name):
            (folder / file).write_text(json.dumps(case[name]))
    image = AutoImageProcessor.from_pretrained(folder)
    made = getattr(transformers, case["class"])
    made.check_argument_for_proper_class = lambda self, name, argument: argument.__class__
    # Neither sound nor videos are looked at.
    others = {name: None for name in ("feature_extractor", "video_processor") if name in signature(made).parameters}
    found = made(image_processor=image, tokenizer=tokenizer(case), **others, **case.get("processor", {}))
    found.around = case.get("around", 0)  # that it adds to any text
    return found


FILES = {
    "config": "config.json",
    "preprocessor": "preprocessor_config.json",
    "processor": "processor_config.json",
}


def cost(made: Any, case: dict[str, Any], row: list[tuple[int, int]]) -> dict[str, Any]:
    """Tokens in the place of the marks of a row, which stand apart; patches of a picture alone: of several, some are
    padded to the size of the largest.
    """
    pictures = [Image.new("RGB", size) for size in row]
    inputs = made(text=["".join(f"A{case['mark']}" for _ in pictures)], images=[pictures], return_tensors="pt")
    found = {"row": row, "tokens": inputs["input_ids"].shape[1] - len(row) - made.around}
    if len(row) > 1:
        return found
    if "image_grid_thw" in inputs:
        return {**found, "patches": int(inputs["image_grid_thw"].prod())}
    side = case["config"]["vision_config"]["patch_size"]
    high, wide = side if isinstance(side, list) else (side, side)
    *_, last = inputs["pixel_values"].shape
    flat = last == 3 * high * wide
    pixels = inputs["pixel_values"].numel() // 3
    if flat:
        return {**found, "patches": pixels // (high * wide)}
    *tiles, _, height, width = inputs["pixel_values"].shape
    return {**found, "patches": prod(tiles) * (height // high) * (width // wide)}


def record(name: str, case: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        made = processor(case, Path(folder))
    rows = [[size] for size in SIZES] + ROWS
    found = [cost(made, case, row) for row in rows]
    return {"name": name, "files": {FILES[key]: case[key] for key in FILES if key in case}, "rows": found}


if __name__ == "__main__":
    for name, case in CASES.items():
        if name in sys.argv[1:] or len(sys.argv) == 1:
            print(json.dumps({"transformers": transformers.__version__, **record(name, case)}))
