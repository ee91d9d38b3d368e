"""Tells when rewards don't vary: where all answers to a prompt score the same, nothing is learned from it."""

from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from .events import alarm

STEPS = 10  # in a row


class RewardsVary(TrainerCallback):
    def __init__(self) -> None:
        self.same = 0

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        share = (logs or {}).get("frac_reward_zero_std")
        if share is None:
            return
        self.same = self.same + 1 if float(share) == 1.0 else 0
        if self.same == min(STEPS, state.max_steps):
            alarm(
                "rewards_do_not_vary",
                f"for {self.same} steps, until step {state.global_step}, all answers to each prompt scored the same: "
                "nothing is learned. The reward is too hard or too easy, or the answers are cut off",
            )
