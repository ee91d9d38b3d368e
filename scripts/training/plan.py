"""What this run is, and what its model's card says whatever happens: written here by the composer."""

from typing import Any

PLAN: dict[str, Any] = {}
CARD = ""
