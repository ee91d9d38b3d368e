"""What can't be downloaded ends a run with what to do about it, and waits for an outage only."""

from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from datasets.exceptions import DataFilesNotFoundError, DatasetNotFoundError
from huggingface_hub import constants
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RevisionNotFoundError
from training import downloads, hub_data, hub_requests
from training.events import CannotTrain

MODEL = {"source": "hub", "id": "tester/model", "revision": "a" * 40}
DATASET = {"id": "tester/data", "revision": "a" * 40, "config": None, "split": "train"}


@pytest.fixture
def paused(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, by a clock that nothing else moves."""
    pauses: list[float] = []
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub_requests, "time", SimpleNamespace(monotonic=lambda: sum(pauses), sleep=pauses.append))
    return pauses


def refused(status: int, kind: type[HfHubHTTPError] = HfHubHTTPError) -> HfHubHTTPError:
    return kind("no", response=httpx2.Response(status, request=httpx2.Request("GET", "http://hub")))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (refused(404, RevisionNotFoundError), "not_on_hub"),
        (refused(403, GatedRepoError), "not_on_hub"),
        (refused(401), "not_on_hub"),
        (refused(503), "hub_unreachable"),
        (httpx2.ConnectError("no route"), "hub_unreachable"),
    ],
)
def test_a_model_that_cannot_be_had_says_why(
    error: Exception, code: str, paused: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr(downloads, "snapshot_download", fail)
    with pytest.raises(
        CannotTrain, match=f"tester/model at commit {'a' * 40} can't be downloaded: .*plan again"
    ) as told:
        downloads.files_here(MODEL)
    assert told.value.code == code
    assert (sum(paused) > 250) == (code == "hub_unreachable")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DatasetNotFoundError("is gated"), "data_changed"),
        (DataFilesNotFoundError("No (supported) data files found"), "data_changed"),
        (ConnectionError("Couldn't reach 'tester/data' on the Hub"), "hub_unreachable"),
    ],
)
def test_data_has_changed_where_the_hub_says_so(
    error: Exception, code: str, paused: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr(hub_data, "load_dataset", fail)
    with pytest.raises(CannotTrain) as told:
        hub_data.load_hub_split(DATASET)
    assert told.value.code == code
    assert (sum(paused) > 250) == (code == "hub_unreachable")


@pytest.mark.parametrize(
    "error",
    [
        OSError("Not enough disk space. Needed: 5 GiB"),
        RuntimeError("Data processing error: File I/O error: IO Error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_not_waited_for(error: Exception, paused: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr(hub_data, "load_dataset", fail)
    monkeypatch.setattr(downloads, "snapshot_download", fail)
    for load in (lambda: downloads.files_here(MODEL), lambda: hub_data.load_hub_split(DATASET)):
        with pytest.raises(type(error), match=str(error)[:20]):
            load()
    assert paused == []


def test_nothing_is_waited_for_offline(paused: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    for load in (lambda: downloads.files_here(MODEL), lambda: hub_data.load_hub_split(DATASET)):
        with pytest.raises(CannotTrain) as told:
            load()
        assert told.value.code == "hub_offline"
    assert paused == []
