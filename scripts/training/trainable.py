"""Which rows can train. The validation has the same rule, and both run the same table of cases."""

import json
from typing import Any


def is_trainable(row: dict[str, Any], data_format: str, conversational: bool) -> bool:
    parts = "image" in row or "images" in row

    def is_prompt(value: Any) -> bool:
        return is_conversation(value, parts) if conversational else is_text(value)

    def is_answer(value: Any) -> bool:
        return is_answered(value, parts) if conversational else is_text(value)

    if data_format == "prompt-only":
        return is_prompt(row.get("prompt"))
    if not has_sound_extras(row, conversational):
        return False
    if data_format == "prompt-completion":
        return is_prompt(row.get("prompt")) and is_answer(row.get("completion"))
    if data_format == "unpaired-preference":
        return is_label(row.get("label")) and is_prompt(row.get("prompt")) and is_answer(row.get("completion"))
    if data_format == "preference":
        chosen, rejected = row.get("chosen"), row.get("rejected")
        prompted = "prompt" not in row or is_prompt(row["prompt"])
        return prompted and is_answer(chosen) and is_answer(rejected) and chosen != rejected
    return is_answer(messages_of(row) if conversational else row.get("text"))


def messages_of(row: dict[str, Any]) -> Any:
    """SFTTrainer makes `messages` of `conversations` in {from, value}; the roles stay as they are."""
    turns = row.get("conversations")
    if not isinstance(turns, list) or not turns or not is_from_value(turns[0]):
        return row.get("messages")
    return [with_role(turn) for turn in turns]


def with_role(turn: Any) -> Any:
    names = {"from": "role", "value": "content"}
    if not isinstance(turn, dict):
        return turn
    return {**turn, **{name: turn[old] for old, name in names.items() if old in turn}}


def is_from_value(turn: Any) -> bool:
    return isinstance(turn, dict) and "from" in turn and "value" in turn


def is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def is_label(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, (int, float)) and value in (0, 1))


def is_conversation(value: Any, parts: bool) -> bool:
    """Messages. Content may be missing only where the message calls tools; with pictures it may be in parts."""
    return isinstance(value, list) and len(value) > 0 and all(is_message(message, parts) for message in value)


def is_answered(value: Any, parts: bool) -> bool:
    """Messages in which the model says something."""
    return is_conversation(value, parts) and any(message["role"] == "assistant" for message in value)


def is_message(value: Any, parts: bool) -> bool:
    if not isinstance(value, dict) or not is_text(value.get("role")) or not has_sound_calls(value.get("tool_calls")):
        return False
    content, tool_calls = value.get("content"), value.get("tool_calls")
    if isinstance(content, str) or (parts and is_parts(content)):
        return True
    return content is None and isinstance(tool_calls, list) and len(tool_calls) > 0


def has_sound_calls(calls: Any) -> bool:
    """Chat templates print the arguments of each call."""
    if calls is None or calls == "":
        return True
    return isinstance(calls, list) and all(
        isinstance(call, dict) and "arguments" in (call["function"] if isinstance(call.get("function"), dict) else call)
        for call in calls
    )


def is_parts(value: Any) -> bool:
    """Content in parts, as vision-language models have it."""
    is_list = isinstance(value, list) and len(value) > 0
    return is_list and all(isinstance(part, dict) and is_text(part.get("type")) for part in value)


RESERVED_KWARGS = {
    "tokenize",
    "return_dict",
    "conversation",
    "messages",
    "add_generation_prompt",
    "return_assistant_tokens_mask",
    "chat_template",
    "return_tensors",
}


def has_sound_extras(row: dict[str, Any], conversational: bool) -> bool:
    """Arguments of the chat template that TRL doesn't give itself, and tools that can be read."""
    kwargs, tools = row.get("chat_template_kwargs", {}), row.get("tools")
    if not isinstance(kwargs, dict) or (conversational and not RESERVED_KWARGS.isdisjoint(kwargs)):
        return False
    if isinstance(tools, str):
        try:
            tools = json.loads(tools)
        except ValueError:
            return False
    if tools is None or not conversational:
        return True
    return tools == {} or (isinstance(tools, list) and all(isinstance(tool, dict) for tool in tools))
