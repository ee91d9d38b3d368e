"""Rows as a table on disk, where `datasets` keeps its own: memory holds few of them at a time, and a run that goes on
finds its table again, with what the trainer made of it."""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import datasets
import pyarrow
from datasets import Dataset
from datasets.fingerprint import Hasher

from .events import CannotTrain

TOGETHER = 1000  # rows


def stored_rows(read: Callable[[], Iterable[dict[str, Any]]], *origin: Any) -> Dataset:
    """What `read` gives; nothing is read where the same function and `origin` were stored before. The type of a column
    is that of all its values: `Dataset.from_generator` would take the first 1,000 for all."""
    folder = Path(datasets.config.HF_DATASETS_CACHE) / "rows" / Hasher.hash((read, origin))
    file = folder / "rows.arrow"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as partial:
            write_rows(read, f"{partial}/rows.arrow")
            os.replace(f"{partial}/rows.arrow", file)
    return Dataset.from_file(str(file))


def write_rows(read: Callable[[], Iterable[dict[str, Any]]], file: str, types: pyarrow.Schema | None = None) -> None:
    """Twice where a column appears, or gets a wider type, after the first rows."""
    rest = tables(read())
    first = next(rest, pyarrow.table({}))
    types = wider = merged(types or first.schema, first.schema)
    with pyarrow.ipc.new_stream(file, types) as writer:
        for table in chain([first], rest):
            wider = merged(wider, table.schema)
            if wider == types:
                writer.write_table(pyarrow.concat_tables([types.empty_table(), table], promote_options="permissive"))
    if wider != types:
        write_rows(read, file, wider)


def tables(rows: Iterable[dict[str, Any]]) -> Iterator[pyarrow.Table]:
    """Types are found with the first value of each column in sight: after 1.5, true is 1.0."""
    rest, first, blank = iter(rows), dict[str, Any](), 0
    while some := list(islice(rest, TOGETHER)):
        first = {name: None for row in some for name in row} | first
        columns = {}
        for name in first:
            values = [None] * blank + [row.get(name) for row in some]
            if first[name] is None:
                first[name] = next((value for value in values if value is not None), None)
            try:
                columns[name] = pyarrow.array([first[name], *values])[1:]
            except (pyarrow.ArrowException, OverflowError, UnicodeError) as error:
                raise CannotTrain("mixed_types", f"column {name!r} mixes types ({error}): validate the data") from error
        blank = 0 if first else blank + len(some)  # a table without columns has no rows
        yield pyarrow.table(columns)


def merged(one: pyarrow.Schema, other: pyarrow.Schema) -> pyarrow.Schema:
    try:
        return pyarrow.unify_schemas([one, other], promote_options="permissive")
    except pyarrow.ArrowException as error:
        raise CannotTrain("mixed_types", f"a column mixes types ({error}): validate the data") from error
