"""Prints as JSON what scripts/planner/model-facts/transformers-models.json records of the installed transformers:
which model types generate text, by which classes, and what their configurations default to and call by names of their
own."""

import dataclasses
import json
import logging
from typing import Any

import transformers
from huggingface_hub.errors import StrictDataclassError
from transformers import AutoConfig
from transformers.models.auto import modeling_auto as auto
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

logging.disable()
FIELDS = [
    "hidden_size",
    "num_hidden_layers",
    "vocab_size",
    "num_attention_heads",
    "intermediate_size",
    "num_key_value_heads",
    "head_dim",
    "max_position_embeddings",
    "tie_word_embeddings",
    "sliding_window",
    "use_sliding_window",
    "num_experts",
    "num_local_experts",
    "n_routed_experts",
    "num_experts_per_tok",
    "moe_intermediate_size",
    "altup_num_inputs",
    "is_encoder_decoder",
]
TEXT = auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
VISION = auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
# What a model type is that generates no text from text: the first that names it.
OTHERS = {
    "a sequence-to-sequence model": auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
    "a model of speech": auto.MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES | auto.MODEL_FOR_CTC_MAPPING_NAMES,
    "a model of sound": auto.MODEL_FOR_TEXT_TO_WAVEFORM_MAPPING_NAMES
    | auto.MODEL_FOR_TEXT_TO_SPECTROGRAM_MAPPING_NAMES
    | auto.MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING_NAMES,
    "an encoder": auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES | auto.MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES,
    "a model of text and sound": auto.MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES,
    "a model of pictures": auto.MODEL_FOR_IMAGE_MAPPING_NAMES
    | auto.MODEL_FOR_ZERO_SHOT_IMAGE_CLASSIFICATION_MAPPING_NAMES,
}


def defaults(config: type[Any]) -> dict[str, Any]:
    """As declared: what is worked out of other fields has none."""
    names = getattr(config, "attribute_map", {})
    declared = {field.name: field.default for field in dataclasses.fields(config)}
    found = {name: declared.get(names.get(name, name)) for name in FIELDS}
    known = {name: value for name, value in found.items() if isinstance(value, (bool, int))}
    return {name: value for name, value in known.items() if value is not False or name == "use_sliding_window"}


def described(kind: str) -> dict[str, Any]:
    whole = AutoConfig.for_model(kind)
    text = whole.get_text_config(decoder=True)
    classes = {name for mapping in (TEXT, VISION) if kind in mapping for name in [mapping[kind]]}
    names = {name: own for name, own in getattr(type(text), "attribute_map", {}).items() if name in FIELDS}
    return {
        "classes": sorted(classes),
        "defaults": defaults(type(text)) | {name: value for name, value in tied(whole).items() if text is not whole},
        **({"names": names} if names else {}),
        **({"text": type(text).model_type} if text is not whole else {}),
    }


def tied(config: Any) -> dict[str, bool]:
    """A model of several parts says it for the whole."""
    return {name: True for name in ("tie_word_embeddings", "is_encoder_decoder") if getattr(config, name, False)}


generative = {}
for kind in sorted(set(TEXT) | set(VISION)):
    try:
        generative[kind] = described(kind)
    except (ValueError, StrictDataclassError):  # a part of another model, which has no configuration of its own
        continue
others: dict[str, list[str]] = {}
for kind in sorted(set(CONFIG_MAPPING_NAMES) - set(generative)):
    what = next((what for what, mapping in OTHERS.items() if kind in mapping), "no text generator")
    others.setdefault(what, []).append(kind)
source = f"transformers {transformers.__version__}"
print("DATA", json.dumps({"source": source, "generative": generative, "others": others}))
