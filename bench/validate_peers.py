"""
The same data in Python, for bench/validate.ts: makes the files, reads their columns with pyarrow, iterates their rows
with `datasets` and the checks that validation makes of each. Prints one JSON line: rows, seconds by the clock and of
CPU, peak memory in MB.
"""

import json
import random
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.json
import pyarrow.parquet as pq
from datasets import load_dataset

MESSAGES = 3
WORDS = 55


def conversations(rows: int) -> Iterator[list[dict[str, str]]]:
    """About one kilobyte each; now and then a letter that is not ASCII."""
    draw = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(draw.choices(letters, k=draw.randint(2, 9))) for _ in range(5000)]
    texts = [" ".join(draw.choices(words, k=WORDS)) for _ in range(3000)]
    texts[::100] = [f"{text} größer" for text in texts[::100]]
    roles = ["system", "user", "assistant"]
    for n in range(rows):
        yield [{"role": roles[i], "content": f"{n} {texts[draw.randrange(3000)]}"} for i in range(MESSAGES)]


def make(folder: Path, rows: int) -> None:
    message = pa.struct([("role", pa.string()), ("content", pa.string())])
    schema = pa.schema([("messages", pa.list_(message)), ("id", pa.int64())])
    step = 10_000
    table = []
    with (folder / "lines.jsonl").open("w") as lines, pq.ParquetWriter(folder / "many.parquet", schema) as many:
        batch: list[dict[str, Any]] = []
        for n, messages in enumerate(conversations(rows)):
            batch.append({"messages": messages, "id": n})
            lines.write(json.dumps(batch[-1], ensure_ascii=False) + "\n")
            if len(batch) == step or n == rows - 1:
                table.append(pa.Table.from_pylist(batch, schema=schema))
                many.write_table(table[-1])
                batch = []
    pq.write_table(pa.concat_tables(table), folder / "one.parquet", row_group_size=rows)


def columns(file: Path) -> int:
    if file.suffix == ".jsonl":
        with pyarrow.json.open_json(file) as batches:
            return sum(batch.num_rows for batch in batches)
    return sum(batch.num_rows for batch in pq.ParquetFile(file).iter_batches(columns=["messages"]))


def checked(file: Path) -> int:
    kind = "json" if file.suffix == ".jsonl" else "parquet"
    data = load_dataset(kind, data_files=str(file), split="train", streaming=True)
    good = characters = 0
    for row in data:
        messages = row["messages"]
        good += trains(messages)
        characters += sum(len(message["content"]) for message in messages)
    assert characters > 0
    return good


def trains(messages: Any) -> bool:
    if not isinstance(messages, list) or not messages:
        return False
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str) or not message["role"]:
            return False
        if not isinstance(message.get("content"), str):
            return False
    return any(message["role"] == "assistant" and message["content"] for message in messages)


def main(task: str, path: str, rows: str = "0") -> None:
    if task == "make":
        make(Path(path), int(rows))
        return
    began, cpu = time.perf_counter(), time.process_time()
    count = columns(Path(path)) if task == "columns" else checked(Path(path))
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": count, "seconds": seconds, "cpu_seconds": cpu_seconds, "megabytes": peak}))


main(*sys.argv[1:])
