"""The model card: what was trained on what, how, how well, and how to use it."""

from pathlib import PurePath
from typing import Any

from huggingface_hub import ModelCardData


def model_card(plan: dict[str, Any], step: int, total_steps: int, history: list[dict[str, Any]]) -> str:
    """Markdown. `history`: what the trainer logged, oldest first."""
    model, dataset, recipe, output = plan["model"], plan["dataset"], plan["recipe"], plan["output"]
    finished = step >= total_steps
    name = output["repo_id"] or PurePath(output["folder"]).name
    is_adapter = recipe["mode"] != "full" and model["adapter"] is None
    metadata = ModelCardData(
        base_model=model["id"] if model["source"] == "hub" else None,
        datasets=[dataset["id"]] if dataset["source"] == "hub" else None,
        library_name="peft" if is_adapter else "transformers",
        pipeline_tag="text-generation",
        tags=["trl", plan["method"], "hf-llm-trainer", *(["lora"] if is_adapter else [])],
        ignore_metadata_errors=True,
    )
    lines = ["---", metadata.to_yaml(), "---", "", f"# {shown(name.split('/')[-1])}", ""]
    if not finished:
        lines += [
            f"**Not finished: training stopped at step {step} of {total_steps}.** `last-checkpoint/` holds the weights "
            "so far and the optimizer's state; the same plan goes on from there.",
            "",
        ]
    how = {"full": "every weight", "lora": "LoRA adapters", "qlora": "LoRA adapters on a base in 4 bits"}
    lines += [
        f"Fine-tuned from {described(model)} on {described(dataset)} with {plan['method'].upper()} "
        f"([TRL](https://github.com/huggingface/trl)), training {how[recipe['mode']]}.",
        "",
        "| | |",
        "| --- | --- |",
        f"| steps | {step} of {total_steps} |",
    ]
    for label, key in (("loss", "loss"), ("evaluation loss", "eval_loss")):
        entries = [entry for entry in history if key in entry]
        if entries:
            first, last = entries[0], entries[-1]
            lines.append(
                f"| {label} | {first[key]:.4g} at step {first['step']}, {last[key]:.4g} at step {last['step']} |"
            )
    for argument, value in {**(recipe["lora"] or {}), **recipe["training_args"]}.items():
        lines.append(f"| {shown(argument)} | {shown(value)} |")
    if output["trackio"]["space_id"] is not None:
        lines.append(f"| curves | Trackio Space `{shown(output['trackio']['space_id'])}` |")
    if finished:
        lines += ["", "## Use", "", "```python", *usage(name, dataset["conversational"]), "```"]
    lines += ["", "`train.py` is the script that trained it, with everything that was decided at its top.", ""]
    return "\n".join(lines)


def usage(name: str, conversational: bool) -> list[str]:
    prompt = '[{"role": "user", "content": "..."}]' if conversational else '"..."'
    return [
        "from transformers import pipeline",
        "",
        f"generate = pipeline('text-generation', model={name!r})",
        f"print(generate({prompt}, max_new_tokens=100)[0]['generated_text'])",
    ]


def described(source: dict[str, Any]) -> str:
    """A Hub repository by name and commit; of something local only its last part, for paths tell who someone is."""
    if source["source"] == "hub":
        return f"`{shown(source['id'])}` (commit `{source['revision']}`)"
    return f"local `{shown(PurePath(source['id']).name)}`"


def shown(value: Any) -> str:
    """Text from elsewhere, unable to leave its table cell or its code span."""
    return " ".join(str(value).split()).replace("|", "/").replace("`", "'")
