"""The model's card: CARD, below, with what only the run knows in the lines that are marked for it."""

import re
from typing import Any

from .events import alarm
from .plan import CARD, PLAN

# What is shown of the trainer's measures, by its names without `eval_`.
RESULTS = {
    "loss": "loss",
    # <rewards>
    "reward": "mean reward",
    # </rewards>
    # <ranked>
    "rewards/accuracies": "pairs ranked right",
    "accuracy": "pairs ranked right",
    # </ranked>
}
CURVE_ROWS = 8


def model_card(step: int, total_steps: int, history: list[dict[str, Any]], notes: dict[str, Any]) -> str:
    """Markdown. `history`: what the trainer logged, oldest first; `notes`: what PlanDigest wrote down."""
    card, filled = CARD, {}
    try:
        hours = notes["seconds"] / 3600  # installing is billed, too, and not counted here
        # <paid>
        price = PLAN["hardware"]["usd_per_hour"]
        # </paid>
        tokens = [entry["num_tokens"] for entry in history if "num_tokens" in entry]
        filled = {
            "results": results(history, notes),
            "steps": f"| steps | {step} of {total_steps} |\n",
            "time": f"| time | {hours:.2f} hours |\n",
            # <paid>
            "cost": f"| cost | about {hours * price:.2f} USD, at {price:g} USD an hour when it was planned |\n",
            # </paid>
            "tokens": f"| tokens | {tokens[-1]:.0f} |\n" if tokens else "",
        }
        # <hub_output>
        if step < total_steps:
            where = "`last-checkpoint/`"
            # <bucket>
            where = f"The bucket {PLAN['output']['bucket']['id']}"
            # </bucket>
            filled["unfinished"] = (
                f"**Not finished: training stopped at step {step} of {total_steps}.** {where} holds the "
                "weights so far and the optimizer's state; the same plan goes on from there.\n\n"
            )
            before, _, after = card.partition("## Use\n")
            card = before + after[after.index("{results}") :]
        # </hub_output>
    except Exception as error:  # no reason to lose the model that it is about
        alarm("no_card", f"the model's card is not complete: {error!r}")
    return re.sub(r"^\{(\w+)\}\n", lambda mark: filled.get(mark[1], ""), card, flags=re.MULTILINE)


def results(history: list[dict[str, Any]], notes: dict[str, Any]) -> str:
    """Evaluation before and after, answers side by side, the curve."""
    text = ""
    # <evaluation>
    first = next((entry for entry in history if entry["step"] == 0), {})  # several processes evaluate there
    before, after = notes.get("evaluation_before", first), notes.get("evaluation_after", {})
    rows = [
        [f"{label}, held-out rows", number(before.get(f"eval_{key}")), number(after.get(f"eval_{key}"))]
        for key, label in RESULTS.items()
        if f"eval_{key}" in {**before, **after}
    ]
    text += table(["evaluation", "before", "after"], rows)
    # </evaluation>
    old, new = dict(notes.get("samples_before", [])), dict(notes.get("samples_after", []))
    samples = [[shown(ask), shown(old.get(ask, "")), shown(new.get(ask, ""))] for ask in {**old, **new}]
    text += table(["the same question", "before", "after"], samples)
    logged = [entry for entry in history if "loss" in entry]
    chosen = sorted({round(at * (len(logged) - 1) / (CURVE_ROWS - 1)) for at in range(CURVE_ROWS)}) if logged else []
    names = [key for key in RESULTS if any(key in logged[at] for at in chosen)]
    curve = [[str(logged[at]["step"]), *(number(logged[at].get(key)) for key in names)] for at in chosen]
    text += table(["step", *(RESULTS[key] for key in names)], curve)
    return f"## Results\n\n{text}" if text else ""


def table(heads: list[str], rows: list[list[str]]) -> str:
    """Nothing for no rows."""
    lines = (heads, ["---"] * len(heads), *rows)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n" if rows else ""


def number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, (int, float)) else "-"


def shown(text: str, longest: int = 500) -> str:
    """One line in a code span, unable to leave it or its table cell: nothing in it is Markdown, HTML or a picture."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    line = line if len(line) <= longest else line[:longest] + "..."
    return "`" + line.replace("|", "/").replace("`", "'") + "`" if line else ""
