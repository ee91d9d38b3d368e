"""Rows with pictures, for the architectures that read them."""

from typing import Any

import torch
from torch._subclasses import fake_tensor
from torch._subclasses.fake_tensor import unset_fake_temporarily
from transformers.models.qwen2_5_vl import modeling_qwen2_5_vl
from transformers.models.siglip import modeling_siglip

WINDOWS = modeling_qwen2_5_vl.get_vision_window_index
CHANNELS = 3


def install_pictures() -> None:
    """The grid of a picture's patches is known: small tensors keep their values, and Qwen2.5-VL's windows are computed
    from real ones. Weights aren't drawn."""
    fake_tensor.CONSTANT_NUMEL_LIMIT = 1 << 20  # type: ignore[misc]
    modeling_siglip.SiglipPreTrainedModel._init_weights = lambda *_: None  # type: ignore[method-assign]

    def windows(grid_thw: torch.Tensor, **settings: Any) -> Any:
        grid = grid_thw.tolist()
        settings.pop("kwargs", None)
        with unset_fake_temporarily(), torch._C.DisableTorchFunction():
            found = [each.tolist() for each in WINDOWS(torch.tensor(grid), **settings)]
        return tuple(torch.tensor(each) for each in found)

    modeling_qwen2_5_vl.get_vision_window_index = windows


def picture_tokens(case: dict[str, Any]) -> int:
    """That the decoder reads for the pictures of a row."""
    config = case["config"]
    vision = config["vision_config"]
    if "spatial_merge_size" in vision:
        high, wide = case["patches"]
        return int(case["pictures"] * high * wide // vision["spatial_merge_size"] ** 2)
    side = vision["image_size"] // vision["patch_size"]
    if config["model_type"] == "gemma3":
        return int(case["pictures"] * config["mm_tokens_per_image"])
    return int(case["pictures"] * side**2 // config.get("scale_factor", 1) ** 2)


def picture_inputs(case: dict[str, Any]) -> dict[str, Any]:
    """`pictures` of a row, each of `patches` (high, wide) where the model takes any size, tiles count as pictures; the
    rest of its `length` is text."""
    config = case["config"]
    vision = config["vision_config"]
    rows, pictures, length = case["batch"], case["pictures"], case["length"]
    token = config.get("image_token_id", config.get("image_token_index"))
    seen = picture_tokens(case)
    ids = torch.tensor([[token] * seen + [5] * (length - seen)] * rows)
    kinds = torch.tensor([[1] * seen + [0] * (length - seen)] * rows)
    inputs = {"input_ids": ids}
    if "spatial_merge_size" in vision:
        high, wide = case["patches"]
        size = CHANNELS * vision["temporal_patch_size"] * vision["patch_size"] ** 2
        return inputs | {
            "pixel_values": torch.zeros(rows * pictures * high * wide, size),
            "image_grid_thw": torch.tensor([[1, high, wide]] * rows * pictures),
            "mm_token_type_ids": kinds,
            "position_ids": torch.zeros((3, rows, length), dtype=torch.long),
        }
    shape = (CHANNELS, vision["image_size"], vision["image_size"])
    if config["model_type"] == "smolvlm":
        return inputs | {"pixel_values": torch.zeros(rows, pictures, *shape)}
    inputs["pixel_values"] = torch.zeros(rows * pictures, *shape)
    return inputs | ({"token_type_ids": kinds} if config["model_type"] == "gemma3" else {})
