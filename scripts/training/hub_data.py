"""Rows of a Hub dataset, at the commit that the plan names: what was validated can't change under it."""

import time
from typing import Any

from datasets import Dataset, load_dataset
from datasets.exceptions import DatasetNotFoundError

from .events import CannotTrain, alarm
from .hub_requests import persistently

PATIENCE = 300.0  # seconds that an outage may last while nothing is trained yet


def load_hub_split(dataset: dict[str, Any]) -> Dataset:
    name, commit = dataset["id"], dataset["revision"]
    try:
        rows = persistently(
            lambda: load_dataset(name, name=dataset["config"], split=dataset["split"], revision=commit),
            time.monotonic() + PATIENCE,
        )
    except DatasetNotFoundError as error:
        raise CannotTrain(
            "data_changed",
            f"{name} is not there any more as it was validated, at commit {commit}: deleted, closed to this token, or "
            f"its history was rewritten. Plan again. ({error})",
        ) from error
    if "Json(" in repr(rows.features):
        # datasets 5 stores a column of mixed types as JSON, and a string such as "42" comes back as a number.
        alarm("mixed_types", f"a column of {name} mixes types: text that looks like JSON was decoded")
    return rows
