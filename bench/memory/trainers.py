"""TRL's own loss of each method, on a batch as large as the case says, without its trainer's data around it."""

import collections
import contextlib
import tempfile
from collections.abc import Callable
from typing import Any

import torch
import trl
from torch._subclasses.fake_tensor import DataDependentOutputException
from torch.overrides import TorchFunctionMode
from transformers import DynamicCache

CAUSAL = ("log_probs", "entropy")
OUTPUTS = {
    "sft": (*CAUSAL, "is_top1"),
    "dpo": (*CAUSAL, "mean_logits", "is_top1"),
    "kto": (*CAUSAL, "mean_logits"),
    "grpo": CAUSAL,
    "rloo": CAUSAL,
}
TRAINERS: dict[str, tuple[Any, Any]] = {
    "dpo": (trl.DPOTrainer, trl.DPOConfig),
    "kto": (trl.KTOTrainer, trl.KTOConfig),
    "reward": (trl.RewardTrainer, trl.RewardConfig),
    "grpo": (trl.GRPOTrainer, trl.GRPOConfig),
    "rloo": (trl.RLOOTrainer, trl.RLOOConfig),
}
PAIRS = ("dpo", "reward")
ONLINE = ("grpo", "rloo")


class Known(TorchFunctionMode):
    """Most fake tensors have no values. Figures for the log are ones, all pictures of a row are real, half of the rows
    are wanted ones, and a mask of the tokens that are scored picks as many of them as the case scores. `on_hidden` gets
    the hidden states it picks from."""

    def __init__(self, scored: int, pictures: int, on_hidden: Callable[[torch.Tensor], None]) -> None:
        super().__init__()
        self.scored = scored
        self.figure = max(1, pictures)
        self.on_hidden = on_hidden

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is torch.Tensor.item:
            return self.value_of(args[0])
        if function is torch.Tensor.__bool__:
            return bool(self.value_of(args[0]))
        if function is torch.Tensor.tolist and args[0].dim() == 1:
            return [self.value_of(each) for each in args[0]]
        if function is torch.nonzero:
            return torch.arange(max(1, args[0].numel() // 2)).unsqueeze(1)
        if function is torch.Tensor.__getitem__ and getattr(args[1], "dtype", None) == torch.bool:
            tensor, mask = args
            if tensor.dim() > mask.dim():
                self.on_hidden(tensor)
            kept = min(self.scored, mask.numel())
            return tensor.flatten(0, mask.dim() - 1)[torch.arange(kept)]
        return function(*args, **(kwargs or {}))

    def value_of(self, tensor: torch.Tensor) -> Any:
        try:
            return tensor.item()
        except DataDependentOutputException:
            return True if tensor.dtype == torch.bool else self.figure


class OneProcess:
    device = torch.device("cpu")
    num_processes = 1
    is_main_process = True
    sync_gradients = True

    def same(self, value: Any, **_: Any) -> Any:
        return value

    gather = gather_for_metrics = reduce = unwrap_model = same

    def autocast(self) -> Any:
        return contextlib.nullcontext()  # the step's is around it


def bare_trainer(case: dict[str, Any], model: Any, reference: Any) -> Any:
    """A trainer with what its loss reads, as its constructor sets it from the method's default arguments."""
    trainer_class, config_class = TRAINERS[case["method"]]
    args = config_class(tempfile.gettempdir(), use_cpu=True, bf16=False, report_to=[])
    trainer = trainer_class.__new__(trainer_class)
    single = {"loss_types": ["sigmoid"], "loss_weights": [1.0], "loss_type": getattr(args, "loss_type", None)}
    settings = {name: value for name, value in vars(args).items() if not name.startswith("_")} | single
    for name, value in settings.items():
        if not isinstance(getattr(trainer_class, name, None), property):
            setattr(trainer, name, value)
    vars(trainer).update(
        args=args,
        model=model,
        ref_model=reference,
        accelerator=OneProcess(),
        aux_loss_enabled=False,
        precompute_ref_logps=False,
        calculate_KL=True,
        beta=case.get("beta", getattr(args, "beta", None)),
        epsilon_low=getattr(args, "epsilon", None),
        epsilon_high=getattr(args, "epsilon", None),
        importance_sampling_level="token",
        use_adaptive_entropy=False,
        _entropy_bonus_enabled=False,
        current_gradient_accumulation_steps=case["accumulation"],
        _metrics={"train": collections.defaultdict(list), "eval": collections.defaultdict(list)},
        _total_train_tokens=0,
        _tp_size=1,
    )
    return trainer


def batch_of(case: dict[str, Any]) -> dict[str, Any]:
    rows = case["batch"] * (2 if case.get("method") in PAIRS else 1)
    ids = torch.zeros((rows, case["length"]), dtype=torch.long)
    ones = torch.ones_like(ids)
    batch = {"input_ids": ids, "attention_mask": ones, "completion_mask": ones}
    if case["method"] == "reward":
        return {"input_ids": ids, "attention_mask": ones}
    if case["method"] == "kto":
        other = {f"KL_{name}": torch.zeros_like(value) for name, value in batch.items()}
        return {**batch, **other, "label": torch.zeros(rows, dtype=torch.bool)}
    if case["method"] in ONLINE:
        prompt, completion = (
            torch.zeros((rows, length), dtype=torch.long)
            for length in (case["length"] - case["completion"], case["completion"])
        )
        figures = torch.zeros_like(completion, dtype=torch.float32)
        return {
            "prompt_ids": prompt,
            "prompt_mask": torch.ones_like(prompt),
            "completion_ids": completion,
            "completion_mask": torch.ones_like(completion),
            "advantages": torch.zeros(rows),
            "num_items_in_batch": torch.ones(()),
            "ref_per_token_logps": figures,
            "old_logps": torch.zeros(rows),
        }
    return batch


def scored_tokens(case: dict[str, Any]) -> int:
    rows = case["batch"] * (2 if case.get("method") in PAIRS else 1)
    return int(rows * case.get("completion", case["length"] - 1))


def answer(case: dict[str, Any], model: Any, autocast: Callable[[], Any]) -> None:
    """Reads the prompts of an optimizer step, then generates the last token of all answers, as `generate` does it for
    sampling: caches of keys and values, and the last token's logits. Each forward pass has an autocast of its own."""
    rows = case["batch"] * case["accumulation"]
    prompt = case["length"] - case["completion"]
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    config = base.config.get_text_config()
    cache = DynamicCache(config=config)
    mask = torch.ones((rows, case["length"]), dtype=torch.long)
    ids = torch.zeros((rows, prompt), dtype=torch.long)
    settings = {"past_key_values": cache, "use_cache": True, "logits_to_keep": 1}
    with autocast():
        model(ids, attention_mask=mask[:, :prompt], **settings)
    for index, layer in enumerate(cache.layers):
        if getattr(layer, "keys", None) is not None:
            more = [x.new_empty((*x.shape[:2], case["completion"] - 2, x.shape[3])) for x in (layer.keys, layer.values)]
            cache.update(*more, index)
            del more
    with autocast():
        logits = model(ids[:, :1], attention_mask=mask[:, :-1], **settings).logits
    scores = logits[:, -1, :].to(torch.float32, copy=True)
    torch.multinomial(torch.softmax(scores / 1.0, dim=-1), 1)
