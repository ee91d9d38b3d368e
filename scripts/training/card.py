"""The model card: what was trained on what, how, how well, and how to use it."""

from pathlib import PurePath
from typing import Any

from huggingface_hub import ModelCardData

# What is shown of the trainer's log, by its names.
CARD_MEASURES = {
    "loss": "loss",
    "eval_loss": "evaluation loss",
    # <rewards>
    "reward": "mean reward",
    "eval_reward": "mean reward of held-out prompts",
    # </rewards>
    # <ranked>
    "eval_rewards/accuracies": "held-out pairs ranked right",
    "eval_accuracy": "held-out pairs ranked right",
    # </ranked>
}


def model_card(plan: dict[str, Any], step: int, total_steps: int, history: list[dict[str, Any]]) -> str:
    """Markdown. `history`: what the trainer logged, oldest first."""
    model, dataset, recipe, output = plan["model"], plan["dataset"], plan["recipe"], plan["output"]
    name = output["repo_id"] or PurePath(output["folder"]).name
    is_adapter = recipe["mode"] != "full" and model["adapter"] is None
    # <generates>
    kind = "text-generation"
    # </generates>
    # <sees>
    kind = "image-text-to-text"
    # </sees>
    # <reward_model>
    kind = "text-classification"
    # </reward_model>
    metadata = ModelCardData(
        base_model=model["id"] if model["source"] == "hub" else None,
        datasets=[dataset["id"]] if dataset["source"] == "hub" else None,
        library_name="peft" if is_adapter else "transformers",
        pipeline_tag=kind,
        tags=["trl", plan["method"], "hf-llm-trainer", *(["lora"] if is_adapter else [])],
        ignore_metadata_errors=True,
    )
    lines = ["---", metadata.to_yaml(), "---", "", f"# {shown(name.split('/')[-1])}", ""]
    # <hub_output>
    if step < total_steps:
        lines += [
            f"**Not finished: training stopped at step {step} of {total_steps}.** `last-checkpoint/` holds the weights "
            "so far and the optimizer's state; the same plan goes on from there.",
            "",
        ]
    # </hub_output>
    method = "reward modeling" if plan["method"] == "reward" else plan["method"].upper()
    how = {"full": "every weight", "lora": "LoRA adapters", "qlora": "LoRA adapters on a base in 4 bits"}
    lines += [
        f"Fine-tuned from {described(model)} on {described(dataset)} with {method} "
        f"([TRL](https://github.com/huggingface/trl)), training {how[recipe['mode']]}.",
        "",
        "| | |",
        "| --- | --- |",
        f"| steps | {step} of {total_steps} |",
    ]
    for key, label in CARD_MEASURES.items():
        entries = [entry for entry in history if key in entry]
        if entries:
            first, last = entries[0], entries[-1]
            lines.append(
                f"| {label} | {first[key]:.4g} at step {first['step']}, {last[key]:.4g} at step {last['step']} |"
            )
    for argument, value in {**(recipe["lora"] or {}), **recipe["training_args"]}.items():
        lines.append(f"| {shown(argument)} | {shown(value)} |")
    # <rewards>
    for reward in plan["reward"]:
        lines.append(f"| reward | {shown(reward.get('name') or reward['function'])} |")
    # </rewards>
    # <space>
    if output["trackio"]["space_id"] is not None:
        lines.append(f"| curves | Trackio Space `{shown(output['trackio']['space_id'])}` |")
    # </space>
    if step >= total_steps:
        # <generates>
        use = how_to_generate(name, dataset["conversational"])
        # </generates>
        # <sees>
        use = how_to_show(name)
        # </sees>
        # <reward_model>
        use = how_to_score(name, dataset["conversational"], is_adapter)
        # </reward_model>
        lines += ["", "## Use", "", "```python", *use, "```"]
    lines += ["", "`train.py` is the script that trained it, with everything that was decided at its top.", ""]
    return "\n".join(lines)


# <generates>
def how_to_generate(name: str, conversational: bool) -> list[str]:
    prompt = '[{"role": "user", "content": "..."}]' if conversational else '"..."'
    return [
        "from transformers import pipeline",
        "",
        f"generate = pipeline('text-generation', model={name!r})",
        f"print(generate({prompt}, max_new_tokens=100)[0]['generated_text'])",
    ]


# </generates>
# <sees>
def how_to_show(name: str) -> list[str]:
    return [
        "from transformers import pipeline",
        "",
        f"answer = pipeline('image-text-to-text', model={name!r})",
        'parts = [{"type": "image", "url": "picture.png"}, {"type": "text", "text": "..."}]',
        'messages = [{"role": "user", "content": parts}]',
        "print(answer(text=messages, max_new_tokens=100, return_full_text=False)[0]['generated_text'])",
    ]


# </sees>
# <reward_model>
def how_to_score(name: str, conversational: bool, is_adapter: bool) -> list[str]:
    library, prefix = ("peft", "AutoPeft") if is_adapter else ("transformers", "Auto")
    # As the trainer makes tokens of a text.
    messages = '[{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]'
    text = f"tokenizer.apply_chat_template({messages}, tokenize=False)"
    return [
        f"from {library} import {prefix}ModelForSequenceClassification",
        "from transformers import AutoTokenizer",
        "",
        f"tokenizer = AutoTokenizer.from_pretrained({name!r})",
        f"model = {prefix}ModelForSequenceClassification.from_pretrained({name!r}, num_labels=1)",
        f"text = {text}" if conversational else 'text = "..." + tokenizer.eos_token',
        f'inputs = tokenizer(text, return_tensors="pt", add_special_tokens={not conversational})',
        "print(model(**inputs).logits.item())  # higher is better",
    ]


# </reward_model>
def described(source: dict[str, Any]) -> str:
    """A Hub repository by name and commit; of something local only its last part, for paths tell who someone is."""
    if source["source"] == "hub":
        return f"`{shown(source['id'])}` (commit `{source['revision']}`)"
    return f"local `{shown(PurePath(source['id']).name)}`"


def shown(value: Any) -> str:
    """Text from elsewhere, unable to leave its table cell or its code span."""
    return " ".join(str(value).split()).replace("|", "/").replace("`", "'")
