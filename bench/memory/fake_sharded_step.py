"""Peak memory of one process of a training step that FSDP2 shards, without GPUs: fake_step.py's model and step.

The model is sharded by accelerate's own code, a full step's reference by TRL's; the collectives are those of PyTorch's
fake process group, which moves nothing and allocates what a real one does. As in accelerate there is no autocast:
FSDP2's policy gathers parameters in 16 bits. The loss is that of a case's `method` by its trainer, or a supervised one.
Reads and writes JSON lines as fake_step.py; a case also says how many `processes` there are and whether the gradients
are reduced after every batch (`sync_each_batch`).

    python bench/memory/fake_sharded_step.py < cases.jsonl > bench/memory/oracle-sharded.jsonl

Recorded with torch 2.13.0, accelerate 1.15.0, transformers 5.23.0, TRL 1.16.0, peft 0.21.2.
"""

import json
import sys
import time
import warnings
import weakref
from types import SimpleNamespace
from typing import Any

import torch
import torch.distributed as dist
import transformers
from accelerate.utils import FullyShardedDataParallelPlugin
from accelerate.utils.fsdp_utils import fsdp2_prepare_model
from fake_step import MODULE_TO, base_model, build, follow_phases, supervised_loss
from live_storages import BLOCK, LiveStorages
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.tensor import DTensor
from torch.testing._internal.distributed.fake_pg import FakeStore
from trainers import bare_trainer, batch_of
from trl.models.utils import prepare_fsdp

RESIZE = torch.UntypedStorage.resize_


def measure(case: dict[str, Any]) -> dict[str, Any]:
    dist.init_process_group("fake", rank=0, world_size=case["processes"], store=FakeStore())
    try:
        mesh = init_device_mesh("cpu", (case["processes"],))
        with FakeTensorMode(allow_non_fake_inputs=True):
            return record(case, mesh)
    finally:
        dist.destroy_process_group()


def record(case: dict[str, Any], mesh: DeviceMesh) -> dict[str, Any]:
    nn.Module.to = lambda self, *_args, **_kwargs: self  # type: ignore[method-assign,assignment]  # raises here
    try:
        model = build(case)
        reference = base_model(case) if case["reference"] and case["mode"] == "full" else None
    finally:
        nn.Module.to = MODULE_TO  # type: ignore[method-assign]
    live = ResizedStorages()
    parameters = sum(each.numel() for each in model.parameters())
    count = sum(each.numel() for each in model.parameters() if each.requires_grad)
    accelerator = sharding_accelerator(mesh)
    model = fsdp2_prepare_model(accelerator, model)
    if reference is not None:
        prepare_fsdp(reference, accelerator)
    known = follow_phases(case, model, reference, live)
    for parameter in [*model.parameters(), *(reference.parameters() if reference is not None else ())]:
        live.watch(parameter.to_local())
    weights = live.now
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, fused=True)
    with live:
        for _ in range(2):  # the optimizer's state comes with the first step
            live.peaks.clear()
            for index in range(case["accumulation"]):
                last = index == case["accumulation"] - 1
                model.set_requires_gradient_sync(last or case["sync_each_batch"])
                train_on(case, model, reference, known, live)
            live.enter("optimizer")
            optimizer.step()
            optimizer.zero_grad()
            steady = live.now
    return {
        "peak": max(live.peaks.values()),
        "phases": live.peaks,
        "model_bytes": weights,
        "steady": steady,
        "trained": count,
        "parameters": parameters,
    }


def sharding_accelerator(mesh: DeviceMesh) -> Any:
    plugin = FullyShardedDataParallelPlugin(
        fsdp_version=2,
        auto_wrap_policy="transformer_based_wrap",
        reshard_after_forward=True,
        cpu_ram_efficient_loading=False,  # says how the weights come, not what lives later
        state_dict_type="FULL_STATE_DICT",
    )
    plugin.set_mixed_precision("bf16")
    return SimpleNamespace(
        device=torch.device("cpu"),
        state=SimpleNamespace(fsdp_plugin=plugin),
        mixed_precision="bf16",
        is_main_process=False,
        torch_device_mesh={("fsdp",): mesh},
        parallelism_config=SimpleNamespace(fsdp_dim_names=("fsdp",)),
    )


def train_on(case: dict[str, Any], model: Any, reference: Any, known: Any, live: LiveStorages) -> None:
    live.enter("forward")
    with known:
        if "method" in case:
            loss = bare_trainer(case, model, reference).compute_loss(model, batch_of(case))
        else:
            loss = supervised_loss(case, model, reference)
    live.enter("head_backward")
    loss.backward()


class ResizedStorages(LiveStorages):
    """FSDP2 gives the storage of gathered parameters back by resizing it to nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: weakref.WeakKeyDictionary[Any, list[int]] = weakref.WeakKeyDictionary()

    def __enter__(self) -> Any:
        torch.UntypedStorage.resize_ = self.resize  # type: ignore[method-assign,assignment]
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        torch.UntypedStorage.resize_ = RESIZE  # type: ignore[method-assign]
        super().__exit__(*error)

    def watch(self, value: Any, in_place: bool = False) -> None:
        # A tensor that lies on all processes: this one's part.
        super().watch(value.to_local() if isinstance(value, DTensor) else value, in_place)

    @property
    def resize(self) -> Any:
        def resize_(storage: torch.UntypedStorage, size: int) -> None:
            if storage in self.known:
                if storage not in self.changes:
                    self.changes[storage] = [0]
                    weakref.finalize(storage, self.freed, self.changes[storage])
                change = blocks(size) - blocks(storage.nbytes())
                self.changes[storage][0] += change
                self.now += change
                self.reached(self.now)
            RESIZE(storage, size)

        return resize_

    def freed(self, change: list[int]) -> None:
        self.now -= change[0]


def blocks(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


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
        print(json.dumps({**case, **result, "seconds": round(time.monotonic() - began, 1)}), flush=True)


if __name__ == "__main__":
    main()
