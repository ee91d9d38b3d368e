"""What the mapping makes of one row: written here by the composer."""

from typing import Any

SOURCES: list[str] = []


def map_row(row: dict[str, Any]) -> dict[str, Any]:
    return row
