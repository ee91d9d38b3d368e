"""Runs scripts as Python would, in forks of a process that has imported already what they import: an import of TRL
takes longer than a tiny training.

Reads one JSON object a line, {"script": path, "arguments": [...], "environment": {...}, "socket": path of a Unix
socket that takes what the script prints, "file_bytes": null or the largest file it may write}, and answers
{"pid": n} when it runs and {"code": n} or {"signal": n} when it ended.

With a folder and a size as arguments that folder becomes a small disk of its own, which no other process sees but
under /proc/<this one>/root: the server has to be started by `unshare -rm`.
"""

import gc
import importlib
import json
import os
import resource
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from typing import Any

if len(sys.argv) == 3:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={sys.argv[2]}", "none", sys.argv[1]], check=True)

for module in (
    "datasets",
    "peft",
    "trackio",
    "torch.distributed.tensor",
    "transformers.integrations",
    "transformers.models.qwen3.modeling_qwen3",
    "transformers.trainer",
    "trl.trainer.dpo_trainer",
    "trl.trainer.grpo_trainer",
    "trl.trainer.sft_trainer",
):
    importlib.import_module(module)
gc.freeze()  # accelerate collects garbage in every run: what is imported is none


def answer(**values: int) -> None:
    print(json.dumps(values), flush=True)


def become(request: dict[str, Any]) -> None:
    """The forked process, before the script begins."""
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for output in (1, 2):
        place = socket.socket(socket.AF_UNIX)
        place.connect(request["socket"])
        os.dup2(place.fileno(), output)
        place.close()
    os.environ.clear()
    os.environ.update(request["environment"])
    tempfile.tempdir = None
    if request["file_bytes"] is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["file_bytes"], request["file_bytes"]))
    sys.argv = [request["script"], *request["arguments"]]
    sys.path[0] = os.path.dirname(request["script"])


answer(pid=os.getpid())
while line := sys.stdin.readline():
    asked = json.loads(line)
    child = os.fork()
    if child == 0:
        become(asked)
        break
    answer(pid=child)
    _, status = os.waitpid(child, 0)
    ended = os.waitstatus_to_exitcode(status)
    answer(**({"code": ended} if ended >= 0 else {"signal": -ended}))
else:
    sys.exit()

runpy.run_path(sys.argv[0], run_name="__main__")
