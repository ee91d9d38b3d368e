"""Architectures in which accelerate finds the layers that FSDP2 wraps.

They are in scripts/planner/recipe/sharded-architectures.json.

It takes their classes from the model's `_no_split_modules` and raises where the model has none of such a class. Each
architecture of transformers is made with its default configuration and four layers, on the meta device. Wrapped layers
and embeddings have to be most of the weights: what else there is, each process holds whole.

    python bench/memory/wrapped_architectures.py > scripts/planner/recipe/sharded-architectures.json
"""

import json
import warnings
from typing import Any

import torch
import transformers
from accelerate import __version__ as accelerate_version
from accelerate.utils import FullyShardedDataParallelPlugin
from transformers.models.auto import modeling_auto

LAYERS = 4
MOST = 0.8


def small(name: str, model_type: str) -> Any:
    config = transformers.AutoConfig.for_model(model_type)
    for part in (config, getattr(config, "text_config", None)):
        if getattr(part, "layer_types", None):
            part.layer_types = part.layer_types[:LAYERS]
        if hasattr(part, "num_hidden_layers"):
            part.num_hidden_layers = LAYERS
    with torch.device("meta"):
        return getattr(transformers, name)._from_config(config)


def is_wrapped(model: Any) -> bool:
    FullyShardedDataParallelPlugin(
        fsdp_version=2, auto_wrap_policy="transformer_based_wrap", reshard_after_forward=True
    ).set_auto_wrap_policy(model)
    layers = [module for module in model.modules() if type(module).__name__ in (model._no_split_modules or [])]
    embeddings = [each for each in (model.get_input_embeddings(), model.get_output_embeddings()) if each is not None]
    wrapped = {id(weight): weight.numel() for module in [*layers, *embeddings] for weight in module.parameters()}
    return len(layers) >= LAYERS and sum(wrapped.values()) > MOST * sum(each.numel() for each in model.parameters())


def main() -> None:
    warnings.filterwarnings("ignore")
    transformers.utils.logging.set_verbosity_error()
    tables = (
        modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
    )
    found = set()
    for model_type, names in (entry for table in tables for entry in table.items()):
        name = names if isinstance(names, str) else names[0]
        try:
            if is_wrapped(small(name, model_type)):
                found.add(name)
        except Exception:  # it can't be made so small, or accelerate doesn't find its layers
            continue
    source = (
        f"bench/memory/wrapped_architectures.py: classes of transformers {transformers.__version__} in which "
        f"accelerate {accelerate_version} finds the layers to wrap under FSDP2, and these and the embeddings are most "
        "of the weights"
    )
    print(json.dumps({"source": source, "architectures": sorted(found)}, indent=2))


if __name__ == "__main__":
    main()
