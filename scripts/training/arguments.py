"""What the trainer is told besides the recipe: where things go, what is reported, what is logged."""

from pathlib import Path
from typing import Any

from .downloads import lent_template


def trainer_arguments(
    plan: dict[str, Any], checkpoints: Path, model_init: dict[str, Any], space_id: str | None
) -> dict[str, Any]:
    recipe, trackio = plan["recipe"], plan["output"]["trackio"]
    return {
        "logging_nan_inf_filter": False,  # it would show an older loss in place of NaN
        **recipe["training_args"],
        # <lender>
        **lent_template(recipe["training_args"]),
        # </lender>
        "model_init_kwargs": model_init,
        "output_dir": str(checkpoints),
        "push_to_hub": False,  # where the plan says so, it is pushed whole at the end
        "report_to": "none",  # the Curves callback reports
        "project": trackio["project"],
        "run_name": trackio["run_name"],
        "trackio_space_id": space_id,
        "trackio_static_space_id": False,  # the default publishes a second, public Space
        "hub_private_repo": trackio["private"],  # read by Trackio's callback for its Space
        "disable_tqdm": True,  # its bar has no line ends, and events are lines
    }
