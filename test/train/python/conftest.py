"""What the launcher gives to each of several processes."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def as_launched(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    note = tmp_path_factory.mktemp("launched") / "busy"
    monkeypatch.setenv("HF_LLM_TRAINER_BUSY_NOTE", str(note))
    return note
