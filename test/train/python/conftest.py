"""What the launcher gives to each of several processes."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def as_launched(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("busy")
    monkeypatch.setenv("HF_LLM_TRAINER_BUSY_FOLDER", str(folder))
    return folder
