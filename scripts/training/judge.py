"""Asks another process for a verdict, with a time limit: an answer such as `9**9**9` ends that process only."""

import atexit
import contextlib
import inspect
import json
import math
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from .events import alarm

START_SECONDS = 60.0  # for its imports


class Judge:
    def __init__(self, make_verdict: Callable[[], Callable[[Any], Any]], seconds: float) -> None:
        """`make_verdict` is called there and has only what it imports itself. What it makes takes a question and
        returns a verdict, both JSON. `seconds`: the longest that one may take."""
        self.make_verdict = make_verdict
        self.seconds = seconds
        self.process: subprocess.Popen[str] | None = None
        self.verdicts: queue.Queue[str] = queue.Queue()
        self.lock = threading.Lock()
        self.told = False
        atexit.register(self.stop)

    def ask(self, question: Any) -> Any:
        """The verdict; False where it takes too long or the process dies of it."""
        line = json.dumps(question, default=str) + "\n"
        with self.lock:
            process = self.running()
            try:
                assert process.stdin is not None
                process.stdin.write(line)
                process.stdin.flush()
                return json.loads(self.verdicts.get(timeout=self.seconds))
            except queue.Empty:
                self.stop()
                if not self.told:
                    self.told = True
                    alarm("reward_slow", f"an answer took more than {self.seconds:.0f} s to judge: such score 0")
            except (OSError, ValueError):  # it died
                self.stop()
            return False

    def running(self) -> "subprocess.Popen[str]":
        if self.process is not None and self.process.poll() is None:
            return self.process
        parts = [inspect.getsource(part) for part in (answer_lines, self.make_verdict)]
        imports = "from __future__ import annotations\nimport json, os, signal, sys\n"
        program = (
            f"{imports}{''.join(parts)}answer_lines({self.make_verdict.__name__}(), {math.ceil(self.seconds) + 1})\n"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            env={name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ},  # no token
        )
        self.verdicts = queue.Queue()
        threading.Thread(target=pass_on, args=(self.process.stdout, self.verdicts), daemon=True).start()
        with contextlib.suppress(queue.Empty):
            if self.verdicts.get(timeout=START_SECONDS).strip() == "ready":
                return self.process
        self.stop()
        raise RuntimeError(f"{self.make_verdict.__name__} does not start here")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def pass_on(lines: Iterable[str], verdicts: "queue.Queue[str]") -> None:
    with contextlib.suppress(ValueError):  # closed while it was read
        for line in lines:
            verdicts.put(line)
    verdicts.put("")


def answer_lines(verdict: Callable[[Any], Any], seconds: int) -> None:
    """The other process: a question a line, a verdict a line. It ends by itself where whoever asked is gone."""
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)  # what a library prints is no verdict
        limit = getattr(signal, "alarm", int)  # Windows has none
        print("ready", file=out, flush=True)
        for line in sys.stdin:
            limit(seconds)
            print(json.dumps(verdict(json.loads(line))), file=out, flush=True)
            limit(0)
