"""Tries the rewards of a plan on some of its rows, before anything is paid: reads one file, writes another."""

import json
import sys
from pathlib import Path
from typing import Any

from .events import CannotTrain
from .reward_trial import try_reward


def main(given: Path, result: Path) -> None:
    told = json.loads(given.read_text(encoding="utf-8"))
    try:
        said: dict[str, Any] = {"tried": try_reward(told["rewards"], told["rows"])}
    except CannotTrain as reason:
        said = {"error": {"code": reason.code, "message": str(reason)}}
    result.write_text(json.dumps(said), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
