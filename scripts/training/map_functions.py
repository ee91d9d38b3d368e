"""What a mapping may do with the values of one row. Null where a row has not what is asked for: nothing stops here.
The validation has the same functions, and a test compares them."""

import json
import re
from typing import Any


# <get>
def get(value: Any, key: str | int) -> Any:
    if isinstance(key, str):
        return value.get(key) if isinstance(value, dict) else None
    return value[key] if isinstance(value, list) and -len(value) <= key < len(value) else None


# </get>
# <whole_number>
def whole_number(value: Any) -> int | None:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


# </whole_number>
# <pick>
def pick(value: Any, by: Any) -> Any:
    number = whole_number(by)
    found = isinstance(value, list) and number is not None and 0 <= number < len(value)
    return value[number] if found else None


# </pick>
# <slice>
def items(value: Any, start: int, end: int | None) -> list[Any] | None:
    return value[start:end] if isinstance(value, list) else None


# </slice>
# <join>
def join(by: str, *parts: Any) -> str | None:
    """One text of texts, whole numbers and lists of them; what is empty is left out."""
    texts = []
    for part in parts:
        for item in part if isinstance(part, list) else [part]:
            number = whole_number(item)
            text = "" if item is None else item if number is None else str(number)
            if not isinstance(text, str):
                return None
            if text != "":
                texts.append(text)
    return by.join(texts)


# </join>
# <lettered>
def lettered(value: Any) -> list[str] | None:
    if not isinstance(value, list) or len(value) > 26 or not all(isinstance(text, str) for text in value):
        return None
    return [f"{chr(65 + index)}. {text}" for index, text in enumerate(value)]


# </lettered>
# <after>
def after(value: Any, marker: str) -> str | None:
    if not isinstance(value, str) or marker not in value:
        return None
    return value.rpartition(marker)[2].strip(" \t\r\n")


# </after>
# <json>
def parse_json(value: Any) -> Any:
    try:
        parsed = json.loads(value, parse_constant=refuse) if isinstance(value, str) else None
        json.dumps(parsed, ensure_ascii=False).encode()  # no half of a character
        return parsed
    except (ValueError, RecursionError):
        return None


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


# </json>
# <choose>
def choose(value: Any, cases: list[tuple[str | float, Any]]) -> Any:
    for case, chosen in cases:
        # A decimal is no number here.
        if isinstance(value, (str, int, float)) and value == case and isinstance(value, bool) is isinstance(case, bool):
            return chosen
    return None


# </choose>
# <greater>
def greater(a: Any, b: Any) -> bool | None:
    if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in (a, b)) or not (a < b or a > b):
        return None
    return bool(a > b)


# </greater>
# <chat>
def chat(*parts: Any) -> list[Any] | None:
    """One conversation of several parts; an empty system message is left out."""
    messages: list[Any] = []
    for part in parts:
        if part is None or part == "":
            continue
        if not isinstance(part, list):
            return None
        messages.extend(message for message in part if not is_empty_system(message))
    return messages


def is_empty_system(message: Any) -> bool:
    return isinstance(message, dict) and message.get("role") == "system" and message.get("content") in (None, "")


# </chat>
# <turns>
def turns(value: Any, role: str, content: str, roles: dict[str, str]) -> list[dict[str, Any]] | None:
    """Messages whose keys and roles have other names."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return None
    names = [item.get(role) for item in value]
    return [
        {"role": roles.get(name, name) if isinstance(name, str) else name, "content": item.get(content)}
        for name, item in zip(names, value, strict=True)
    ]


# </turns>
# <pairs>
def pairs(value: Any, user: str | int, assistant: str | int) -> list[dict[str, Any]] | None:
    """Messages from exchanges that hold a question and its answer."""
    if not isinstance(value, list) or not all(isinstance(item, (dict, list)) for item in value):
        return None
    return [
        {"role": role, "content": get(item, key)}
        for item in value
        for role, key in (("user", user), ("assistant", assistant))
    ]


# </pairs>
# <alternating>
def alternating(value: Any) -> list[dict[str, str]] | None:
    """Messages from texts: the user's first, then by turns."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        return None
    return [{"role": ("user", "assistant")[index % 2], "content": text} for index, text in enumerate(value)]


# </alternating>
# <dialogue>
def dialogue(value: Any, speakers: dict[str, str]) -> list[dict[str, str]] | None:
    """Messages from one text in which markers say who speaks."""
    if not isinstance(value, str):
        return None
    start, *parts = re.split(f"({'|'.join(map(re.escape, speakers))})", value)
    if not parts or start.strip(" \t\r\n"):
        return None
    return [
        {"role": speakers[marker], "content": text.strip(" \t\r\n")}
        for marker, text in zip(parts[::2], parts[1::2], strict=True)
    ]


# </dialogue>
