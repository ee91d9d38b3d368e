"""Seconds to tokenize texts, one by one and as a batch on all cores, and the ids.

Run as `python tokens.py <model folder> <texts.json> <runs>`; prints JSON.
"""

import json
import sys
import time
from pathlib import Path

from transformers import AutoTokenizer

folder, texts, runs = sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")), int(sys.argv[3])
tokenizer = AutoTokenizer.from_pretrained(folder)
single, batch = [], []
for _ in range(runs):
    began = time.perf_counter()
    ids = [tokenizer(text)["input_ids"] for text in texts]
    single.append(time.perf_counter() - began)
    began = time.perf_counter()
    tokenizer(texts)
    batch.append(time.perf_counter() - began)
print(json.dumps({"single": min(single), "batch": min(batch), "ids": ids}))
