"""Goes on from a model that is itself an adapter: base and adapter become one model first."""

from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, AutoModelForSequenceClassification

from .processes import is_first


def model_class() -> Any:
    # <seeing_model>
    return AutoModelForImageTextToText
    # </seeing_model>
    # <blind_model>
    return AutoModelForCausalLM
    # </blind_model>


def merge_adapter(
    base: str, base_arguments: dict[str, Any], adapter: dict[str, Any], folder: Path, auto_class: Any = None
) -> str:
    """Saves the merged model and returns its folder. `base_arguments`: dtype, ... of the base."""
    arguments = {**base_arguments, "dtype": getattr(torch, base_arguments["dtype"])}
    model = (auto_class or model_class()).from_pretrained(base, trust_remote_code=False, **arguments)
    merged = PeftModel.from_pretrained(model, adapter["id"]).merge_and_unload()
    merged.save_pretrained(folder)
    return str(folder)


# <merged_output>
def save_merged(trainer: Any, base: str, base_arguments: dict[str, Any], folder: Path) -> None:
    """A new adapter beside a merged base: nobody else has that base, so they are saved as one model."""
    adapter = Path(base) / "adapter"
    trainer.save_model(str(adapter))
    # <processes>
    if not is_first():
        return
    # </processes>
    trainer.processing_class.save_pretrained(folder)
    auto_class: Any = None
    # <reward_model>
    auto_class = AutoModelForSequenceClassification
    base_arguments = {**base_arguments, "num_labels": 1, "pad_token_id": trainer.processing_class.pad_token_id}
    # </reward_model>
    merge_adapter(base, base_arguments, {"id": str(adapter)}, folder, auto_class)


# </merged_output>
