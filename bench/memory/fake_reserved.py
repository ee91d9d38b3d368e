"""What PyTorch reserves for a training step of the real architecture, without a GPU and without its weights.

Reads cases as JSON lines from stdin, as fake_step.py does, and writes them back with the bytes that live at the peak of
two optimizer steps (`allocated`) and those that the caching allocator holds by then (`reserved`). Its rules are
followed allocation by allocation (caching_allocator.py), with all layers of the model: what it keeps depends on their
order. A case's `loss` is one of whole_logits.py's, where the run wasn't TRL's; `adapters` their dtype, where it isn't
TRL's. Qwen's first models go by Qwen2's layers, which have three matrices for queries, keys and values instead of one;
their adapters' dropout is left out.

    python bench/memory/fake_reserved.py < cases.jsonl > bench/memory/reserved.jsonl

Recorded with torch 2.13.0, transformers 5.23.0, TRL 1.16.0, peft 0.21.2.
"""

import json
import sys
import weakref
from typing import Any

import torch
import whole_logits
from caching_allocator import SMALL, CachingAllocator
from fake_step import DTYPES, MODULE_TO, autocast, build, scored_tokens, supervised_loss
from live_storages import BLOCK, LiveStorages
from stand_ins import install
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from trainers import Known


class CachedStorages(LiveStorages):
    """Gives every storage that operations make a block of the allocator, and takes it back when it is freed."""

    def __init__(self) -> None:
        super().__init__()
        self.cache = CachingAllocator()
        self.most = 0

    def watch(self, value: Any, in_place: bool = False) -> None:
        if not isinstance(value, torch.Tensor):
            return
        storage = value.untyped_storage()
        if storage in self.known or storage.nbytes() == 0:
            return
        self.known.add(storage)
        size = -(-storage.nbytes() // BLOCK) * BLOCK
        weakref.finalize(storage, self.cache.release, self.cache.allocate(size), size <= SMALL)
        self.most = max(self.most, self.cache.allocated)


def measure(case: dict[str, Any]) -> dict[str, int]:
    with FakeTensorMode(allow_non_fake_inputs=True):
        nn.Module.to = lambda self, *_args, **_kwargs: self  # type: ignore[method-assign,assignment]  # raises here
        try:
            model = build(case)
        finally:
            nn.Module.to = MODULE_TO  # type: ignore[method-assign]
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        if "adapters" in case:
            for parameter in trained:
                parameter.data = parameter.data.to(DTYPES[case["adapters"]])
        kind = case["optimizer"]
        optimizer = torch.optim.AdamW(trained, foreach=kind == "foreach", fused=kind == "fused")
        install(case["compute"] == "bf16", case["padded"], lambda _: None)
        known = Known(scored_tokens(case), 0, lambda _: None)
        live = CachedStorages()
        for parameter in model.parameters():
            live.watch(parameter)
        with live:
            for _ in range(2):
                for _ in range(case["accumulation"]):
                    train_on(case, model, known)
                optimizer.step()
                optimizer.zero_grad()
    return {"allocated": live.most, "reserved": live.cache.reserved}


def train_on(case: dict[str, Any], model: Any, known: Known) -> None:
    if case.get("loss") is None:
        with autocast(case), known:
            loss = supervised_loss(case, model, None)
        loss.backward()
        return
    ids = torch.zeros((case["batch"], case["length"]), dtype=torch.long)
    causal = model.base_model.model
    with autocast(case):
        hidden = causal.model(input_ids=ids, use_cache=False).last_hidden_state
        # No name holds the logits: the loss lets go of them as its own code did.
        loss, _alive = getattr(whole_logits, case["loss"])(causal.lm_head(hidden), ids)
        del hidden
    loss.backward()


if __name__ == "__main__":
    for line in sys.stdin:
        case = json.loads(line)
        print(json.dumps(case | measure(case)), flush=True)
