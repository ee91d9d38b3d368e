"""Seconds that `datasets` takes for the first rows of a Hub dataset by streaming: name and rows as arguments."""

import sys
import time
from itertools import islice

from datasets import load_dataset

name, rows = sys.argv[1], int(sys.argv[2])
began = time.perf_counter()
seen = sum(1 for _ in islice(load_dataset(name, split="train", streaming=True), rows))
if seen != rows:
    raise SystemExit(f"{seen} rows of {rows}")
print(time.perf_counter() - began)
