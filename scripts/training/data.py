"""The rows to train on and to evaluate with."""

from collections.abc import Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import datasets
from datasets import Dataset

from .events import CannotTrain
from .hub_data import load_hub_split
from .local_data import local_files, read_rows
from .map_row import map_row
from .mapping import map_columns
from .pictures import with_pictures
from .row_store import stored_rows
from .trainable import is_trainable


def keep_tables_in(folder: Path) -> None:
    """As large as the data: a run that goes on finds them there, and one that ends removes them."""
    datasets.config.HF_DATASETS_CACHE = folder


def load_rows(dataset: dict[str, Any], seed: int) -> tuple[Dataset, Dataset | None]:
    """Rows to train on and rows held out. `examples` is the first N of a seeded shuffle; what is held out is the end
    of what is used, at most half of it."""
    # <hub_data>
    rows = load_hub_split(dataset)
    # <mapping>
    rows = map_columns(rows, dataset["mapping"]["columns"])
    # </mapping>
    # <drop_invalid>
    rows = rows.filter(lambda row: is_trainable(row, dataset["format"], dataset["conversational"]))
    # </drop_invalid>
    # </hub_data>
    # <local_data>
    files = local_files(dataset)
    rows = stored_rows(partial(usable_rows, files, dataset), [file.stat().st_mtime_ns for file in files])
    # </local_data>
    # <vision>
    rows = with_pictures(rows)
    # </vision>
    held_out = None
    # <divided>
    rows = rows.shuffle(seed=seed)
    # </divided>
    # <examples>
    if dataset["examples"] is not None:
        rows = rows.select(range(min(dataset["examples"], len(rows))))
    # </examples>
    if len(rows) == 0:
        raise CannotTrain("no_rows", "no row is left that can train: validate the data")
    # <evaluation>
    if dataset["evaluation"] is not None:
        if len(rows) == 1:
            raise CannotTrain("no_rows", "one row is left that can train, and evaluation takes one more: add rows")
        keep = len(rows) - min(dataset["evaluation"]["rows"], len(rows) // 2)
        rows, held_out = rows.select(range(keep)), rows.select(range(keep, len(rows)))
    # </evaluation>
    return rows, held_out


# <local_data>
def usable_rows(files: list[Path], dataset: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Mapped and sifted before they become a table, whose columns hold one type each."""
    for row in chain.from_iterable(map(read_rows, files)):  # noqa: UP028
        # <mapping>
        row = map_row(row)  # noqa: PLW2901
        # </mapping>
        # <drop_invalid>
        if not is_trainable(row, dataset["format"], dataset["conversational"]):
            continue
        # </drop_invalid>
        yield row


# </local_data>
