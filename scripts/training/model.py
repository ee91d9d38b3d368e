"""The model's arguments and its tokenizer. Code from a model repository never runs."""

from typing import Any

from transformers import AutoProcessor, AutoTokenizer

from .events import CannotTrain


def model_arguments(model: dict[str, Any], recipe: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `from_pretrained`. Without a dtype TRL would load float32."""
    arguments = {
        "dtype": recipe["weights_dtype"],
        "revision": model["revision"],
        "attn_implementation": recipe["attn_implementation"],
    }
    return {name: value for name, value in arguments.items() if value is not None}


def load_tokenizer(source: dict[str, Any]) -> Any:
    # <vision>
    # A tokenizer, and what makes patches of pictures.
    return AutoProcessor.from_pretrained(source["id"], revision=source["revision"], trust_remote_code=False)
    # </vision>
    # <text>
    return AutoTokenizer.from_pretrained(source["id"], revision=source["revision"], trust_remote_code=False)
    # </text>


# <adapter>
def adapter_tokenizer(adapter: dict[str, Any]) -> Any | None:
    """The adapter's own tokenizer, with the chat template that it was trained with; None where it has none."""
    try:
        return load_tokenizer(adapter)
    except (OSError, ValueError):
        return None


# </adapter>
# <conversational>
def check_chat_template(tokenizer: Any, model: dict[str, Any], recipe: dict[str, Any]) -> None:
    """For conversations, which are rendered by it."""
    if tokenizer.chat_template is None and recipe["training_args"].get("chat_template_path") is None:
        raise CannotTrain(
            "no_chat_template",
            f"the data is conversations, and {model['id']} has no chat template: it is a base model. Train its "
            "instruct model, or with SFT and reward models lend it a template: --set chat_template_path=<model>",
        )


# </conversational>
