"""vLLM writes the answers, beside the training and on the same GPU; where it doesn't start, transformers does."""

import gc
import os
from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from transformers import set_seed

from .events import alarm


def or_without_vllm(make: Callable[..., Any]) -> Callable[..., Any]:
    """For `make_trainer`: its second try does without vLLM. What else is wrong fails again."""

    @wraps(make)
    def tried(plan: dict[str, Any], arguments: dict[str, Any], **given: Any) -> Any:
        os.environ["VLLM_NO_USAGE_STATS"] = "1"  # it would tell its makers about this machine
        try:
            return make(plan, arguments, **given)
        except Exception as error:
            reason = f"vLLM did not start, so that writing answers takes several times as long: {error}"
        alarm("no_vllm", reason[:500])
        gc.collect()  # of the model that was loaded for it
        torch.cuda.empty_cache()
        set_seed(arguments.get("seed", 42))  # the adapter's first weights, as if there had been no first try
        return make(plan, {**arguments, "use_vllm": False}, **given)

    return tried
