"""What `datasets` makes of the repositories, told as JSON on the last line."""

import json

from datasets import load_dataset

told = {}
demo = load_dataset("open-r1/codeforces-cots", split="train")
told["rows"] = len(demo)
told["columns"] = demo.column_names
told["last_role"] = demo[-1]["messages"][-1]["role"]
told["py_rows"] = len(load_dataset("open-r1/codeforces-cots", "solutions_py", split="train"))
told["private"] = len(load_dataset("tester/private-notes", split="train"))
told["streamed"] = next(iter(load_dataset("open-r1/codeforces-cots", split="train", streaming=True)))["title"]
print(json.dumps(told))
