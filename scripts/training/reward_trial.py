"""The reward is tried before the model is loaded: one that fails trains nothing."""

import asyncio
import inspect
import math
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from .events import CannotTrain, alarm
from .reward import load_reward
from .reward_examples import example_answers
from .reward_text import Reward

ROWS = 8


class CannotTell(CannotTrain):
    """The reward runs and can't tell right from wrong: of these few rows, and others may say something else."""


def try_reward(
    specs: list[dict[str, Any]], rows: Iterable[dict[str, Any]], *, strict: bool = True
) -> list[dict[str, Any]]:
    """Scores answers to the first rows. Raises CannotTrain with what is wrong with a reward. Not `strict`: one that
    can't tell on these rows is an alarm, since a plan that was approved passed on others."""
    first = [row for _, row in zip(range(ROWS), rows, strict=False)]
    tried = []
    for spec, reward in zip(specs, load_reward(specs), strict=True):
        try:
            one = try_one(spec, reward, first)
        except CannotTell as doubt:
            if strict:
                raise
            alarm(doubt.code, str(doubt))
            continue
        if one["right"] is None:
            print(f"Reward {one['name']} runs; it was not compared with right answers")
        else:
            print(f"Reward {one['name']}: {one['right']:.3g} for right answers, {one['wrong']:.3g} for wrong ones")
        tried.append(one)
    return tried


def try_one(spec: dict[str, Any], reward: Reward, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over the rows: of right answers in the form that is scored best, and of wrong ones in the same form."""
    name = spec["name"] if spec["kind"] == "builtin" else f"{spec['file']}:{spec['function']}"
    column = spec["column"]
    if column is not None and any(column not in row for row in rows):
        raise CannotTrain("reward_column", f"reward {name}: the rows have no column {column}")
    result = {"name": name, "rows": len(rows), "right": None, "wrong": None}
    pairs = example_answers(spec, rows)
    if not pairs:
        scored(name, reward, rows, ["So be it."] * len(rows))
        return result
    means = [tuple(mean(scored(name, reward, rows, answers)) for answers in pair) for pair in pairs]
    known = [(right, wrong) for right, wrong in means if right is not None and wrong is not None]
    if not known:
        raise CannotTell("reward_scores_nothing", f"reward {name} scores none of {len(rows)} rows: is {column} right?")
    right, wrong = max(known, key=lambda pair: pair[0] - pair[1])
    if not right > wrong:
        raise CannotTell(
            "reward_cannot_tell",
            f"reward {name} can't tell right from wrong: {right:.3g} for the right answers of {len(rows)} rows, "
            f"{wrong:.3g} for wrong ones",
        )
    return {**result, "right": right, "wrong": wrong}


def scored(name: str, reward: Reward, rows: list[dict[str, Any]], answers: list[str]) -> list[float | None]:
    """Called as TRL calls it: the columns by name, what is more in keywords."""
    chat = isinstance(rows[0].get("prompt"), list)
    completions: list[Any] = [[{"role": "assistant", "content": answer}] for answer in answers] if chat else answers
    columns = [key for key in rows[0] if key not in ("prompt", "completion", "completion_ids")]
    try:
        scores = reward(
            prompts=[row.get("prompt") for row in rows],
            completions=completions,
            completion_ids=[list(range(len(answer.split()))) for answer in answers],  # about as long
            trainer_state=SimpleNamespace(global_step=0, max_steps=1, epoch=0.0),
            log_extra=lambda *_: None,
            log_metric=lambda *_: None,
            **{key: [row.get(key) for row in rows] for key in columns},
        )
        if inspect.isawaitable(scores):
            scores = asyncio.run(finished(scores))
    except CannotTrain:
        raise
    except Exception as error:
        raise CannotTrain("reward_fails", f"reward {name} fails: {type(error).__name__}: {error}") from error
    if not isinstance(scores, (list, tuple)) or len(scores) != len(answers):
        raise CannotTrain(
            "reward_result",
            f"reward {name} returned {str(scores)[:100]}: not one number for each of {len(answers)} answers",
        )
    for score in scores:
        if score is not None and not (isinstance(score, (int, float)) and math.isfinite(score)):
            raise CannotTrain("reward_result", f"reward {name} returned {str(score)[:100]}, which is no number")
    return list(scores)


async def finished(scores: Any) -> Any:
    return await scores


def mean(scores: list[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if known else None
