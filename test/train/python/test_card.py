"""The model card says what happened, and nothing in it that comes from elsewhere is anything but text."""

import re
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard
from training.card import model_card, written_card

HOSTILE = [
    "| x | y |\n| --- |",
    "`code` and ``more``",
    "![](https://evil.example/pixel.png)",
    "<script>alert(1)</script><img src=x onerror=y>",
    "[click](javascript:x)",
    "---\nlicense: mit\n---",
    "\u202egnp.exe\x1b[31m\x00",
    "# Title\n\n```python\nimport os\n```",
    "a" * 5000,
]


def plan(text: str) -> dict[str, Any]:
    return {
        "method": "sft",
        "model": {"id": "Qwen/Qwen3-0.6B", "source": "hub", "revision": "c" * 40, "adapter": None},
        "dataset": {
            "id": f"/home/alice/{text}",
            "source": "local",
            "revision": None,
            "config": text,
            "split": text,
            "conversational": True,
            "examples": 100,
            "evaluation": {"from": "share", "rows": 5},
            "mapping": {"columns": [{"to": "messages", "from": text}]},
            "left_out": [{"code": "empty", "message": f"no answer in {text}", "count": 7}],
        },
        "recipe": {"mode": "lora", "lora": {"r": 8}, "training_args": {text: text}},
        "reward": [{"kind": "file", "name": None, "function": text}],
        "hardware": {"label": f"T4 {text}", "usd_per_hour": 0.4},
        "output": {"repo_id": "alice/model", "folder": None, "trackio": {"space_id": "alice/curves"}},
    }


def notes(text: str) -> dict[str, Any]:
    return {
        "seconds": 1800.0,
        "evaluation_before": {"eval_loss": 5.5},
        "evaluation_after": {"eval_loss": 0.25},
        "samples_before": [(text, text), ("second", "old")],
        "samples_after": [(text, f"now {text}"), ("second", "new")],
    }


HISTORY = [{"loss": 5.0 / (step + 1), "num_tokens": 100.0 * step, "step": step} for step in range(1, 101)]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_elsewhere_is_text(text: str) -> None:
    card = written_card(plan(text), 100, 100, HISTORY, notes(text))
    _, front, body = re.split(r"^---$", card, maxsplit=2, flags=re.MULTILINE)
    assert yaml.safe_load(front)["base_model"] == "Qwen/Qwen3-0.6B"
    assert "license" not in yaml.safe_load(front)
    assert ModelCard(card).data.tags == ["trl", "sft", "hf-llm-trainer", "lora"]
    outside = re.sub(r"^```.*?^```$", "", body, flags=re.MULTILINE | re.DOTALL)
    plain = re.sub(r"`[^`\n]*`", "", outside)  # what Markdown would read
    for sign in ("<script", "<img", "![", "](java", "evil.example", "onerror", "pixel"):
        assert sign not in plain
    assert all(one.isprintable() or one == "\n" for one in card)
    assert "/home/alice" not in card
    rows = [line for line in outside.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} <= {3, 4, 5}  # no cell more than the head has
    assert re.findall(r"^#+ .*$", outside, re.MULTILINE)[1:] == ["## Use", "## Results", "## Data", "## Training"]
    assert len(card) < 40_000


def test_it_says_what_happened() -> None:
    card = written_card(plan("x"), 100, 100, HISTORY, notes("x"))
    assert "| loss, held-out rows | 5.5 | 0.25 |" in card
    assert "| `second` | `old` | `new` |" in card
    assert "| left out | `no answer in x` (7 rows seen) |" in card
    assert "| cost | about 0.20 USD, at 0.4 USD an hour when it was planned |" in card
    assert "| tokens | 10000 |" in card
    assert len(re.findall(r"^\| \d+ \| [\d.]+ \|$", card, re.MULTILINE)) == 8
    assert "vllm serve Qwen/Qwen3-0.6B --enable-lora --lora-modules trained=alice/model" in card


def test_an_evaluation_at_the_first_step_is_the_one_before() -> None:
    told = {name: value for name, value in notes("x").items() if name != "evaluation_before"}
    card = written_card(plan("x"), 100, 100, [{"eval_loss": 6.0, "step": 0}, *HISTORY], told)
    assert "| loss, held-out rows | 6 | 0.25 |" in card


def test_an_unfinished_one_says_so_and_not_how_to_use_it() -> None:
    card = written_card(plan("x"), 40, 100, HISTORY[:40], {"seconds": 10.0})
    assert "**Not finished: training stopped at step 40 of 100.**" in card
    assert "## Use" not in card
    assert "| cost |" in card


def test_a_free_machine_has_no_cost() -> None:
    free = plan("x")
    free["hardware"]["usd_per_hour"] = 0
    assert "| cost |" not in written_card(free, 100, 100, HISTORY, notes("x"))


def test_a_card_that_cannot_be_written_is_no_reason_to_lose_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert "plan.json" in model_card(plan("x"), 100, 100, [{"loss": 1.0}], notes("x"))
    assert '"code": "no_card"' in capsys.readouterr().out
