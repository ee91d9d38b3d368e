"""Runs what a model wrote. Nothing of ours is in its reach: no variable, no file, no network, no other process, and
what is expected of it is never told to it. Memory, time and output are limited."""

import contextlib
import inspect
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import IO, Any

from .events import CannotTrain, alarm
from .sandbox_child import Remote, is_plain, listed, locked_up, run_program, run_tests, same, serve_functions
from .sandbox_lock import ARM64, MACHINES, X86_64, limit, lock_up

# Once locked up nothing can be imported from a file any more: what programs of this kind use is there before.
MODULES = """abc array ast base64 binascii bisect builtins calendar cmath collections contextlib copy csv ctypes
dataclasses datetime decimal difflib enum fractions functools hashlib heapq html inspect io itertools json keyword math
numbers operator os pprint queue random re secrets statistics string struct sys textwrap threading time traceback types
typing unicodedata unittest urllib.parse warnings weakref zlib _strptime collections.abc encodings.ascii
encodings.latin_1 encodings.idna"""
OURS: list[Any] = [limit, lock_up, run_program, serve_functions, is_plain, Remote, run_tests, same, listed, locked_up]


@dataclass(frozen=True)
class Limits:
    """Of one process. On the clock it has three times as long as on the processor, and two seconds to start."""

    seconds: int = 4
    megabytes: int = 512
    output_bytes: int = 2**20


def program_output(code: str, stdin: str, limits: Limits) -> str | None:
    """What the program prints when it is given `stdin`; None where it fails or meets a limit."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as printed:
        given.write(stdin.encode(errors="replace"))
        given.seek(0)
        with started({"as": "program", "code": code}, limits, given, printed) as process:
            if not ended_well(process, limits):
                return None
        printed.seek(0)
        return printed.read(limits.output_bytes).decode(errors="replace")


def passes_tests(code: str, tests: str, entry_point: str | None, limits: Limits) -> bool:
    """Whether Python tests hold: asserts, `test_...` functions, or `check(candidate)`. The tests run in one process,
    the answer in another, and only calls with plain values pass between them: the answer can neither read the tests
    nor end, patch or pass them."""
    requests_from, requests_to = os.pipe()
    replies_from, replies_to = os.pipe()
    task = {"as": "tests", "code": tests, "entry_point": entry_point, "channel": (replies_from, requests_to)}
    with contextlib.ExitStack() as stack:
        verdict, nothing = stack.enter_context(tempfile.TemporaryFile()), stack.enter_context(open(os.devnull, "rb"))
        ends = [os.fdopen(end, "rb") for end in (requests_from, requests_to, replies_from, replies_to)]
        for end in ends:
            stack.callback(end.close)
        stack.enter_context(started({"as": "functions", "code": code}, limits, ends[0], ends[3]))
        tester = stack.enter_context(started(task, limits, nothing, verdict, (requests_to, replies_from)))
        for end in ends:
            end.close()  # the two hold theirs; when one ends the other notices
        if not ended_well(tester, limits):
            return False
        verdict.seek(0)
        return verdict.read(100) == b"passed\n"


@contextlib.contextmanager
def started(
    task: dict[str, Any], limits: Limits, stdin: IO[bytes], stdout: IO[bytes], kept: tuple[int, ...] = ()
) -> Any:
    """A locked-up process in an empty folder, without our environment; killed at the end if it still lives."""
    with tempfile.TemporaryDirectory(prefix="answer-") as folder, tempfile.TemporaryFile() as told:
        told.write(json.dumps({**task, **vars(limits)}).encode())
        told.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-X", "utf8", "-c", source(), str(told.fileno())],
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={},
            pass_fds=(told.fileno(), *kept),
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def ended_well(process: "subprocess.Popen[bytes]", limits: Limits) -> bool:
    try:
        return process.wait(timeout=3 * limits.seconds + 2) == 0
    except subprocess.TimeoutExpired:
        return False


def source() -> str:
    imports = ", ".join(MODULES.split())
    parts = [f"import {imports}", "from types import ModuleType", "from typing import Any"]
    parts += [f"X86_64, ARM64 = {X86_64!r}, {ARM64!r}", f"MACHINES = {MACHINES!r}"]
    return "\n".join([*parts, *(inspect.getsource(one) for one in OURS), "locked_up()"])


def check_sandbox() -> None:
    """Raises CannotTrain where answers can't be run safely; an alarm where limits are all that there is."""
    if sys.platform == "win32":
        raise CannotTrain("no_sandbox", "a model's code is not run on Windows: nothing there holds it. Train on Jobs")
    attempts = "import os\ntry:\n    os.open('/', 0)\n    print('escaped')\nexcept OSError:\n    print('held')"
    said = program_output(attempts, "", Limits())
    if said is None or (sys.platform == "linux" and said != "held\n"):
        raise CannotTrain("no_sandbox", "a model's code can't be locked up on this machine (seccomp): it is not run")
    if said != "held\n":
        alarm("weak_sandbox", "code that the model writes is limited in time and memory here, but can read your files")
