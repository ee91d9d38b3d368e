"""Runs fixtures through real TRL on tiny models and prints what came of them.

    python run.py [--only name,name] [--proposals proposals.json] [--parquet folder]

Prints one JSON line `{"versions", "no_trainer"}`, then one a case: `{"case", "outcomes": {method: outcome}}`. With
`--proposals` the runs are `[{"case", "method", "key", "python", "drop"}]`, where `python` defines `map_row` and `drop`
says what the rows are, of which those that can't train are left out; either may be null. Each gets a line. With
`--parquet` the cases that hold pictures, which JSON can't, are also written to that folder.
"""

import argparse
import gc
import importlib.metadata
import importlib.util
import json
import logging
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "critical"
warnings.simplefilter("ignore")

import datasets  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
import trl.experimental  # noqa: E402
from cases import CASES, has_pictures, load_case, write_parquet  # noqa: E402
from trials import TRAINERS, try_case  # noqa: E402

sys.path.append(str(Path(__file__).parents[3] / "scripts" / "training"))
from trainable import is_trainable  # noqa: E402

PACKAGES = ["trl", "transformers", "datasets", "accelerate", "torch", "pyarrow"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--proposals", type=Path)
    parser.add_argument("--parquet", type=Path)
    options = parser.parse_args()
    quiet()
    versions = {name: importlib.metadata.version(name).split("+")[0] for name in PACKAGES}
    say({"versions": versions, "no_trainer": [] if has_prm() else ["prm"]})
    only = set(options.only.split(",")) - {""}
    with tempfile.TemporaryDirectory() as folder:
        if options.proposals:
            for entry in json.loads(options.proposals.read_text(encoding="utf-8")):
                say({"case": entry["case"], "key": entry["key"], "outcome": try_proposal(entry, Path(folder))})
            return
        for file in sorted(CASES.glob("*.json")):
            if not only or file.stem in only:
                case = load_case(file)
                if options.parquet and has_pictures(case.rows):
                    write_parquet(case, options.parquet)
                say({"case": case.name, "outcomes": {name: try_case(case, name, Path(folder)) for name in TRAINERS}})


def has_prm() -> bool:
    """Whether this TRL trains process reward models, as older ones did."""
    return any(hasattr(module, "PRMTrainer") for module in (trl, trl.experimental)) or bool(
        importlib.util.find_spec("trl.experimental.prm")
    )


def try_proposal(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The mapping's own Python and the rule for rows, in the order of the training script."""
    case = load_case(CASES / f"{entry['case']}.json")
    # A key that a row lacks is a null in the table that the rows come from.
    columns = dict.fromkeys(name for row in case.rows for name in row)
    rows = [{name: row.get(name) for name in columns} for row in case.rows]
    if entry["python"]:
        names: dict[str, Any] = {"__name__": "map_row"}
        exec(entry["python"], names)
        rows = [names["map_row"](row) for row in rows]
    if entry["drop"]:
        drop = entry["drop"]
        rows = [row for row in rows if is_trainable(row, drop["format"], drop["conversational"])]
    return try_case(case.with_rows(rows), entry["method"], folder)


def say(line: dict[str, Any]) -> None:
    print(json.dumps(line, ensure_ascii=False), file=out, flush=True)


def quiet() -> None:
    logging.disable(logging.CRITICAL)
    datasets.disable_progress_bars()
    datasets.disable_caching()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    gc.freeze()  # accelerate collects garbage after each run: what is imported is none


if __name__ == "__main__":
    # What the trainers print is not ours to read.
    out, sys.stdout = sys.stdout, sys.stderr
    main()
