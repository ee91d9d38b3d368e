"""What a model card says of the training: evaluation before and after, answers side by side, the curve."""

from typing import Any

from .card_text import shown, table

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


def number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, (int, float)) else "-"


def results(history: list[dict[str, Any]], notes: dict[str, Any]) -> list[str]:
    """Markdown. `history`: what the trainer logged, oldest first; `notes`: what was written down besides."""
    lines: list[str] = []
    # <evaluation>
    first = next((entry for entry in history if entry["step"] == 0), {})  # several processes evaluate there
    before, after = notes.get("evaluation_before", first), notes.get("evaluation_after", {})
    rows = [
        [f"{label}, held-out rows", number(before.get(f"eval_{key}")), number(after.get(f"eval_{key}"))]
        for key, label in RESULTS.items()
        if f"eval_{key}" in {**before, **after}
    ]
    lines += table(["evaluation", "before", "after"], rows)
    # </evaluation>
    old, new = dict(notes.get("samples_before", [])), dict(notes.get("samples_after", []))
    samples = [[shown(ask), shown(old.get(ask, "")), shown(new.get(ask, ""))] for ask in {**old, **new}]
    lines += table(["the same question", "before", "after"], samples)
    logged = [entry for entry in history if "loss" in entry]
    chosen = sorted({round(at * (len(logged) - 1) / (CURVE_ROWS - 1)) for at in range(CURVE_ROWS)}) if logged else []
    names = [key for key in RESULTS if any(key in logged[at] for at in chosen)]
    curve = [[str(logged[at]["step"]), *(number(logged[at].get(key)) for key in names)] for at in chosen]
    lines += table(["step", *(RESULTS[key] for key in names)], curve)
    return ["## Results", "", *lines] if lines else []
