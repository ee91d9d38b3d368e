"""The run fills the card, and nothing in it that comes from elsewhere is anything but text."""

import re
from typing import Any

import pytest
from training import card

FIXED = """\
---
base_model: Qwen/Qwen3-0.6B
---

# `model`

{unfinished}
Fine-tuned.

## Use

{"role": "user"}

{results}
## Training

|  |  |
| --- | --- |
{steps}
| trained on | `T4` |
{time}
{cost}
{tokens}
| `r` | `8` |
"""

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


@pytest.fixture(autouse=True)
def fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card, "CARD", FIXED)
    monkeypatch.setattr(
        card, "PLAN", {"hardware": {"usd_per_hour": 0.4}, "output": {"bucket": {"id": "alice/checkpoints"}}}
    )


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
    told = card.model_card(100, 100, HISTORY, notes(text))
    assert told.startswith("---\nbase_model: Qwen/Qwen3-0.6B\n---\n\n# `model`\n\nFine-tuned.\n\n## Use\n")
    plain = re.sub(r"`[^`\n]*`", "", told)  # what Markdown would read
    for sign in ("<script", "<img", "![", "](java", "evil.example", "onerror", "pixel", "`", "license"):
        assert sign not in plain
    assert all(one.isprintable() or one == "\n" for one in told)
    rows = [line for line in told.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} <= {3, 4, 5}  # no cell more than the head has
    assert re.findall(r"^#+ .*$", told, re.MULTILINE)[1:] == ["## Use", "## Results", "## Training"]
    assert len(told) < 10_000


def test_it_says_what_happened() -> None:
    told = card.model_card(100, 100, HISTORY, notes("x"))
    assert "| loss, held-out rows | 5.5 | 0.25 |" in told
    assert "| `second` | `old` | `new` |" in told
    assert len(re.findall(r"^\| \d+ \| [\d.]+ \|$", told, re.MULTILINE)) == 8
    assert told.endswith(
        """\

## Training

|  |  |
| --- | --- |
| steps | 100 of 100 |
| trained on | `T4` |
| time | 0.50 hours |
| cost | about 0.20 USD, at 0.4 USD an hour when it was planned |
| tokens | 10000 |
| `r` | `8` |
"""
    )


def test_what_was_not_measured_is_not_there() -> None:
    told = card.model_card(100, 100, [], {"seconds": 1800.0})
    assert "Results" not in told
    assert "| cost | about 0.20 USD, at 0.4 USD an hour when it was planned |\n| `r` | `8` |" in told


def test_an_evaluation_at_the_first_step_is_the_one_before() -> None:
    told = {name: value for name, value in notes("x").items() if name != "evaluation_before"}
    assert "| loss, held-out rows | 6 | 0.25 |" in card.model_card(
        100, 100, [{"eval_loss": 6.0, "step": 0}, *HISTORY], told
    )


def test_an_unfinished_one_says_so_and_not_how_to_use_it() -> None:
    told = card.model_card(40, 100, HISTORY[:40], notes("x"))
    assert "# `model`\n\n**Not finished: training stopped at step 40 of 100.**" in told
    assert "from there.\n\nFine-tuned.\n\n## Results\n" in told
    assert "## Use" not in told
    assert "| steps | 40 of 100 |" in told


def test_a_card_that_cannot_be_filled_is_no_reason_to_lose_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    told = card.model_card(100, 100, [{"loss": 1.0}], notes("x"))
    assert "| trained on | `T4` |\n| `r` | `8` |\n" in told
    assert "{results}" not in told
    assert '"code": "no_card"' in capsys.readouterr().out
