"""Prints as JSON what scripts/dataset/tokenizer/training-templates.json records: the chat templates that the installed
TRL replaces by a copy with generation marks."""

import hashlib
import json
from types import SimpleNamespace
from typing import Any

from trl import chat_template_utils

# Whether a template takes tools says nothing about which are replaced.
chat_template_utils.supports_tool_calling = lambda processing_class: False


def replaced(template: str) -> bool:
    tokenizer: Any = SimpleNamespace(chat_template=template)
    try:
        return chat_template_utils.get_training_chat_template(tokenizer) is not None
    except ValueError:
        return False


TEMPLATES = {
    name.removesuffix("_chat_template"): text
    for name, text in vars(chat_template_utils).items()
    if name.endswith("_chat_template") and isinstance(text, str)
}
DIGESTS = {
    name: hashlib.sha256(text.encode()).hexdigest() for name, text in sorted(TEMPLATES.items()) if replaced(text)
}

print("DATA " + json.dumps(DIGESTS))
