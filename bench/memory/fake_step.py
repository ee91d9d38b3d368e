"""Peak memory of a training step of the real architecture, without a GPU and without its weights.

Reads cases as JSON lines from stdin, writes one JSON line a case: the bytes of all storages that live at the peak of
each phase of an optimizer step after the first, counted operation by operation under fake tensors. The step is the one
that TRL 1.16 makes: the loss of a case's `method` by its trainer (trainers.py), or a supervised one, also on pictures
(pictures.py); its fused output layer, autocast to bf16, checkpointing by layer, fused AdamW. Memory grows by the same
amount with each layer, so two shallow models tell of a deep one. stand_ins.py says what stands for what only
a GPU has; attention is the CPU's flash kernel, which keeps what the GPU's kernels keep. A case whose `compute` is fp32
is a step on the CPU as it is.

    python bench/memory/fake_step.py < cases.jsonl > bench/memory/oracle.jsonl

Recorded with torch 2.13.0, transformers 5.23.0, TRL 1.16.0, peft 0.21.2.
"""

import contextlib
import json
import multiprocessing
import sys
import time
import warnings
from multiprocessing.connection import Connection
from typing import Any

import torch
import transformers
from live_storages import LiveStorages
from peft import LoraConfig, get_peft_model
from pictures import install_pictures, picture_inputs
from stand_ins import install, pack_layers
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from trainers import ONLINE, OUTPUTS, Known, answer, bare_trainer, batch_of, scored_tokens
from trl.models.utils import disable_gradient_checkpointing as uncheckpointed
from trl.trainer.utils import add_fused_lm_head

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
MODULE_TO = nn.Module.to


def measure(case: dict[str, Any]) -> dict[str, Any]:
    if "pictures" in case:
        install_pictures()
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
        known = follow_phases(case, model, reference, live)
        for parameter in [*model.parameters(), *(reference.parameters() if reference is not None else ())]:
            live.watch(parameter)
        weights = live.now
        with live:
            for parameter in trained:
                parameter.grad = torch.zeros_like(parameter)
            optimizer.step()  # the optimizer's state comes with the first step
            optimizer.zero_grad()
            live.peaks.clear()
            if case.get("method") in ONLINE:
                live.enter("generation")
                with torch.no_grad(), uncheckpointed(model):
                    answer(case, model, lambda: autocast(case))
            for _ in range(case["accumulation"]):
                train_on(case, model, reference, known, live)
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


def follow_phases(case: dict[str, Any], model: Any, reference: Any, live: LiveStorages) -> Known:
    """The phases as the step enters them; returns what has to be on while the model is called."""

    def on_hidden(hidden: torch.Tensor) -> None:
        if hidden.requires_grad:
            live.enter("head")
            hidden.register_hook(lambda _: live.enter("layers_backward"))

    def on_embedding(_module: Any, _args: Any, output: torch.Tensor) -> None:
        if live.phase != "generation":
            live.enter("forward" if torch.is_grad_enabled() else "reference")
        if output.requires_grad:
            output.register_hook(lambda _: live.enter("embedding_backward"))

    install(case["compute"] == "bf16", case["padded"], on_hidden)
    for each in (model, reference):
        if each is not None:
            each.get_input_embeddings().register_forward_hook(on_embedding)
    return Known(scored_tokens(case), case.get("pictures", 0), on_hidden)


def train_on(case: dict[str, Any], model: Any, reference: Any, known: Known, live: LiveStorages) -> None:
    """One batch forward and back: by the loss of its method's trainer, or supervised."""
    live.enter("forward")
    with autocast(case), known:
        if "method" in case:
            loss = bare_trainer(case, model, reference).compute_loss(model, batch_of(case))
        else:
            loss = supervised_loss(case, model, reference)
    live.enter("layers_backward" if case.get("method") == "reward" else "head_backward")
    loss.backward()


def supervised_loss(case: dict[str, Any], model: Any, reference: Any) -> torch.Tensor:
    inputs: dict[str, Any] = {"input_ids": torch.zeros((case["batch"], case["length"]), dtype=torch.long)}
    if "pictures" in case:
        inputs = picture_inputs(case)
    ids = inputs["input_ids"]
    inputs |= {"labels": ids, "fused_lm_head": True}
    if case["padded"]:  # a mask without a hole is left out by transformers, which under fake tensors can't be seen
        inputs["attention_mask"] = torch.ones_like(ids)
    loss: torch.Tensor = model(**inputs, num_items_in_batch=torch.tensor(ids.numel())).loss
    if case.get("reference"):
        adapters_off = model.disable_adapter() if reference is None else contextlib.nullcontext()
        with torch.no_grad(), adapters_off:
            (model if reference is None else reference)(**inputs)
    return loss


def autocast(case: dict[str, Any]) -> Any:
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=case["compute"] == "bf16")  # type: ignore[attr-defined]


def base_model(case: dict[str, Any]) -> Any:
    config = transformers.AutoConfig.for_model(**case["config"])
    settings = {"dtype": DTYPES[case["weights"]], "attn_implementation": case.get("attention", "sdpa")}
    if case.get("method") == "reward":
        config.num_labels, config.pad_token_id = 1, 0
        return transformers.AutoModelForSequenceClassification.from_config(config, **settings)
    auto = transformers.AutoModelForImageTextToText if "pictures" in case else transformers.AutoModelForCausalLM
    model = auto.from_config(config, **settings)
    add_fused_lm_head(model, outputs=OUTPUTS[case.get("method", "sft")])
    return model


def build(case: dict[str, Any]) -> Any:
    base = base_model(case)
    model = base
    if case["mode"] == "qlora":
        pack_layers(base)
    if case["mode"] != "full":
        lora = LoraConfig(
            task_type="SEQ_CLS" if case.get("method") == "reward" else "CAUSAL_LM",
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


def answer_case(case: dict[str, Any], pipe: Connection) -> None:
    began = time.monotonic()
    try:
        result = measure(case)
    except Exception as error:
        result = {"error": f"{type(error).__name__}: {error}"[:300]}
    pipe.send({**case, **result, "seconds": round(time.monotonic() - began, 1)})


def main() -> None:
    warnings.filterwarnings("ignore")
    transformers.utils.logging.set_verbosity_error()
    fork = multiprocessing.get_context("fork")
    for line in sys.stdin:
        # A process of its own each: after some ten cases in one, PyTorch's caches of fake tensors crash.
        receiver, sender = fork.Pipe(duplex=False)
        process = fork.Process(target=answer_case, args=(json.loads(line), sender))
        process.start()
        sender.close()
        try:
            print(json.dumps(receiver.recv()), flush=True)
        except EOFError:
            print(json.dumps({**json.loads(line), "error": "the process ended without an answer"}), flush=True)
        process.join()


if __name__ == "__main__":
    main()
