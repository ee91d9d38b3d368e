"""What this run is: the plan, written here by the composer."""

from typing import Any

PLAN: dict[str, Any] = {}
