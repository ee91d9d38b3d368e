"""Rows of a Hub dataset, at the commit that the plan names: what was validated can't change under it."""

from typing import Any

from datasets import Dataset, load_dataset
from datasets.exceptions import DataFilesNotFoundError, DatasetNotFoundError

from .downloads import patiently
from .events import CannotTrain, alarm


def load_hub_split(dataset: dict[str, Any]) -> Dataset:
    name, commit = dataset["id"], dataset["revision"]

    def load() -> Dataset:
        try:
            return load_dataset(name, name=dataset["config"], split=dataset["split"], revision=commit)
        except (DatasetNotFoundError, DataFilesNotFoundError) as error:  # the Hub has answered: they don't show it
            raise CannotTrain(
                "data_changed",
                f"{name} is not there any more as it was validated, at commit {commit}: deleted, closed to this "
                f"token, or its history was rewritten. Plan again. ({error})",
            ) from error

    rows = patiently(load, f"{name} at commit {commit}")
    if "Json(" in repr(rows.features):
        # datasets 5 stores a column of mixed types as JSON, and a string such as "42" comes back as a number.
        alarm("mixed_types", f"a column of {name} mixes types: text that looks like JSON was decoded")
    return rows
