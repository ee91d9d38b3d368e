"""The model's arguments and its tokenizer. Code from a model repository never runs."""

from pathlib import Path
from typing import Any

from transformers import AutoProcessor, AutoTokenizer
from transformers.utils.quantization_config import Mxfp4Config
from trl.chat_template_utils import get_training_chat_template, has_generation_markers

from .events import CannotTrain, alarm


def model_arguments(recipe: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `from_pretrained`. Without a dtype TRL would load float32."""
    arguments = {
        "dtype": recipe["weights_dtype"],
        "attn_implementation": recipe["attn_implementation"],
        # <packed_weights>
        # What is packed can't be trained: transformers unpacks it to 16 bits.
        "quantization_config": Mxfp4Config(dequantize=True),
        # </packed_weights>
    }
    return {name: value for name, value in arguments.items() if value is not None}


def load_tokenizer(source: dict[str, Any]) -> Any:
    # <vision>
    # A tokenizer, and what makes patches of pictures.
    return AutoProcessor.from_pretrained(source["id"], trust_remote_code=False)
    # </vision>
    # <text>
    return AutoTokenizer.from_pretrained(source["id"], trust_remote_code=False)
    # </text>


# <adapter>
def adapter_tokenizer(adapter: dict[str, Any]) -> Any | None:
    """The adapter's own tokenizer, with the chat template that it was trained with; None where it has none."""
    try:
        return load_tokenizer(adapter)
    except (OSError, ValueError):
        return None


# </adapter>
# <blindfolded>
def save_processor(source: dict[str, Any], tokenizer: Any, folder: Path) -> None:
    """Of a model that can see, trained on text alone: with its tokenizer alone it couldn't any more."""
    try:
        processor = AutoProcessor.from_pretrained(source["id"], trust_remote_code=False)
        processor.tokenizer = tokenizer
        processor.save_pretrained(folder)
    except Exception as error:  # the base model's will do
        alarm("no_processor", f"what takes pictures apart was not saved, take the base model's: {error}")


# </blindfolded>
# <conversational>
def check_chat_template(tokenizer: Any, model: dict[str, Any], recipe: dict[str, Any]) -> None:
    """For conversations, which are rendered by it."""
    if recipe["training_args"].get("chat_template_path") is not None:
        return
    if tokenizer.chat_template is None:
        raise CannotTrain(
            "no_chat_template",
            f"the data is conversations, and {model['id']} has no chat template: it is a base model. Train its "
            "instruct model, or with SFT and reward models lend it a template: --set chat_template_path=<model>",
        )
    # <text>
    if not shows_text(tokenizer):
        raise CannotTrain(
            "template_without_text",
            f"the chat template of {model['id']} leaves out messages that are plain text: all of them would be empty. "
            "Train it on rows with pictures, or lend it a template: --set chat_template_path=<model>",
        )
    # </text>
    # <assistant_only>
    try:
        has_generation_markers(tokenizer.chat_template) or get_training_chat_template(tokenizer)
    except ValueError as error:
        raise CannotTrain(
            "template_without_marks",
            f"assistant_only_loss: the chat template of {model['id']} doesn't mark what the assistant says, and TRL "
            "knows no other for it: leave it out, or map the last answer to a completion, of which alone is learned",
        ) from error
    # </assistant_only>


# <text>
def shows_text(tokenizer: Any) -> bool:
    """Templates of models that see may go by the parts of a message: text as such has none."""
    try:
        shown = tokenizer.apply_chat_template([{"role": "user", "content": "zebra"}], tokenize=False)
    except Exception:  # it has rules that one message doesn't meet
        return True
    return "zebra" in str(shown).lower()


# </text>
# </conversational>
