"""Rows of local files: read as they are written, after a check that they are the ones that were validated."""

import csv
import gzip
import hashlib
import json
import sys
from collections.abc import Iterator
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any, TextIO, cast

import pyarrow.parquet
from huggingface_hub import hf_hub_download

from .downloads import patiently
from .events import CannotTrain


def local_files(dataset: dict[str, Any]) -> list[Path]:
    """The data's files; where they are not on this machine, from the private repository they were uploaded to."""
    files = [Path(file) for file in dataset["files"]]
    # <upload>
    if dataset["upload"] is not None and not all(file.is_file() for file in files):
        repo_id = dataset["upload"]["repo_id"]
        download = partial(hf_hub_download, repo_id, repo_type="dataset")
        files = [Path(patiently(partial(download, file.name), f"{file.name} of {repo_id}")) for file in files]
    # </upload>
    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        raise CannotTrain("data_missing", f"the data is gone: {missing[0]} doesn't exist. Plan again.")
    if dataset["fingerprint"] is not None and fingerprint(files) != dataset["fingerprint"]:
        raise CannotTrain(
            "data_changed", f"{', '.join(file.name for file in files)} changed since the plan was made. Plan again."
        )
    return files


def fingerprint(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def read_rows(file: Path) -> Iterator[dict[str, Any]]:
    """One dictionary a row. Not `load_dataset`: its readers turn the text "42" into a number, "null" into nothing."""
    kind = Path(file.name.lower().removesuffix(".gz")).suffix
    # <parquet>
    if kind == ".parquet":
        for batch in pyarrow.parquet.ParquetFile(file).iter_batches():
            yield from batch.to_pylist()
    # </parquet>
    # <csv>
    if kind == ".csv":
        csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # the limit is 128 KiB otherwise
        with open_text(file, newline="") as stream:
            records = (record for record in csv.reader(stream) if record)
            header = next(records, [])
            for record in records:
                yield dict(zip_longest(header, record))
    # </csv>
    # <json>
    if kind == ".json":
        with open_text(file) as stream:
            yield from json_rows(stream.read())
    # </json>
    # <json_lines>
    if kind not in (".parquet", ".csv", ".json"):
        with open_text(file) as stream:
            for line in stream:
                if line.strip():
                    yield json.loads(line)
    # </json_lines>


# <text_files>
def open_text(file: Path, newline: str = "\n") -> TextIO:
    # <gz>
    if file.suffix.lower() == ".gz":
        return cast(TextIO, gzip.open(file, "rt", encoding="utf-8-sig", newline=newline))
    # </gz>
    return file.open(encoding="utf-8-sig", newline=newline)


# </text_files>
# <json>
def json_rows(text: str) -> list[dict[str, Any]]:
    """One row a line; or a list of rows, alone or as a value of an object; or an object that is the only row."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > 1 and is_object(lines[0]):
        return [json.loads(line) for line in lines]
    document = json.loads(text) if lines else []
    if isinstance(document, dict):
        lists = [value for value in document.values() if isinstance(value, list)]
        document = lists[0] if len(lists) == 1 else document if lists else [document]
    if not isinstance(document, list):
        raise CannotTrain("not_rows", "the JSON file is neither a list of rows nor an object with one such list")
    return document


def is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


# </json>
