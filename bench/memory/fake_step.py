"""Peak memory of a training step of the real architecture, without a GPU and without its weights.

Reads cases as JSON lines from stdin, writes one JSON line a case: the bytes of all storages that live at the peak,
counted operation by operation under fake tensors. The step is the one that TRL 1.16 makes: its fused output layer, autocast to bf16,
checkpointing by layer, AdamW. Memory grows by the same amount with each layer, so two shallow models tell of a deep
one. Three things are put in the place of what only a GPU has: the Triton kernels of TRL's loss work in place and
allocate nothing, and so do their stand-ins here; 4-bit weights are bytes that are made whole for each product, as
bitsandbytes' MatMul4Bit does; attention is the CPU's flash kernel, which keeps what the GPU's keeps.
"""

import json
import sys
import time
import warnings
import weakref
from typing import Any

import torch
import transformers
from peft import LoraConfig, get_peft_model
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter
from trl.kernels import chunked_logprob
from trl.trainer.utils import add_fused_lm_head

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def nothing(*_args: Any, **_kwargs: Any) -> None:
    return None


chunked_logprob._forward_tile = nothing
chunked_logprob._backward_tile = nothing
chunked_logprob._addmm_fp32 = nothing
BaseTunerLayer._move_adapter_to_device_of_base_layer = nothing  # adapters stay fp32, as peft casts them
MODULE_TO = nn.Module.to


class Product4Bit(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, packed: torch.Tensor, shape: torch.Size) -> torch.Tensor:
        ctx.shape = shape
        ctx.save_for_backward(packed)
        return x @ torch.empty(shape, dtype=x.dtype).t()

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Any:
        return grad @ torch.empty(ctx.shape, dtype=grad.dtype), None, None


class Linear4Bit(nn.Linear):
    """NF4 with double quantization: half a byte a weight, and 8.127 bits for each 64 of them (Dettmers et al. 2023)."""

    def pack(self) -> "Linear4Bit":
        self.shape = self.weight.shape
        size = round(self.weight.numel() * (0.5 + 8.127 / 8 / 64))
        self.weight = nn.Parameter(torch.empty(size, dtype=torch.uint8), requires_grad=False)
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return Product4Bit.apply(x.to(torch.bfloat16), self.weight, self.shape)


def pack_layers(model: nn.Module) -> None:
    """Every linear layer but the output layer, as transformers does for `load_in_4bit`."""
    for module in model.base_model.modules():
        if isinstance(module, nn.Linear):
            module.__class__ = Linear4Bit
            module.pack()


class LiveStorages(TorchDispatchMode):
    """Bytes of the storages that operations made and that nothing has freed yet, in blocks as CUDA's allocator gives."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self.known: weakref.WeakSet[Any] = weakref.WeakSet()

    def watch(self, value: Any) -> None:
        if not isinstance(value, torch.Tensor):
            return
        storage = value.untyped_storage()
        if storage in self.known:
            return
        size = -(-storage.nbytes() // 512) * 512
        self.known.add(storage)
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self.free, size)

    def free(self, size: int) -> None:
        self.now -= size

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        for value in tree_iter(result):
            self.watch(value)
        return result


def measure(case: dict[str, Any]) -> dict[str, Any]:
    config = transformers.AutoConfig.for_model(**case["config"])
    with FakeTensorMode(allow_non_fake_inputs=True):
        nn.Module.to = lambda self, *_args, **_kwargs: self  # raises on fake tensors, and everything is here already
        try:
            model = build(case, config)
        finally:
            nn.Module.to = MODULE_TO
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(trained, fused=True)
        ids = torch.zeros((case["batch"], case["length"]), dtype=torch.long)
        live = LiveStorages()
        for parameter in model.parameters():
            live.watch(parameter)
        weights = live.now
        with live:
            for _ in range(2):  # the optimizer's state comes with the first step
                for _ in range(case["accumulation"]):
                    train_on(model, ids)
                optimizer.step()
                optimizer.zero_grad()
            steady = live.now
    return {
        "peak": live.peak,
        "weights": weights,
        "steady": steady,
        "trained": sum(parameter.numel() for parameter in trained),
    }


def train_on(model: nn.Module, ids: torch.Tensor) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = model(input_ids=ids, labels=ids, fused_lm_head=True, num_items_in_batch=torch.tensor(ids.numel()))
    loss = output.loss
    del output
    loss.backward()


def build(case: dict[str, Any], config: Any) -> nn.Module:
    base = transformers.AutoModelForCausalLM.from_config(
        config, dtype=DTYPES[case["weights"]], attn_implementation="sdpa"
    )
    model = base
    if case["mode"] == "qlora":
        pack_layers(base)
    if case["mode"] != "full":
        lora = LoraConfig(task_type="CAUSAL_LM", r=case["rank"], lora_alpha=case["rank"], target_modules="all-linear")
        model = get_peft_model(base, lora)
        if case["checkpointing"]:
            model.enable_input_require_grads()
    add_fused_lm_head(base, outputs=("log_probs", "entropy", "is_top1"))
    if case["checkpointing"]:
        base.gradient_checkpointing_enable({"use_reentrant": False})
    model.train()
    return model


def main() -> None:
    warnings.filterwarnings("ignore")
    transformers.utils.logging.set_verbosity_error()
    for line in sys.stdin:
        case = json.loads(line)
        began = time.monotonic()
        try:
            result = measure(case)
        except Exception as error:
            result = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps({"id": case["id"], **result, "seconds": round(time.monotonic() - began, 1)}), flush=True)


if __name__ == "__main__":
    main()
