"""What lies beside the model: the card, the script, what it was told. Of this machine's paths only their last part,
for the rest tells who someone is."""

import json
import shutil
from pathlib import Path
from pprint import pformat
from typing import Any


def describe(folder: Path, plan: dict[str, Any], card: str) -> None:
    (folder / "README.md").write_text(card, encoding="utf-8")
    (folder / "plan.json").write_text(json.dumps(without_paths(plan), indent=2) + "\n", encoding="utf-8")
    # <own_script>
    shutil.copyfile(__file__, folder / "train.py")
    # </own_script>
    # <shared_script>
    script = Path(__file__).read_text(encoding="utf-8")
    (folder / "train.py").write_text(shareable(script, plan), encoding="utf-8")
    # </shared_script>
    (folder / "training_args.bin").unlink(missing_ok=True)  # pickled, and full of paths


# <shared_script>
def shareable(script: str, plan: dict[str, Any]) -> str:
    before, assignment, rest = script.partition("\nPLAN: dict[str, Any] = ")
    _, blank, code = rest.partition("\n\n")
    return before + assignment + pformat(without_paths(plan), width=120, sort_dicts=False) + blank + code


# </shared_script>
def without_paths(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_paths(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_paths(item) for item in value]
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value
