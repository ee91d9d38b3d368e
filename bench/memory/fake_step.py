"""Peak memory of a training step of the real architecture, without a GPU and without its weights.

Reads cases as JSON lines from stdin, writes one JSON line a case: the bytes of all storages that live at the peak of
each phase of an optimizer step after the first, counted operation by operation under fake tensors. The step is the one
that TRL 1.16 makes: its fused output layer, autocast to bf16, checkpointing by layer, fused AdamW. Memory grows by the
same amount with each layer, so two shallow models tell of a deep one. stand_ins.py says what is put in the place of
what only a GPU has; attention is the CPU's flash kernel, which keeps what the GPU's kernels keep. A case whose
`compute` is fp32 is a step on the CPU as it is.

    python bench/memory/fake_step.py < cases.jsonl > bench/memory/oracle.jsonl

Recorded with torch 2.13.0, transformers 5.23.0, TRL 1.16.0, peft 0.21.2.
"""

import contextlib
import json
import sys
import time
import warnings
from typing import Any

import torch
import transformers
from live_storages import LiveStorages
from peft import LoraConfig, get_peft_model
from stand_ins import install, pack_layers
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from trl.trainer.utils import add_fused_lm_head

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
MODULE_TO = nn.Module.to


def measure(case: dict[str, Any]) -> dict[str, Any]:
    with FakeTensorMode(allow_non_fake_inputs=True):
        nn.Module.to = lambda self, *_args, **_kwargs: self  # type: ignore[method-assign,assignment]  # raises here
        try:
            model = build(case)
            reference = base_model(case) if case.get("reference") and case["mode"] == "full" else None
        finally:
            nn.Module.to = MODULE_TO  # type: ignore[method-assign]
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(trained, fused=True)
        live = LiveStorages()
        follow_phases(case, model, live)
        for parameter in [*model.parameters(), *(reference.parameters() if reference is not None else ())]:
            live.watch(parameter)
        weights = live.now
        with live:
            for parameter in trained:
                parameter.grad = torch.zeros_like(parameter)
            optimizer.step()  # the optimizer's state comes with the first step
            optimizer.zero_grad()
            live.peaks.clear()
            for _ in range(case["accumulation"]):
                train_on(case, model, reference, live)
            live.enter("optimizer")
            optimizer.step()
            optimizer.zero_grad()
            steady = live.now
    count = {"parameters": sum(each.numel() for each in model.parameters() if each.dtype != torch.uint8)}
    return {
        "peak": max(live.peaks.values()),
        "phases": live.peaks,
        "model_bytes": weights,
        "steady": steady,
        "trained": sum(parameter.numel() for parameter in trained),
        **count,
    }


def follow_phases(case: dict[str, Any], model: Any, live: LiveStorages) -> None:
    def on_head(hidden: torch.Tensor) -> None:
        if hidden.requires_grad:
            live.enter("head")
            hidden.register_hook(lambda _: live.enter("layers_backward"))

    def on_embedding(_module: Any, _args: Any, output: torch.Tensor) -> None:
        if output.requires_grad:
            output.register_hook(lambda _: live.enter("embedding_backward"))

    install(case["compute"] == "bf16", case["padded"], on_head)
    model.get_input_embeddings().register_forward_hook(on_embedding)


def train_on(case: dict[str, Any], model: Any, reference: Any, live: LiveStorages) -> None:
    live.enter("forward")
    ids = torch.zeros((case["batch"], case["length"]), dtype=torch.long)
    inputs = {"input_ids": ids, "labels": ids, "fused_lm_head": True}
    if case["padded"]:  # a mask without a hole is left out by transformers, which under fake tensors can't be seen
        inputs["attention_mask"] = torch.ones_like(ids)
    on_gpu = case["compute"] == "bf16"
    autocast = torch.autocast("cpu", dtype=torch.bfloat16, enabled=on_gpu)  # type: ignore[attr-defined]
    with autocast:
        output = model(**inputs, num_items_in_batch=torch.tensor(ids.numel()))
    loss = output.loss
    del output
    if case.get("reference"):
        live.enter("reference")
        adapters_off = model.disable_adapter() if reference is None else contextlib.nullcontext()
        with torch.no_grad(), autocast, adapters_off:
            (model if reference is None else reference)(**inputs)
    live.enter("head_backward")
    loss.backward()


def base_model(case: dict[str, Any]) -> Any:
    config = transformers.AutoConfig.for_model(**case["config"])
    model = transformers.AutoModelForCausalLM.from_config(
        config, dtype=DTYPES[case["weights"]], attn_implementation=case.get("attention", "sdpa")
    )
    outputs = ("log_probs",) if case.get("reference") else ("log_probs", "entropy", "is_top1")
    add_fused_lm_head(model, outputs=outputs)
    return model


def build(case: dict[str, Any]) -> Any:
    base = base_model(case)
    model = base
    if case["mode"] == "qlora":
        pack_layers(base)
    if case["mode"] != "full":
        lora = LoraConfig(
            task_type="CAUSAL_LM",
            r=case["rank"],
            lora_alpha=case["rank"],
            target_modules=case.get("targets", "all-linear"),
        )
        model = get_peft_model(base, lora)
        if case["checkpointing"]:
            model.enable_input_require_grads()
    if case["mode"] == "qlora":  # TRL's trainers do
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.to(torch.bfloat16)
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
        print(json.dumps({**case, **result, "seconds": round(time.monotonic() - began, 1)}), flush=True)


if __name__ == "__main__":
    main()
