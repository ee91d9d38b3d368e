"""The built-in rewards, the person's own, and their trial."""

import json
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from training.events import CannotTrain
from training.judge import Judge
from training.reward import MAKERS, load_reward
from training.reward_here import main
from training.reward_text import final_answer
from training.reward_trial import try_reward
from training.reward_watch import RewardsVary
from transformers import TrainerControl, TrainerState, TrainingArguments


def spec(name: str, column: str | None = None, **parameters: Any) -> dict[str, Any]:
    return {"kind": "builtin", "name": name, "column": column, "parameters": parameters, "weight": 1}


def own(source: str, function: str = "score", column: str | None = None) -> dict[str, Any]:
    parts = {"file": "mine.py", "function": function, "source": source, "column": column}
    return {"kind": "file", **parts, "sha256": "", "parameters": {}, "weight": 1}


GSM8K = "She sold 48/2 = <<48/2=24>>24 clips in May.\n#### 1,072"
CASES = [
    (spec("exact", "a"), "Paris.", "paris", 1),
    (spec("exact", "a"), "The answer is **Paris**.", "Paris", 1),
    (spec("exact", "a"), "<think>Rome</think>\n<answer> 1072 </answer>", GSM8K, 1),
    (spec("exact", "a"), "It is 1071, or 1072", GSM8K, 0),
    (spec("exact", "a"), "$1,072.00", 1072, 1),
    (spec("exact", "a"), "anything", None, None),
    (spec("exact", "a"), "anything", "", None),
    (spec("math", "a"), "so\n#### 1072", GSM8K, 1),
    (spec("math", "a"), "so\n#### 1073", GSM8K, 0),
    (spec("math", "a"), r"\boxed{\frac{1}{2}}", "0.5", 1),
    (spec("math", "a"), r"\boxed{1} no: \boxed{\frac{2}{4}}", r"$\frac12$", 1),
    (spec("math", "a"), r"\boxed{1+x}", "x+1", 1),
    (spec("math", "a"), r"\boxed{(1,2)}", "$(1, 2)$", 1),
    (spec("math", "a"), r"\boxed{\sqrt{8}}", r"The whole way ... \boxed{2\sqrt{2}}", 1),
    (spec("math", "a"), r"\boxed{2", "2", 0),
    (spec("math", "a"), "I don't know", "7", 0),
    (spec("math", "a"), "x", None, None),
    (spec("regex", pattern=r"^\d+$"), "42", None, 1),
    (spec("regex", pattern=r"\d"), "a 4", None, 1),
    (spec("regex", pattern=r"\d", full=True), "a 4", None, 0),
    (spec("format"), "<think>a\nb</think>\n<answer>c</answer>\n", None, 1),
    (spec("format"), "<think></think><answer>c</answer>", None, 0),
    (spec("format"), "<think>a</think> so <answer>c</answer>", None, 0),
    (spec("format"), "<think>a</think><answer>b</answer><answer>c</answer>", None, 0),
    (spec("format"), "<answer>c</answer><think>a</think>", None, 0),
    (spec("format", tags=["plan", "code"]), "<plan>a</plan><code>b</code>", None, 1),
    (spec("length", maximum=4, unit="characters"), "abcd", None, 1),
    (spec("length", maximum=4, unit="characters"), "abcdef", None, 0.5),
    (spec("length", maximum=4, unit="characters"), "a" * 9, None, 0),
    (spec("length", target=4, unit="characters"), "ab", None, 0.5),
    (spec("length", target=3), "x", None, 1),
    (spec("json_schema", schema={"type": "object", "required": ["a"]}), '```json\n{"a": 1}\n```', None, 1),
    (spec("json_schema", schema={"type": "object", "required": ["a"]}), '{"b": 1}', None, 0),
    (spec("json_schema", schema={"type": "object"}), "[" * 100_000, None, 0),
    (spec("json_schema", schema={"type": "object"}), "no", None, 0),
    (spec("json_schema", schema={"$ref": "https://example.org/schema"}), "{}", None, 0),
    (spec("json_schema", "a"), "[1]", '{"type": "array"}', 1),
    (spec("json_schema", "a"), "[1]", {"type": "object"}, 0),
    (spec("json_schema", "a"), "[1]", '{"type": "nonsense"}', None),
]


@pytest.mark.parametrize(("reward", "answer", "cell", "score"), CASES, ids=lambda value: str(value)[:50])
def test_scores(reward: dict, answer: str, cell: Any, score: float | None) -> None:
    function = load_reward([reward])[0]
    more = {"a": [cell], "completion_ids": [[1, 2, 3]], "trainer_state": None, "log_extra": None}
    assert function(completions=[answer], prompts=["?"], **more) == [score]
    message = [{"role": "assistant", "content": answer}]
    assert function(completions=[message], prompts=[[{"role": "user", "content": "?"}]], **more) == [score]
    assert function.__name__ == reward["name"]


def test_every_built_in_is_tested() -> None:
    assert {reward["name"] for reward, *_ in CASES} | {"file", "code"} == set(MAKERS)


