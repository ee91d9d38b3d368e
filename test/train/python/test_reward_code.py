"""Answers that are programs: the right ones pass; hostile ones score nothing, reach nothing and end."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from training.code_tests import read_tests
from training.reward_code import code_of, code_reward

SQUARES = {"inputs": ["3\n", "4\n"], "outputs": ["9\n", "16\n"]}
ASSERTS = ["assert square(3) == 9", "assert square(-2) == 4"]
CHECK = "def check(candidate):\n    assert candidate(3) == 9\n    assert abs(candidate(1.5) - 2.25) < 1e-9\n"
PYTEST = (
    "from solution import square\ndef test_one():\n    assert square(3) == 9\n"
    "def test_two():\n    assert square(0) == 0\n"
)
LOOP = "assert all(map(lambda n: square(n) == n * n, [3, 4]))"
RIGHT = "def square(n):\n    return n * n\n"


def score(code: str, tests: Any, **parameters: Any) -> float | None:
    columns = {"tests": [tests], "entry_point": ["square"]}
    reward = code_reward({"column": "tests", "parameters": {"seconds": 1, **parameters}})
    return reward(completions=[f"Look:\n```python\n{code}\n```\nDone."], **columns)[0]


@pytest.mark.parametrize(
    "code",
    [
        "print(int(input()) ** 2)",
        "import sys\nprint(int(sys.stdin.read()) ** 2)",
        "print(int(open(0).readline()) ** 2, end='  \\n\\n')",
        "import sys, threading\nsys.setrecursionlimit(10**6)\nthreading.stack_size(2**26)\n"
        "thread = threading.Thread(target=lambda: print(int(input()) ** 2))\nthread.start()\nthread.join()\nexit()",
        "from datetime import datetime\ndatetime.strptime('2026', '%Y')\n"
        "if __name__ == '__main__':\n    print(int(input()) ** 2)",
    ],
)
def test_right_programs(code: str) -> None:
    assert score(code, SQUARES) == 1.0


def test_partial() -> None:
    assert score("input()\nprint(9)", SQUARES) == 0.0
    assert score("input()\nprint(9)", SQUARES, partial=True) == 0.5


METHOD = {"fn_name": "square", "inputs": [[3], [4]], "outputs": [[9], 16]}
FORMS = [
    SQUARES,
    {"input": ["3"], "output": ["9"]},
    {"test_cases": [{"type": "stdin_stdout", "input": "3", "output": "9"}]},
    json.dumps([{"input": "3", "output": "9", "testtype": "stdin"}]),
]
FUNCTIONS = [ASSERTS, CHECK, PYTEST, LOOP, METHOD, json.dumps(METHOD), "\n".join(ASSERTS)]


@pytest.mark.parametrize("tests", FORMS)
def test_forms_of_pairs(tests: Any) -> None:
    assert score("print(int(input()) ** 2)", tests) == 1.0
    assert score("print(int(input()) + 1)", tests) == 0.0


@pytest.mark.parametrize("tests", FUNCTIONS)
def test_forms_of_calls(tests: Any) -> None:
    assert score(RIGHT, tests) == 1.0
    assert score("def square(n):\n    return n + 5", tests) == 0.0


def test_classes() -> None:
    assert score("class Solution:\n    def square(self, n):\n        return n * n", METHOD) == 1.0
    tests = "stack = Stack()\nstack.push(1)\nstack.push(2)\nassert stack.pop() == 2\nassert stack.items() == (1,)"
    stack = "class Stack(list):\n    push = list.append\n    def items(self):\n        return tuple(self)"
    assert score(stack, tests) == 1.0


def test_errors_that_are_wanted() -> None:
    tests = "try:\n    square('a')\n    raise AssertionError\nexcept TypeError:\n    pass"
    assert score(RIGHT, tests) == 1.0
    assert score("def square(n):\n    return n", tests) == 0.0


@pytest.mark.parametrize("tests", [None, "", [], {}, {"inputs": [], "outputs": []}, [{"input": "3"}], 7])
def test_no_tests_no_score(tests: Any) -> None:
    assert read_tests(tests) is None
    assert score(RIGHT, tests) is None


@pytest.mark.parametrize("tests", ["x = 1", "assert True", "def test_nothing():\n    pass"])
def test_tests_that_call_nothing_are_not_passed(tests: str) -> None:
    assert score(RIGHT, tests) == 0.0


# Each would pass if what it tries worked.
CHEATS = [
    "import sys\nsys.exit(0)",
    "import os\nos._exit(0)",
    "print('passed')\nimport os\nos.write(1, b'passed\\n')\nos._exit(0)",
    "class Anything:\n    def __eq__(self, other):\n        return True\n"
    "    def __sub__(self, other):\n        return 0\n"
    "def square(n):\n    return Anything()",
    "class Five(int):\n    def __eq__(self, other):\n        return True\n    def __repr__(self):\n        return '9'\n"
    "def square(n):\n    return Five(5)",
    "import builtins\nbuiltins.abs = lambda n: 0\nbuiltins.AssertionError = ValueError\ndef square(n):\n    return 5",
    "def square(n):\n    raise SystemExit(0)",
    "def square(n):\n    raise StopIteration",
    'def square(n):\n    import os\n    os.write(1, b\'{"value": "Anything()"}\\n\' * 1000)\n    return 5',
    "import sys, gc\nfor thing in gc.get_objects():\n    if isinstance(thing, dict) and 'verdict' in thing:\n"
    "        print('passed', file=thing['verdict'], flush=True)\nsys.exit(0)",
    "def square(n):\n    import sys\n    frame = sys._getframe()\n    while frame:\n"
    "        frame.f_globals['check'] = None\n"
    "        frame = frame.f_back\n    return 5",
]


@pytest.mark.parametrize("tests", [ASSERTS, CHECK, PYTEST, LOOP])
@pytest.mark.parametrize("code", CHEATS)
def test_cheats(code: str, tests: Any) -> None:
    assert score(code, tests) == 0.0


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A token where Hugging Face's libraries look for it, and a listener that counts who connects."""
    home = tmp_path / "home"
    token = home / ".cache/huggingface/token"
    token.parent.mkdir(parents=True)
    token.write_text("hf_secret")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield {"token": token, "port": server.getsockname()[1], "server": server, "folder": tmp_path}


