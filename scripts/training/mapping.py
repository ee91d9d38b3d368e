"""The columns that the trainer reads, from the columns that the data has: mapped ones and no others."""

from typing import Any

import pyarrow
from datasets import Dataset, concatenate_datasets

from .events import CannotTrain
from .map_row import SOURCES, map_row


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
    """Row by row. Not `Dataset.map`: it takes the types of the first 1,000 rows for those of all, and a column that
    keeps its name keeps its type: true becomes 1."""
    tables = []
    try:
        for start in range(0, max(len(rows), 1), 1000):
            cells = rows.select_columns(SOURCES)[start : start + 1000]
            made = [map_row(dict(zip(cells, values, strict=True))) for values in zip(*cells.values(), strict=True)]
            tables.append(pyarrow.table({name: pyarrow.array([row[name] for row in made]) for name in names}))
        return Dataset(pyarrow.concat_tables(tables, promote_options="permissive"))
    except (pyarrow.ArrowException, OverflowError, UnicodeError) as error:
        raise CannotTrain("mixed_types", f"the mapped columns mix types ({error}): validate the data") from error


# </made_columns>
