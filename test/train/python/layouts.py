"""What `load_dataset` makes of repositories' files: cases on stdin, outcomes on stdout, both JSON."""

import csv
import gzip
import json
import posixpath
import sys
import tempfile
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

datasets.disable_progress_bars()

FAILS = "fails"
READ_HERE = {"json", "csv", "parquet"}


def write(root: Path, name: str) -> None:
    """One row, which says the file's name."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(".parquet"):
        pq.write_table(pa.table({"f": [name]}), path)
        return
    kind = name.removesuffix(".gz").rsplit(".", 1)[-1]
    if kind in ("csv", "tsv"):
        with path.open("w", newline="") as file:
            csv.writer(file, delimiter="\t" if kind == "tsv" else ",").writerows([["f"], [name]])
        return
    line = json.dumps({"f": name}) + "\n"
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(line.encode()))
    else:
        path.write_text(line)


def splits_of(root: Path, config: str) -> Any:
    """The files of each split, in the order in which they are read."""
    try:
        builder = datasets.load_dataset_builder(str(root), config)
    except Exception:
        return FAILS
    base = f"{root.as_posix()}/"
    files = {
        str(split): [posixpath.normpath(str(path).removeprefix(base)) for path in paths]
        for split, paths in (builder.config.data_files or {}).items()
    }
    if builder.__module__.rsplit(".", 1)[-1] not in READ_HERE:
        return files
    try:
        builder.download_and_prepare()
        read = {str(split): list(rows["f"]) for split, rows in builder.as_dataset().items()}
    except Exception:
        return FAILS
    return read if read == {split: paths for split, paths in files.items() if paths} else {"read": read, "files": files}


def outcome(case: dict[str, Any], root: Path) -> Any:
    for name in case["files"]:
        write(root, name)
    if "card" in case:
        (root / "README.md").write_text(f"---\n{yaml.safe_dump(case['card'])}---\n")
    try:
        names = datasets.get_dataset_config_names(str(root))
    except Exception:
        return FAILS
    try:
        default = datasets.load_dataset_builder(str(root)).config.name
    except Exception:
        default = None
    return {"default_config": default, "configs": {name: splits_of(root, name) for name in names}}


def main() -> None:
    outcomes = {}
    for case in json.load(sys.stdin):
        with tempfile.TemporaryDirectory() as folder:
            datasets.config.HF_DATASETS_CACHE = Path(folder) / "cache"
            root = Path(folder).resolve() / "repository"
            root.mkdir()
            outcomes[case["name"]] = outcome(case, root)
    json.dump(outcomes, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