# What each prints on success is what the test expects.
THEFTS = {
    "environment": "import os\nprint(os.environ['HF_TOKEN'])",
    "own environ": "print([x for x in open('/proc/self/environ').read().split('\\0') if 'hf_' in x][0][9:])",
    "parent's environ": "import os\nopen(f'/proc/{{os.getppid()}}/environ').read()\nprint('hf_secret')",
    "token file": "print(open({token!r}).read())",
    "token file, by os": "import os\nprint(os.read(os.open({token!r}, os.O_RDONLY), 99).decode())",
    "token file, by libc": "import ctypes\nlibc = ctypes.CDLL(None)\nbuffer = ctypes.create_string_buffer(99)\n"
    "libc.read(libc.open({token!r}.encode(), 0), buffer, 99)\nprint(buffer.value.decode())",
    "token file, by a process": "import subprocess\nprint(subprocess.check_output(['cat', {token!r}]).decode())",
    "parent's memory": "import os\nopen(f'/proc/{{os.getppid()}}/mem', 'rb')\nprint('hf_secret')",
    "socket": "import socket\nsocket.create_connection(('127.0.0.1', {port}))\nprint('hf_secret')",
    "socket outside": "import socket\nsocket.create_connection(('1.1.1.1', 53), 1)\nprint('hf_secret')",
    "raw socket call": "import ctypes\nif ctypes.CDLL(None).socket(2, 1, 0) >= 0:\n    print('hf_secret')",
    "kills its parent": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nprint('hf_secret')",
    "starts a daemon": "import os\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
    "        import time\n        time.sleep(3)\n        open({mark!r}, 'w')\nprint('hf_secret')",
    "writes a file": "open({mark!r}, 'w').write('here')\nprint('hf_secret')",
    "traces its parent": "import ctypes, os\nif ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) == 0:\n"
    "    print('hf_secret')",
    "limits its parent": "import os, resource\nresource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))\n"
    "print('hf_secret')",
    "signals by io": "import ctypes, os\nif ctypes.CDLL(None).fcntl(0, 8, os.getppid()) == 0:\n    print('hf_secret')",
}


