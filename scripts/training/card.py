"""The model card: what was trained on what, how, how well, at what cost, and how to use it."""

from pathlib import PurePath
from typing import Any

from huggingface_hub import ModelCardData

from .card_results import results
from .card_text import described, shown, table
from .card_use import usage
from .events import alarm


def model_card(
    plan: dict[str, Any], step: int, total_steps: int, history: list[dict[str, Any]], notes: dict[str, Any]
) -> str:
    """Markdown. `history`: what the trainer logged, oldest first; `notes`: what PlanDigest wrote down."""
    try:
        return written_card(plan, step, total_steps, history, notes)
    except Exception as error:  # no reason to lose the model that it is about
        alarm("no_card", f"the model's card could not be written: {error!r}")
        return f"# {shown(plan['output']['repo_id'] or 'model')}\n\n`plan.json` says what it is.\n"


def written_card(
    plan: dict[str, Any], step: int, total_steps: int, history: list[dict[str, Any]], notes: dict[str, Any]
) -> str:
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
    ]
    if step >= total_steps:
        lines += usage(name, model, dataset["conversational"], is_adapter)
    lines += results(history, notes)
    lines += ["## Data", "", *table(["", ""], data_facts(dataset))]
    facts = [["steps", f"{step} of {total_steps}"], *run_facts(plan["hardware"], history, notes)]
    for argument, value in {**(recipe["lora"] or {}), **recipe["training_args"]}.items():
        facts.append([shown(argument), shown(value)])
    # <rewards>
    facts += [["reward", shown(reward.get("name") or reward["function"])] for reward in plan["reward"]]
    # </rewards>
    # <space>
    if output["trackio"]["space_id"] is not None:
        facts.append(["curves", f"Trackio Space {shown(output['trackio']['space_id'])}"])
    # </space>
    lines += ["## Training", "", *table(["", ""], facts)]
    lines += ["`train.py` is the script that trained it, `plan.json` what it was told.", ""]
    return "\n".join(lines)


def data_facts(dataset: dict[str, Any]) -> list[list[str]]:
    facts = [["split", f"{shown(dataset['config'] or '')} {shown(dataset['split'])}".strip()]]
    # <examples>
    facts.append(["rows", f"the first {dataset['examples']} of a shuffle"])
    # </examples>
    # <evaluation>
    facts.append(["held out for evaluation", f"{dataset['evaluation']['rows']} rows at most"])
    # </evaluation>
    # <mapping>
    for column in dataset["mapping"]["columns"]:
        source = shown(column["from"]) if isinstance(column["from"], str) else "several columns, as in `plan.json`"
        facts.append(["column", f"{shown(column['to'])} made of {source}"])
    # </mapping>
    facts += [["left out", f"{shown(one['message'])} ({one['count']} rows seen)"] for one in dataset["left_out"]]
    return facts


def run_facts(hardware: dict[str, Any], history: list[dict[str, Any]], notes: dict[str, Any]) -> list[list[str]]:
    """What it took. Installing is billed, too, and not counted here."""
    hours = notes["seconds"] / 3600
    facts = [["trained on", shown(hardware["label"])], ["time", f"{hours:.2f} hours"]]
    if hardware["usd_per_hour"] > 0:
        price = f"at {hardware['usd_per_hour']:g} USD an hour when it was planned"
        facts.append(["cost", f"about {hours * hardware['usd_per_hour']:.2f} USD, {price}"])
    tokens = [entry["num_tokens"] for entry in history if "num_tokens" in entry]
    return facts + ([["tokens", f"{tokens[-1]:.0f}"]] if tokens else [])
