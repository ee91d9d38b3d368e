"""The rows to train on and to evaluate with."""

from pathlib import Path
from typing import Any

import pyarrow
from datasets import Dataset

from .events import CannotTrain
from .hub_data import load_hub_split
from .local_data import local_files, read_rows
from .map_row import map_row
from .mapping import map_columns
from .pictures import with_pictures
from .trainable import is_trainable


def load_rows(dataset: dict[str, Any], seed: int) -> tuple[Dataset, Dataset | None]:
    """Rows to train on and rows held out. `examples` is the first N of a seeded shuffle; what is held out is the end
    of what is used, at most half of it."""
    rows, held_out = load_split(dataset), None
    # <divided>
    rows = rows.shuffle(seed=seed)
    # </divided>
    # <examples>
    if dataset["examples"] is not None:
        rows = rows.select(range(min(dataset["examples"], len(rows))))
    # </examples>
    # <evaluation>
    if dataset["evaluation"] is not None:
        keep = len(rows) - min(dataset["evaluation"]["rows"], len(rows) // 2)
        rows, held_out = rows.select(range(keep)), rows.select(range(keep, len(rows)))
    # </evaluation>
    if len(rows) == 0 or (held_out is not None and len(held_out) == 0):
        raise CannotTrain("no_rows", "no row is left that can train: validate the data")
    return rows, held_out


def load_split(dataset: dict[str, Any]) -> Dataset:
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
    rows = load_files(local_files(dataset), dataset)
    # </local_data>
    # <vision>
    rows = with_pictures(rows)
    # </vision>
    return rows  # noqa: RET504


# <local_data>
def load_files(files: list[Path], dataset: dict[str, Any]) -> Dataset:
    """Rows are mapped and sifted before they become a table, whose columns hold one type each."""
    rows: list[dict[str, Any]] = []
    for file in files:
        rows.extend(read_rows(file))
    # <mapping>
    rows = [map_row(row) for row in rows]
    # </mapping>
    # <drop_invalid>
    rows = [row for row in rows if is_trainable(row, dataset["format"], dataset["conversational"])]
    # </drop_invalid>
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {}
    for name in names:
        try:
            columns[name] = pyarrow.array([row.get(name) for row in rows])
        except (pyarrow.ArrowException, OverflowError, UnicodeError) as error:
            raise CannotTrain("mixed_types", f"column {name!r} mixes types ({error}): validate the data") from error
    return Dataset(pyarrow.table(columns))


# </local_data>
