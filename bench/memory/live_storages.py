"""Counts the bytes of tensors that live, operation by operation."""

import weakref
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

ATTENTION = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward.default
BLOCK = 512  # CUDA's allocator gives whole blocks of it


class LiveStorages(TorchDispatchMode):
    """Bytes of the storages that operations made and that nothing has freed yet; the most of them by phase."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.peaks: dict[str, int] = {}
        self.phase = "model"
        self.known: weakref.WeakSet[Any] = weakref.WeakSet()

    def enter(self, phase: str) -> None:
        self.phase = phase
        self.reached(self.now)

    def reached(self, size: int) -> None:
        self.peaks[self.phase] = max(self.peaks.get(self.phase, 0), size)

    def watch(self, value: Any, in_place: bool = False) -> None:
        """`in_place`: autograd sums two gradients into the first where it holds the last reference to it, which for a
        fake tensor it never does (input_buffer.cpp, can_accumulate_inplace)."""
        if not isinstance(value, torch.Tensor):
            return
        storage = value.untyped_storage()
        if storage in self.known:
            return
        size = -(-storage.nbytes() // BLOCK) * BLOCK
        self.known.add(storage)
        self.now += size
        if not in_place:
            self.reached(self.now)
        weakref.finalize(storage, self.free, size)

    def free(self, size: int) -> None:
        self.now -= size

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        for value in tree_iter(result):
            self.watch(value, in_place=function is torch.ops.aten.add.Tensor and not torch.is_grad_enabled())
        if function is ATTENTION:
            self.reached(self.now + flash_backward_workspace(args[1], args[2]))
        return result


def flash_backward_workspace(query: torch.Tensor, key: torch.Tensor) -> int:
    """What FlashAttention 2 allocates on CUDA while it goes back (torch's flash_api.cpp, mha_bwd): the gradient of the
    queries in fp32, and keys' and values' for each query head where heads share them."""
    shared = 0 if key.shape[1] == query.shape[1] else 2 * 2
    return query.numel() * (4 + shared)
