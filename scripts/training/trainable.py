"""Which rows can train. The validation has the same rule, and both run the same table of cases."""

from typing import Any


def is_trainable(row: dict[str, Any], data_format: str, conversational: bool) -> bool:
    is_prompt, is_answer = (is_conversation, is_answered) if conversational else (is_text, is_text)
    if data_format == "prompt-only":
        return is_prompt(row.get("prompt"))
    if data_format == "prompt-completion":
        return is_prompt(row.get("prompt")) and is_answer(row.get("completion"))
    if data_format == "unpaired-preference":
        return isinstance(row.get("label"), bool) and is_trainable(row, "prompt-completion", conversational)
    if data_format == "preference":
        chosen, rejected = row.get("chosen"), row.get("rejected")
        prompted = "prompt" not in row or is_prompt(row["prompt"])
        return prompted and is_answer(chosen) and is_answer(rejected) and chosen != rejected
    return is_answered(row.get("messages")) if conversational else is_text(row.get("text"))


def is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def is_conversation(value: Any) -> bool:
    """Messages. Content may be missing only where the message calls tools."""
    return isinstance(value, list) and len(value) > 0 and all(is_message(message) for message in value)


def is_answered(value: Any) -> bool:
    """Messages in which the model says something."""
    return is_conversation(value) and any(message["role"] == "assistant" for message in value)


def is_message(value: Any) -> bool:
    if not isinstance(value, dict) or not is_text(value.get("role")):
        return False
    content, tool_calls = value.get("content"), value.get("tool_calls")
    return isinstance(content, str) or (content is None and isinstance(tool_calls, list) and len(tool_calls) > 0)
