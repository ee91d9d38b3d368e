"""The rules for rows, against the table that the validation runs, too."""

import json
from collections.abc import Callable
from pathlib import Path

import datasets
import pytest
from datasets import Dataset
from training.data import load_rows
from training.events import CannotTrain, finite
from training.local_data import fingerprint, json_rows, read_rows
from training.mapping import map_columns
from training.safety import deadline_margin
from training.trainable import is_trainable

TEST = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "tables")


TABLE = json.loads((TEST / "dataset/fixtures/trainable.json").read_text())


def test_the_table_is_there() -> None:
    assert len(TABLE) > 50


@pytest.mark.parametrize("case", TABLE, ids=lambda case: json.dumps(case["row"])[:60])
def test_is_trainable(case: dict) -> None:
    assert is_trainable(case["row"], case["format"], case["conversational"]) is case["trainable"]


ROWS = {"a": [1, 2], "b": ["x", "y"], "c": [None, None]}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([("a", "a")], {"a": [1, 2]}),
        ([("a", "b"), ("b", "a")], {"a": ["x", "y"], "b": [1, 2]}),
        ([("text", "b"), ("again", "b")], {"text": ["x", "y"], "again": ["x", "y"]}),
        ([("c", "a")], {"c": [1, 2]}),
        ([('it\'s "new"\n', "b")], {'it\'s "new"\n': ["x", "y"]}),
    ],
)
def test_mapping(columns: list, expected: dict) -> None:
    mapping = [{"to": to, "from": origin} for to, origin in columns]
    assert map_columns(Dataset.from_dict(ROWS), mapping).to_dict() == expected


def map_to(monkeypatch: pytest.MonkeyPatch, sources: list[str], function: Callable[[dict], dict]) -> None:
    """What the composer writes for a plan."""
    monkeypatch.setattr("training.mapping.SOURCES", sources)
    monkeypatch.setattr("training.mapping.map_row", function)


@pytest.mark.parametrize(
    "values",
    [
        [None] * 1500 + [[{"role": "user", "content": "x"}]] * 1500,
        [[{"role": "user", "content": None}]] * 1500 + [[{"role": "user", "content": "x"}]],
        [[]] * 1500 + [["x"]],
        [1] * 1500 + [1.5],
        [True, False, None],
        [],
    ],
    ids=lambda values: str(values[:1]),
)
def test_made_columns_have_the_types_of_all_rows(monkeypatch: pytest.MonkeyPatch, values: list) -> None:
    numbers = list(range(len(values)))
    rows = Dataset.from_dict({"label": numbers, "number": numbers, "other": ["x"] * len(values)})
    map_to(monkeypatch, ["number"], lambda row: {"label": values[row["number"]], "kept": row.get("other")})
    columns = [{"to": "label", "from": {"op": "..."}}, {"to": "kept", "from": "other"}]
    mapped = map_columns(rows, columns)
    assert len(mapped) == len(values)
    if not values:
        return
    assert mapped["label"][:] == values
    assert mapped["kept"][:] == ["x"] * len(values)


def test_made_columns_of_mixed_types(monkeypatch: pytest.MonkeyPatch) -> None:
    for values in [[1, "x"], [1] * 1000 + ["x"], [2**63], ["\ud800"]]:
        map_to(monkeypatch, ["n"], lambda row, values=values: {"label": values[row["n"]]})
        with pytest.raises(CannotTrain):
            map_columns(Dataset.from_dict({"n": list(range(len(values)))}), [{"to": "label", "from": {"op": "..."}}])


def dataset(tmp_path: Path, **changes: object) -> dict:
    file = tmp_path / "data.jsonl"
    file.write_text("".join(f'{{"text": "row {number}"}}\n' for number in range(20)))
    plan = {
        "id": "data.jsonl",
        "source": "local",
        "files": [str(file)],
        "fingerprint": fingerprint([file]),
        "split": "train",
        "format": "language-modeling",
        "conversational": False,
        "mapping": {"columns": [{"to": "text", "from": "text"}]},
        "examples": None,
        "evaluation": None,
        "upload": None,
    }
    return {**plan, **changes}


@pytest.mark.parametrize(
    ("examples", "evaluation", "expected"),
    [
        (None, None, (20, None)),
        (5, None, (5, None)),
        (50, None, (20, None)),
        (None, 4, (16, 4)),
        (10, 4, (6, 4)),
        (None, 19, (10, 10)),
    ],
)
def test_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, examples: int, evaluation: int, expected: tuple
) -> None:
    # Outside a composed script every region is there; this run has local files.
    monkeypatch.setattr("training.data.load_hub_split", lambda *_: Dataset.from_dict({"text": []}))
    share = None if evaluation is None else {"from": "share", "rows": evaluation}
    plan = dataset(tmp_path, examples=examples, evaluation=share)
    rows, held_out = load_rows(plan, 42)
    assert (len(rows), None if held_out is None else len(held_out)) == expected
    assert not set(rows["text"]) & set([] if held_out is None else held_out["text"])
    assert load_rows(plan, 42)[0]["text"] == rows["text"]


@pytest.mark.parametrize("text", ['{"a": [], "b": []}', '"text"', "5"])
def test_json_that_is_no_rows(text: str) -> None:
    with pytest.raises(CannotTrain):
        json_rows(text)


def test_cells_stay_text(tmp_path: Path) -> None:
    file = tmp_path / "cells.csv"
    file.write_text('﻿text,n\r\n42,NA\r\n"a ""quote"", a comma\nand a line",\r\nshort\r\n', newline="")
    assert list(read_rows(file)) == [
        {"text": "42", "n": "NA"},
        {"text": 'a "quote", a comma\nand a line', "n": ""},
        {"text": "short", "n": None},
    ]


@pytest.mark.parametrize(
    ("value", "expected"), [(1, 1.0), (float("nan"), None), (float("inf"), None), (None, None), ("x", None)]
)
def test_finite(value: object, expected: float | None) -> None:
    assert finite(value) == expected


@pytest.mark.parametrize(
    ("timeout", "saving", "margin"),
    json.loads((TEST / "support/deadline-margins.json").read_text())["cases"],
)
def test_margin(timeout: float, saving: float, margin: float) -> None:
    assert deadline_margin(timeout, saving) == margin
