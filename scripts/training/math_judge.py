"""Compares mathematics with math-verify, in a process of its own: an answer such as `9**9**9` ends that one only, and
math-verify's own timeouts need the main thread of a POSIX system."""

import atexit
import contextlib
import inspect
import json
import logging
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterable

LONGEST_RESULT = 2000  # characters; more is no result
START_SECONDS = 60.0  # for its imports
JUDGE_SECONDS = 5.0


class MathJudge:
    def __init__(self, seconds: float = JUDGE_SECONDS) -> None:
        self.seconds = seconds
        self.process: subprocess.Popen[str] | None = None
        self.verdicts: queue.Queue[str] = queue.Queue()
        self.lock = threading.Lock()
        atexit.register(self.stop)

    def equal(self, wanted: str, given: str) -> float | None:
        """1 or 0; None where the reference can't be read. An answer that takes too long is wrong."""
        if len(given) > LONGEST_RESULT:
            return 0.0
        with self.lock:
            process = self.running()
            try:
                assert process.stdin is not None
                process.stdin.write(json.dumps([wanted, given]) + "\n")
                process.stdin.flush()
                verdict = json.loads(self.verdicts.get(timeout=self.seconds))
            except (queue.Empty, OSError, ValueError):  # too slow, or it died of the answer
                self.stop()
                return 0.0
        return None if verdict is None else float(verdict)

    def running(self) -> "subprocess.Popen[str]":
        if self.process is not None and self.process.poll() is None:
            return self.process
        program = f"import contextlib, json, logging, os, sys\n{inspect.getsource(judge_lines)}judge_lines()\n"
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
        raise RuntimeError("math-verify does not start here")

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


def judge_lines() -> None:
    """The other process. Reads `[wanted, given]` a line; says true, false, or null for an unreadable reference."""
    from math_verify import LatexExtractionConfig, parse, verify  # noqa: PLC0415

    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))
    logging.disable(logging.CRITICAL)
    latex = [LatexExtractionConfig()]  # the other kind of expression goes through Python's eval
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)  # what a library prints is no verdict
        print("ready", file=out, flush=True)
        for line in sys.stdin:
            wanted, given = (parse(f"\\boxed{{{text}}}", latex, parsing_timeout=None) for text in json.loads(line))
            equal = False
            with contextlib.suppress(Exception):
                equal = verify(wanted, given, timeout_seconds=None)
            print(json.dumps(equal if wanted else None), file=out, flush=True)