@pytest.mark.parametrize("theft", THEFTS.values(), ids=THEFTS.keys())
def test_thefts(theft: str, secret: dict[str, Any]) -> None:
    mark = secret["folder"] / "mark"
    values = {"token": str(secret["token"]), "port": secret["port"], "mark": str(mark)}
    assert score(theft.format(**values), {"inputs": [""], "outputs": ["hf_secret"]}) == 0.0
    with pytest.raises(TimeoutError):
        secret["server"].accept()
    assert not mark.exists()


def test_the_thefts_would_work_outside(secret: dict[str, Any]) -> None:
    """The same programs without the lock: most must succeed, or the test above would show nothing."""
    worked = []
    outside = ("environment", "own environ", "parent's environ", "token file", "token file, by libc", "raw socket call")
    for name in outside:
        code = THEFTS[name].format(token=str(secret["token"]))
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        worked.append((name, ran.stdout.strip()))
    assert worked == [(name, "hf_secret") for name, _ in worked]


BOMBS = {
    "forks": "import os\nwhile True:\n    os.fork()",
    "loops": "while True:\n    pass",
    "sleeps": "import time\ntime.sleep(1000)",
    "takes memory": "taken = []\nwhile True:\n    taken.append(bytearray(2**24))",
    "starts threads": "import threading\nwhile True:\n"
    "    threading.Thread(target=lambda: [None for _ in iter(int, 1)]).start()",
    "prints": "while True:\n    print('x' * 10**6)",
    "prints at once": "import os\nos.write(1, b'9' * 10**9)",
    "writes gigabytes": "with open('big', 'wb') as file:\n    while True:\n        file.write(bytes(2**24))",
    "ignores signals": "import signal\nfor n in range(1, 65):\n    try:\n        signal.signal(n, signal.SIG_IGN)\n"
    "    except (OSError, ValueError):\n        pass\nwhile True:\n    pass",
    "big number": "print(9 ** 9 ** 9)",
    "deep": "def f():\n    return f()\nimport sys\nsys.setrecursionlimit(10**9)\nf()",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_bombs(bomb: str) -> None:
    before, threads = children(), threading.active_count()
    began = time.monotonic()
    assert score(f"n = int(input())\n{bomb}\nprint(n * n)", SQUARES, megabytes=256) == 0.0
    assert score(f"def square(n):\n    {bomb.replace(chr(10), chr(10) + '    ')}\n    return n * n", ASSERTS) == 0.0
    assert time.monotonic() - began < 25
    assert children() == before
    assert threading.active_count() == threads


def children() -> set[int]:
    """Our own, and what nobody waits for any more."""
    found = set()
    for folder in Path("/proc").iterdir():
        try:
            stat = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        command = (folder / "cmdline").read_bytes() if folder.exists() else b""
        if int(stat[1]) == os.getpid() or b"locked_up()" in command:
            found.add(int(folder.name))
    return found


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("```python\na\n```\nor\n```py\nb\n```", "b\n"),
        ("<think>```python\nno\n```</think>print(1)", "print(1)"),
        ("```\nc\n```", "c\n"),
    ],
)
def test_code_of(text: str, code: str) -> None:
    assert code_of(text) == code


def test_a_batch_in_messages() -> None:
    reward = code_reward({"column": "tests", "parameters": {}})
    answers = [
        [{"role": "assistant", "content": f"```python\nprint({text})\n```"}] for text in ("int(input())**2", "1")
    ]
    assert reward(completions=answers, tests=[SQUARES, SQUARES], trainer_state=None) == [1.0, 0.0]
