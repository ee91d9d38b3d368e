"""Text of data, models and people inside Markdown, where it can't be anything else."""

from pathlib import PurePath
from typing import Any


def shown(value: Any, longest: int = 500) -> str:
    """One line in a code span, unable to leave it or its table cell: nothing in it is Markdown, HTML or a picture."""
    line = " ".join("".join(one if one.isprintable() else " " for one in str(value)).split())
    line = line if len(line) <= longest else line[:longest] + "..."
    return "`" + line.replace("|", "/").replace("`", "'") + "`" if line else ""


def table(heads: list[str], rows: list[list[str]]) -> list[str]:
    """Nothing for no rows."""
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)] + [""] if rows else []


def described(source: dict[str, Any]) -> str:
    """A Hub repository by name and commit; of something local only its last part, for paths tell who someone is."""
    if source["source"] == "hub":
        return f"{shown(source['id'])} (commit {shown(source['revision'])})"
    return f"local {shown(PurePath(source['id']).name)}"
