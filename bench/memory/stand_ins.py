"""What stands in for that which only a GPU has, with the same tensors kept and made."""

from collections.abc import Callable
from typing import Any

import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn
from transformers import masking_utils
from trl.kernels import chunked_logprob
from trl.trainer import utils

GROUPED_MM = nn.functional.grouped_mm
FUSED_HEAD = utils._ChunkedLogProbFunction


def nothing(*_args: Any, **_kwargs: Any) -> None:
    return None


def install(on_gpu: bool, padded: bool, on_hidden: Callable[[torch.Tensor], None]) -> None:
    """On a GPU, TRL copies the tokens that are scored together and its Triton kernels fold the loss tiles in place. A
    batch has an attention mask where its rows differ in length; where they don't, transformers leaves it to the kernel.
    `on_hidden` gets the hidden states that the loss starts from."""
    if on_gpu:
        chunked_logprob._forward_tile = nothing
        chunked_logprob._backward_tile = nothing
        chunked_logprob._addmm_fp32 = nothing  # type: ignore[assignment]
        utils._use_triton = lambda _: True
        nn.functional.grouped_mm = grouped_mm
    else:

        class Head:
            @staticmethod
            def apply(hidden: torch.Tensor, *rest: Any) -> Any:
                on_hidden(hidden)
                return FUSED_HEAD.apply(hidden, *rest)

        utils._ChunkedLogProbFunction = Head  # type: ignore[assignment,misc]
    BaseTunerLayer._move_adapter_to_device_of_base_layer = nothing  # type: ignore[method-assign]  # all is in its place
    masking_utils.is_tracing = lambda *_: False
    masking_utils.find_packed_sequence_indices = nothing  # a row is one sequence
    masking_utils.fast_all = lambda *_: not padded  # type: ignore[assignment,return-value]


class Grouped(torch.autograd.Function):
    """`grouped_mm` in fp32, which CUDA has (a product for each expert) and fake tensors refuse."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        return x.new_empty((x.shape[0], weight.shape[2]))

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Any:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        return torch.empty_like(x), torch.empty_like(weight)


def grouped_mm(x: torch.Tensor, weight: torch.Tensor, **settings: Any) -> torch.Tensor:
    if x.dtype == torch.bfloat16:
        return GROUPED_MM(x, weight, **settings)
    product: torch.Tensor = Grouped.apply(x, weight)
    return product


class Product4Bit(torch.autograd.Function):
    """bitsandbytes' MatMul4Bit: the weight is made whole for each product and only the packed bytes are kept."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, packed: torch.Tensor, shape: torch.Size) -> torch.Tensor:
        ctx.shape = shape
        return x @ torch.empty(shape, dtype=x.dtype).t()

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Any:  # type: ignore[override]
        return grad @ torch.empty(ctx.shape, dtype=grad.dtype), None, None


class Linear4Bit(nn.Linear):
    """NF4 with double quantization: half a byte a weight, and 8.127 bits for each 64 of them (Dettmers et al. 2023)."""

    def pack(self) -> None:
        self.shape = self.weight.shape
        size = round(self.weight.numel() * (0.5 + 8.127 / 8 / 64))
        self.weight = nn.Parameter(torch.empty(size, dtype=torch.uint8), requires_grad=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        product: torch.Tensor = Product4Bit.apply(x.to(torch.bfloat16), self.weight, self.shape)
        return product


def pack_layers(model: Any) -> None:
    """Every linear layer but the output layer, as transformers does for `load_in_4bit`."""
    for module in model.base_model.modules():
        if isinstance(module, nn.Linear):
            module.__class__ = Linear4Bit
            module.pack()  # type: ignore[operator]
