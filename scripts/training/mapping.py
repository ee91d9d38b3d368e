"""The columns that the trainer reads, from the columns that the data has: mapped ones and no others."""

from collections.abc import Iterator
from typing import Any

from datasets import Dataset, concatenate_datasets

from .map_row import SOURCES, map_row
from .row_store import stored_rows


def map_columns(rows: Dataset, columns: list[dict[str, Any]]) -> Dataset:
    """Column by column, so that names can be swapped and one column can serve twice. Those that only change their
    names are not copied, nor are their images decoded."""
    renamed = [(column["to"], column["from"]) for column in columns if isinstance(column["from"], str)]
    mapped = [rows.select_columns([old]).rename_columns({old: new}) for new, old in renamed]
    # <made_columns>
    made = [column["to"] for column in columns if not isinstance(column["from"], str)]
    if made:
        mapped.append(make_columns(rows, made))
    # </made_columns>
    return concatenate_datasets(mapped, axis=1)


# <made_columns>
def make_columns(rows: Dataset, names: list[str]) -> Dataset:
    """Row by row. Not `Dataset.map`: a column that keeps its name keeps its type there, and true becomes 1."""

    def made() -> Iterator[dict[str, Any]]:
        for cells in rows.select_columns(SOURCES).iter(1000):
            for values in zip(*cells.values(), strict=True):
                mapped = map_row(dict(zip(cells, values, strict=True)))
                yield {name: mapped[name] for name in names}

    return stored_rows(made)


# </made_columns>
