"""What runs locked up: an answer as a program, an answer whose functions are called, and the tests that call them."""

import ast
import builtins
import io
import json
import os
import sys
from types import ModuleType
from typing import Any

from .sandbox_lock import limit, lock_up


def locked_up() -> None:
    """Reads what to do from the open file that it was started with, locks up, does it."""
    with os.fdopen(int(sys.argv[1])) as file:
        task = json.load(file)
    numbers = zip(("read", "write", "verdict"), (*task.get("channel", (0, 1)), 1), ("r", "w", "w"), strict=True)
    task.update({name: open(number, mode, closefd=False) for name, number, mode in numbers})  # noqa: SIM115
    limit(task["megabytes"], task["seconds"], task["output_bytes"])
    lock_up()
    vars(builtins).update(exit=sys.exit, quit=sys.exit)  # which `site` would bring
    sys.path.clear()
    {"program": run_program, "functions": serve_functions, "tests": run_tests}[task["as"]](task)


def run_program(task: dict[str, Any]) -> None:
    exec(compile(task["code"], "<answer>", "exec"), {"__name__": "__main__"})


def serve_functions(task: dict[str, Any]) -> None:
    """Answers requests of the tests, one a line, until there are none."""
    sys.stdout = io.StringIO()
    objects: list[Any] = []
    names: dict[str, Any] = {"__name__": "solution"}
    exec(compile(task["code"], "<answer>", "exec"), names)
    for line in task["read"]:
        number, path, arguments, keywords = json.loads(line)
        try:
            value = names[path.pop(0)] if number is None else objects[number]
            for name in path:
                value = getattr(value, name)
            if arguments is not None:
                value = value(*ast.literal_eval(arguments), **ast.literal_eval(keywords))
            reply: dict[str, Any] = {"value": repr(value)} if is_plain(value) else {"object": len(objects)}
            if "object" in reply:
                objects.append(value)
        except Exception as error:
            reply = {"error": type(error).__name__}
        print(json.dumps(reply), file=task["write"], flush=True)


def is_plain(value: Any) -> bool:
    """Whether `repr` says all of it, and says it to literal_eval."""
    if type(value) in (list, tuple, set):
        return all(is_plain(item) for item in value)
    if type(value) is dict:
        return all(is_plain(item) for pair in value.items() for item in pair)
    if type(value) is float:
        return value - value == 0  # finite
    return value is None or type(value) in (bool, int, str, bytes)


class Remote:
    """What the tests hold of the answer: a name in the other process, or an object there. Only its attributes can be
    had, and calls of it; plain values come back as such, so the answer has no say in how they are compared."""

    def __init__(self, task: dict[str, Any], number: int | None, path: list[str]) -> None:
        self._remote = (task, number, path)

    def __getattr__(self, name: str) -> "Remote":
        task, number, path = self._remote
        return Remote(task, number, [*path, name])

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        task, number, path = self._remote
        if not is_plain([arguments, keywords]):
            raise TypeError("only plain values can be handed over")
        request = json.dumps([number, path, repr(arguments), repr(keywords)])
        print(request, file=task["write"], flush=True)
        task["calls"] += 1
        reply = json.loads(task["read"].readline(task["output_bytes"]))
        if "error" in reply:
            kind = getattr(builtins, str(reply["error"]), None)
            if isinstance(kind, type) and issubclass(kind, Exception) and "Iteration" not in kind.__name__:
                raise kind()
            raise RuntimeError(reply["error"])  # StopIteration would end a loop of the tests early
        return Remote(task, reply["object"], []) if "object" in reply else ast.literal_eval(reply["value"])


def run_tests(task: dict[str, Any]) -> None:
    """Says `passed` where the tests end without an error and have called the answer."""
    sys.stdout = io.StringIO()
    task["calls"] = 0
    tree = ast.parse(task["code"])
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names: dict[str, Any] = {name: Remote(task, None, [name]) for name in used if not hasattr(builtins, name)}
    names.update(__name__="tests", same=same)
    solution = ModuleType("solution")
    vars(solution)["__getattr__"] = lambda name: Remote(task, None, [name])
    sys.modules["solution"] = solution
    exec(compile(tree, "<tests>", "exec"), names)
    for name, value in list(names.items()):
        if name == "check" and task["entry_point"]:
            value(Remote(task, None, task["entry_point"].split(".")))
        elif name.startswith("test_") and not isinstance(value, Remote):
            value()
    if task["calls"] > 0:
        print("passed", file=task["verdict"], flush=True)


def same(value: Any, wanted: Any) -> bool:
    """As JSON would say them; some data wrap what a function returns in a list."""
    value = listed(value)
    return bool(value == wanted or (isinstance(wanted, list) and [value] == wanted))


def listed(value: Any) -> Any:
    return [listed(item) for item in value] if isinstance(value, (list, tuple)) else value
