"""Rows of a Hub dataset, at the commit that the plan names."""

from typing import Any

from datasets import Dataset, load_dataset

from .events import alarm


def load_hub_split(dataset: dict[str, Any]) -> Dataset:
    rows = load_dataset(dataset["id"], name=dataset["config"], split=dataset["split"], revision=dataset["revision"])
    if "Json(" in repr(rows.features):
        # datasets 5 stores a column of mixed types as JSON, and a string such as "42" comes back as a number.
        alarm("mixed_types", f"a column of {dataset['id']} mixes types: text that looks like JSON was decoded")
    return rows
