"""The columns that the trainer reads, from the columns that the data has: mapped ones and no others."""

from typing import Any

from datasets import Dataset, concatenate_datasets


# <local_data>
def map_row(row: dict[str, Any], columns: list[dict[str, str]]) -> dict[str, Any]:
    return {column["to"]: row.get(column["from"]) for column in columns}


# </local_data>
# <hub_data>
def map_columns(rows: Dataset, columns: list[dict[str, str]]) -> Dataset:
    """Column by column, so that names can be swapped and one column can serve twice. Copies no data."""
    return concatenate_datasets(
        [rows.select_columns([column["from"]]).rename_columns({column["from"]: column["to"]}) for column in columns],
        axis=1,
    )


# </hub_data>
