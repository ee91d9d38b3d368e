"""The table on disk against `pyarrow.array` of each whole column."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import datasets
import pyarrow
import pytest
from training import row_store
from training.events import CannotTrain
from training.row_store import stored_rows

CELLS = [None, True, False, 1, -1, 2**62, 1.5, 0.0, "a", "42", "null", "\ud800", 2**63, [], [None], [1], [1.5], ["a"]]
CELLS += [{}, {"a": 1}, {"a": 1.5}, {"a": None}, {"b": "x"}, {"a": "x"}, [{"a": 1}], [{"b": "x"}], [{"a": None}]]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    monkeypatch.setattr(row_store, "TOGETHER", 2)
    return tmp_path


def whole(rows: list[dict]) -> list[dict] | None:
    """Read at once, or None where the types don't go together."""
    names = dict.fromkeys(name for row in rows for name in row)
    try:
        columns = {name: pyarrow.array([row.get(name) for row in rows]) for name in names}
    except (pyarrow.ArrowException, OverflowError, UnicodeError):
        return None
    return pyarrow.table(columns).to_pylist()


def stored(rows: list[dict]) -> list[dict] | None:
    try:
        return stored_rows(lambda: rows).to_list()
    except CannotTrain:
        return None


def test_types_are_those_of_all_rows() -> None:
    draw = random.Random(3)
    outcomes = []
    for _ in range(150):
        cells = draw.sample(CELLS, draw.randint(1, 3))
        names = draw.sample(["x", "y"], draw.randint(1, 2))
        rows = [{name: draw.choice(cells) for name in names[: draw.randint(0, 2)]} for _ in range(draw.randint(1, 7))]
        expected = whole(rows)
        assert repr(stored(rows)) == repr(expected), rows
        outcomes.append(expected is None)
    assert 30 < sum(outcomes) < 120


def test_rows_are_read_once(cache: Path) -> None:
    reads = cache / "reads"

    def rows(count: int) -> Iterator[dict]:
        with reads.open("a") as log:
            log.write(f"{count} ")
        yield from ({"n": n} for n in range(count))

    for count in (5, 5, 3, 0):
        assert stored_rows(lambda count=count: rows(count), "origin").to_list() == [{"n": n} for n in range(count)]
    assert reads.read_text() == "5 3 0 "
    assert stored_rows(lambda: rows(5), "another origin").num_rows == 5
    assert reads.read_text() == "5 3 0 5 "
    assert not list(cache.rglob("tmp*"))


LATER = """
import sys
import datasets
from training.row_store import stored_rows

datasets.config.HF_DATASETS_CACHE = sys.argv[1]
datasets.disable_progress_bars()
rows = stored_rows(lambda: [{"n": n} for n in range(10)], "origin").shuffle(seed=1).map(lambda row: {"m": row["n"]})
print(rows._fingerprint)
"""


def test_what_is_made_of_them_is_found_by_a_later_process(cache: Path) -> None:
    def run() -> tuple[str, list[Path]]:
        made = subprocess.run([sys.executable, "-c", LATER, str(cache)], capture_output=True, text=True, check=True)
        return made.stdout, sorted(cache.rglob("*.arrow"))

    first = run()
    assert len(first[1]) == 3  # the rows, their order, and what `map` made
    assert run() == first


def test_memory_holds_few_rows_at_a_time() -> None:
    alive: list[int] = []

    class Cell(str):
        def __new__(cls, text: str) -> "Cell":
            alive.append(1)
            return super().__new__(cls, text)

        def __del__(self) -> None:
            alive.pop()

    most = []

    def rows() -> Iterator[dict]:
        for _ in range(100):
            yield {"text": Cell("x")}
            most.append(len(alive))

    assert stored_rows(rows, "cells").num_rows == 100
    assert max(most) < 10
