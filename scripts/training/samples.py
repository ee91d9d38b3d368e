"""The same questions before and after training: what a person understands sooner than a loss."""

from typing import Any

import torch
from datasets import Dataset
from trl import maybe_extract_prompt, prepare_multimodal_messages

from .events import alarm, emit
from .processes import is_first

QUESTIONS = 2
ANSWER_TOKENS = 48
PROMPT_TOKENS = 1024


def first_questions(rows: Dataset) -> list[Any]:
    """What the first rows ask: text, or the messages up to the first answer."""
    questions = []
    for row in rows.select(range(min(QUESTIONS, len(rows)))):
        # <prompts>
        question = row["prompt"]
        # </prompts>
        # <pairs>
        question = maybe_extract_prompt(row)["prompt"]
        # </pairs>
        # <conversations>
        question = before_answer(row.get("messages") or [])
        # </conversations>
        # <vision>
        pictures = row["images"] if "images" in row else [row["image"]]
        question = prepare_multimodal_messages(question, pictures)
        # </vision>
        if question:
            questions.append(question)
    return questions


# <conversations>
def before_answer(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    roles = [message["role"] for message in messages]
    return messages[: roles.index("assistant")] if "assistant" in roles else []


# </conversations>
def answer_questions(trainer: Any, questions: list[Any], when: str) -> list[tuple[str, str]]:
    """Questions and answers, as text."""
    # <processes>
    if not is_first():
        return []
    # </processes>
    answers = []
    try:
        for question in questions:
            text: Any = question if isinstance(question, str) else question[-1].get("content") or ""
            # <vision>
            text = " ".join(part["text"] for part in text if part["type"] == "text")
            # </vision>
            answer = generate(trainer, question)
            if answer is not None:
                answers.append((str(text)[:500], answer))
                emit("sample", when=when, prompt=str(text)[:500], answer=answer)
    except Exception as error:  # a model that trains but doesn't answer is still worth training
        alarm("no_sample", f"no answer could be generated: {error}")
    return answers


def generate(trainer: Any, question: Any) -> str | None:
    """The greedy answer; None for a question too long to be quick."""
    tokenizer = trainer.processing_class
    model = trainer.accelerator.unwrap_model(trainer.model)
    # <text>
    if not isinstance(question, str):
        question = tokenizer.apply_chat_template(
            question, add_generation_prompt=True, tokenize=False, enable_thinking=False
        )
    inputs = tokenizer(question, return_tensors="pt", add_special_tokens=False)
    inputs.pop("token_type_ids", None)  # not every model takes them
    # </text>
    # <vision>
    inputs = tokenizer.apply_chat_template(
        question, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
    )
    tokenizer = tokenizer.tokenizer
    # </vision>
    inputs = inputs.to(model.device)
    length = inputs["input_ids"].shape[1]
    if length > PROMPT_TOKENS:
        return None
    model.eval()
    with torch.no_grad(), trainer.compute_loss_context_manager():
        output = model.generate(
            **inputs,
            max_new_tokens=ANSWER_TOKENS,
            do_sample=False,
            temperature=None,
            top_p=None,
            top_k=None,
            pad_token_id=tokenizer.pad_token_id or tokenizer.eos_token_id,
        )
    return str(tokenizer.decode(output[0][length:], skip_special_tokens=True)).strip()
