"""The scores of the same pairs before and after training: `chosen` should come to win."""

from itertools import takewhile
from typing import Any

import torch

from .events import alarm, emit
from .processes import is_first

PAIRS = 2


def score_pairs(trainer: Any, when: str) -> list[tuple[str, str]]:
    """What both texts of a pair begin with, and their two scores."""
    # <processes>
    if not is_first():
        return []
    # </processes>
    scores = []
    rows = trainer.train_dataset if trainer.eval_dataset is None else trainer.eval_dataset
    try:
        for row in rows.select(range(min(PAIRS, len(rows)))):
            chosen, rejected = row["chosen_ids"], row["rejected_ids"]
            shared = [one for one, _ in takewhile(lambda both: both[0] == both[1], zip(chosen, rejected, strict=False))]
            answer = f"chosen {score(trainer, chosen):.3f}, rejected {score(trainer, rejected):.3f}"
            scores.append((trainer.processing_class.decode(shared)[:500], answer))
            emit("sample", when=when, prompt=scores[-1][0], answer=answer)
    except Exception as error:  # worth showing, not worth failing for
        alarm("no_sample", f"no pair could be scored: {error}")
    return scores


def score(trainer: Any, ids: list[int]) -> float:
    model = trainer.accelerator.unwrap_model(trainer.model)
    model.eval()
    with torch.no_grad(), trainer.accelerator.autocast():
        return float(model(input_ids=torch.tensor([ids], device=model.device)).logits[0, 0])
