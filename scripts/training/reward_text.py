"""What an answer says: its text, and the result that it comes to."""

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

Reward = Callable[..., list[float | None]]

NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:/\d+)?")
SAID = re.compile(r"answer\s*(?:is\s*:?|:)\s*(?:\*\*)?([^\n]+)", re.IGNORECASE)


def text_of(completion: Any) -> str:
    """Of a string, or of a list of messages: what they say."""
    if isinstance(completion, str):
        return completion
    return "\n".join(str(message.get("content") or "") for message in completion)


def without_thinking(text: str) -> str:
    return text.rsplit("</think>", 1)[-1].strip()


def final_answer(text: str) -> str | None:
    r"""The result, where one is marked: the last `\boxed{...}`, `<answer>...</answer>`, gsm8k's `#### ...`, or what
    follows "answer is"; None where nothing is, empty where it is cut off."""
    text = without_thinking(text)
    found = [(text.rfind("\\boxed{"), boxed), (text.rfind("<answer>"), tagged), (text.rfind("####"), after_hashes)]
    at, read = max(found, key=lambda mark: mark[0])
    if at >= 0:
        return read(text, at)
    said = SAID.findall(text)
    return said[-1].strip().rstrip(".*") if said else None


def boxed(text: str, at: int) -> str:
    depth, begin = 0, at + len("\\boxed")
    for index in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return text[begin + 1 : index].strip()
    return ""  # cut off


def tagged(text: str, at: int) -> str:
    end = text.find("</answer>", at)
    return "" if end < 0 else text[at + len("<answer>") : end].strip()


def after_hashes(text: str, at: int) -> str:
    return text[at + len("####") :].strip().split("\n", 1)[0].strip()


def number_of(text: str) -> Fraction | None:
    """`$1,234.50`, `50%`, `3/4`: the number, if the text is one and nothing else."""
    bare = re.sub(r"[\s,$€£%]|\\[,!;]", "", text).rstrip(".")
    if len(bare) > 100 or not NUMBER.fullmatch(bare) or bare.endswith("/0"):
        return None
    top, _, bottom = bare.partition("/")
    return Fraction(top) / Fraction(bottom or "1") if Fraction(bottom or "1") else None


def normalized(text: str) -> str:
    """Case, white space and what stands around a text don't matter."""
    return re.sub(r"\s+", " ", text).strip().strip("`*\"'.").casefold()


def per_completion(name: str, column: str | None, score: Callable[[str, Any], float | None]) -> Reward:
    """A reward as TRL calls it, from a function of one answer's text and its row's cell of `column`."""

    def reward(completions: list[Any], **kwargs: Any) -> list[float | None]:
        cells = [None] * len(completions) if column is None else kwargs[column]
        return [score(text_of(completion), cell) for completion, cell in zip(completions, cells, strict=True)]

    reward.__name__ = name
    return reward