@pytest.mark.parametrize(
    "answer", [r"\boxed{9^{9^{9^{9}}}}", r"\boxed{10000000000000000000000!}", r"\boxed{" + "(" * 1500]
)
def test_mathematics_that_never_ends(answer: str) -> None:
    """In a thread, where math-verify's own timeouts do not work; and the next answer is judged all the same."""
    function, scores = load_reward([spec("math", "a")])[0], []
    answers = {"completions": [answer, r"\boxed{\frac{1}{2}}"], "a": ["x+1", "0.5"]}
    thread = threading.Thread(target=lambda: scores.extend(function(**answers)))
    began = time.monotonic()
    thread.start()
    thread.join(60)
    assert scores == [0.0, 1.0]
    assert time.monotonic() - began < 45


@pytest.mark.parametrize(
    ("reward", "hostile", "fine"),
    [
        (spec("regex", pattern=r"^(a+)+$"), "a" * 40 + "b", "aaaa"),
        (spec("regex", pattern=r"(a+)+", full=True), "a" * 40 + "b", "a" * 1000),
        (spec("json_schema", schema={"pattern": "^(a+)+$"}), json.dumps("a" * 40 + "b"), '"a"'),
        (spec("json_schema", "a"), json.dumps("a" * 40 + "b"), '"a"'),
    ],
    ids=str,
)
def test_patterns_that_never_end(reward: dict, hostile: str, fine: str, capsys: pytest.CaptureFixture[str]) -> None:
    """They score 0, once with an alarm; and the next answer is judged all the same."""
    began = time.monotonic()
    schemas = [{"pattern": "^(a+)+$"}] * 4
    assert load_reward([reward])[0](completions=[hostile, fine, hostile, fine], a=schemas) == [0, 1, 0, 1]
    assert time.monotonic() - began < 45
    assert capsys.readouterr().out.count('"reward_slow"') == 1


def endless() -> Callable[[Any], Any]:
    def verdict(question: Any) -> Any:
        while True:
            pass

    return verdict


def test_a_judge_ends_by_itself_where_whoever_asked_is_gone() -> None:
    process = Judge(endless, 0.5).running()
    assert process.stdin is not None
    process.stdin.write("1\n")
    process.stdin.close()
    assert process.wait(timeout=20) == -signal.SIGALRM


def test_many_answers_are_judged_quickly() -> None:
    function = load_reward([spec("regex", pattern=r"^\d+$")])[0]
    began = time.monotonic()
    assert function(completions=["1", "a"] * 1000) == [1, 0] * 1000
    assert time.monotonic() - began < 10


def test_mathematics_is_no_code(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    answers = [f"\\boxed{{__import__('os').system('touch {mark}')}}", f"__import__('os').system('touch {mark}')"]
    load_reward([spec("math", "a")])[0](completions=answers, a=["x+1", "x+1"])
    assert not mark.exists()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"\boxed{a{b}c} and", "a{b}c"),
        (r"\boxed{1} then \boxed{2}", "2"),
        (r"#### 5" + "\nmore", "5"),
        (r"<think>\boxed{1}</think> nothing", None),
        ("The final answer is: 12.", "12"),
        ("<answer>x</answer>", "x"),
    ],
)
def test_final_answer(text: str, answer: str | None) -> None:
    assert final_answer(text) == answer


ROWS = [{"prompt": f"{n} + 1?", "answer": f"so\n#### {n + 1}", "extra": n} for n in range(12)]
CHATS = [{**row, "prompt": [{"role": "user", "content": row["prompt"]}]} for row in ROWS]
PLAIN = "def score(completions, answer, **kwargs):\n    return [float(c == a) for c, a in zip(completions, answer)]\n"
CHATTY = PLAIN.replace("c == a", "c[0]['content'] == a")
BOXED = """import re
def score(completions, answer, **kwargs):
    scores = []
    for text, reference in zip(completions, answer):
        found = re.search(r"boxed{(.*)}", text)
        scores.append(2.0 if found and found.group(1) == reference.split("#### ")[1] else -1)
    return scores
"""


@pytest.mark.parametrize(
    ("reward", "rows", "right", "wrong"),
    [
        (spec("exact", "answer"), ROWS, 1, 0),
        (spec("math", "answer"), CHATS, 1, 0),
        (spec("format"), ROWS, 1, 0),
        (spec("length", maximum=5), ROWS, 1, 0),
        (spec("length", target=5, unit="characters"), CHATS, 1, 0),
        (spec("regex", pattern=r"^\d+$", example="12"), ROWS, 1, 0),
        (spec("regex", pattern="a"), ROWS, None, None),
        (own(PLAIN, column="answer"), ROWS, 1, 0),
        (own(CHATTY, column="answer"), CHATS, 1, 0),
        (own(BOXED, column="answer"), ROWS, 2, -1),
        (own("async " + PLAIN, column="answer"), ROWS, 1, 0),
        (own("def score(completions, **kwargs):\n    return [len(c) for c in completions]"), ROWS, None, None),
        (own("import math\nscore = lambda completions, **k: [None] * len(completions)"), ROWS, None, None),
    ],
)
def test_trial(reward: dict, rows: list, right: float | None, wrong: float | None) -> None:
    [tried] = try_reward([reward], rows)
    assert (tried["rows"], tried["right"], tried["wrong"]) == (8, right, wrong)


