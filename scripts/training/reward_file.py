"""The person's own reward: a function from the source that the plan carries."""

import linecache
import sys
from types import ModuleType
from typing import Any

from .events import CannotTrain
from .reward_text import Reward


def file_reward(spec: dict[str, Any]) -> Reward:
    """Runs the file as a module of its own. Raises CannotTrain where it fails or lacks the function."""
    name, source, function = spec["file"], spec["source"], spec["function"]
    module = ModuleType(f"reward_of_{name.removesuffix('.py')}")  # never the name of another module
    module.__file__ = name
    sys.modules[module.__name__] = module
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)  # tracebacks show its lines
    try:
        exec(compile(source, name, "exec"), module.__dict__)
    except ModuleNotFoundError as error:
        raise CannotTrain("reward_needs_module", f"{name} imports {error.name}, which is not installed") from error
    except (Exception, SystemExit) as error:
        raise CannotTrain("reward_broken", f"{name} fails while it is loaded: {error!r}") from error
    reward = getattr(module, function, None)
    if not callable(reward):
        raise CannotTrain("reward_missing", f"{name} has no function {function}")
    return reward  # type: ignore[no-any-return]
