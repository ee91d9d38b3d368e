"""Rows of a Hub dataset, at the commit that the plan names: what was validated can't change under it."""

from typing import Any

from datasets import Dataset, load_dataset
from datasets.exceptions import DatasetNotFoundError

from .downloads import patiently
from .events import CannotTrain, alarm


def load_hub_split(dataset: dict[str, Any]) -> Dataset:
    name, commit = dataset["id"], dataset["revision"]
    try:
        rows = patiently(lambda: load_dataset(name, name=dataset["config"], split=dataset["split"], revision=commit))
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