def test_trial_of_code() -> None:
    rows = [
        {"prompt": f"Add {n}", "tests": [f"assert f(1) == {n + 1}"], "solution": f"def f(x): return x + {n}"}
        for n in (1, 2)
    ]
    [tried] = try_reward([spec("code", "tests")], rows)
    assert (tried["right"], tried["wrong"]) == (1, 0)
    rows[1]["solution"] = None
    assert try_reward([spec("code", "tests")], rows)[0]["right"] is None


@pytest.mark.parametrize(
    ("reward", "code", "message"),
    [
        (spec("exact", "none"), "reward_column", "no column none"),
        (spec("regex", pattern="("), "bad_regex", "pattern"),
        (spec("json_schema", schema={"type": "nonsense"}), "bad_schema", "none"),
        (spec("json_schema", "answer", example="{}"), "reward_scores_nothing", "scores none of 8 rows"),
        (
            spec("regex", pattern="x", example="12"),
            "reward_cannot_tell",
            "0 for the right answers of 8 rows, 0 for wrong",
        ),
        (
            own("def score(completions, **kwargs):\n    return [1] * len(completions)", column="answer"),
            "reward_cannot_tell",
            "1 for the",
        ),
        (own(PLAIN.replace("== a", "!= a"), column="answer"), "reward_cannot_tell", "can't tell"),
        (own(CHATTY, column="answer"), "reward_fails", "TypeError"),
        (own("def score(prompts):\n    return []"), "reward_fails", "unexpected keyword"),
        (own("def score(completions, **kwargs):\n    return 1"), "reward_result", "not one number for each"),
        (own("def score(completions, **kwargs):\n    return [1]"), "reward_result", "not one number for each"),
        (own("def score(completions, **kwargs):\n    return ['a'] * len(completions)"), "reward_result", "no number"),
        (
            own("def score(completions, **k):\n    return [float('nan')] * len(completions)"),
            "reward_result",
            "no number",
        ),
        (own("def other(): ..."), "reward_missing", "no function score"),
        (own("1 / 0"), "reward_broken", "ZeroDivisionError"),
        (own("def score(:"), "reward_broken", "SyntaxError"),
        (own("import a_module_of_nobody"), "reward_needs_module", "a_module_of_nobody"),
        (own("import sys\nsys.exit()"), "reward_broken", "SystemExit"),
    ],
)
def test_what_the_trial_stops(reward: dict, code: str, message: str) -> None:
    with pytest.raises(CannotTrain, match=message) as stopped:
        try_reward([reward], ROWS)
    assert stopped.value.code == code


def test_a_run_goes_on_with_what_cannot_tell(capsys: pytest.CaptureFixture[str]) -> None:
    """Its rows are others than the plan's, and few."""
    score = "def score(completions, **kwargs):\n    return [1] * len(completions)"
    given = [own(score, column="answer"), spec("json_schema", "answer", example="{}"), spec("exact", "answer")]
    assert [one["name"] for one in try_reward(given, ROWS, strict=False)] == ["exact"]
    said = capsys.readouterr().out
    assert '"code": "reward_cannot_tell"' in said
    assert '"code": "reward_scores_nothing"' in said
    with pytest.raises(CannotTrain):
        try_reward([own("def score(completions):\n    return []")], ROWS, strict=False)


def test_an_own_file_named_like_a_module_is_not_that_module() -> None:
    reward = {**own(PLAIN, column="answer"), "file": "json.py"}
    assert try_reward([reward], ROWS)[0]["right"] == 1
    assert json.loads("1") == 1


def test_here(tmp_path: Path) -> None:
    given, result = tmp_path / "given.json", tmp_path / "result.json"
    for reward in (spec("exact", "answer"), spec("exact", "none")):
        given.write_text(json.dumps({"rewards": [reward], "rows": ROWS}))
        main(given, result)
        said = json.loads(result.read_text())
        assert said.get("error", {}).get("code") == (None if reward["column"] == "answer" else "reward_column")
    given.write_text(json.dumps({"rewards": [spec("exact", "answer")], "rows": ROWS}))
    main(given, result)
    assert json.loads(result.read_text()) == {"tried": [{"name": "exact", "rows": 8, "right": 1.0, "wrong": 0.0}]}


def test_alarm_where_rewards_do_not_vary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    watch, args = RewardsVary(), TrainingArguments(str(tmp_path), use_cpu=True)
    state = TrainerState(max_steps=40)

    def log(*shares: float) -> int:
        for share in shares:
            state.global_step += 1
            watch.on_log(args, state, TrainerControl(), {"frac_reward_zero_std": share})
        return capsys.readouterr().out.count("rewards_do_not_vary")

    assert log(*[1.0] * 9, 0.5) == 0
    assert log(*[1.0] * 15) == 1
    assert log(0.0, *[1.0] * 10) == 1
    watch.on_log(args, state, TrainerControl(), {"loss": 1})
