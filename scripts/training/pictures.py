"""Pictures as pictures, however a file holds them: TRL goes by the columns' types."""

from datasets import Dataset, Image, List


def with_pictures(rows: Dataset) -> Dataset:
    kinds = {"image": Image(), "images": List(Image())}
    for name in kinds.keys() & set(rows.column_names):
        rows = rows.cast_column(name, kinds[name])
    return rows
