"""What keeps a model from being lost, where a whole run would take too long to show it."""

import errno
import json
import math
import time
from concurrent.futures import Future
from itertools import pairwise
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from training import checkpoint_uploads, hub_requests
from training.checkpoint_uploads import GaveWay
from training.hub_checkpoints import StoredCheckpoints
from training.hub_commits import BackgroundCommits
from training.hub_history import forget_checkpoints
from training.hub_output import HubRepo
from training.hub_requests import persistently
from training.safety import OutOfTime, StopInTime
from transformers import TrainerControl, TrainerState, TrainingArguments

ARGS, STATE = TrainingArguments(use_cpu=True, bf16=False), TrainerState(max_steps=10, global_step=3)


def stored(deadline: float) -> StoredCheckpoints:
    return StoredCheckpoints(HubRepo("tester/model", True, deadline), {}, "d")


def refused(status: int) -> HfHubHTTPError:
    return HfHubHTTPError("no", response=httpx2.Response(status, request=httpx2.Request("GET", "http://hub")))


def caused(cause: Exception) -> LocalEntryNotFoundError:
    error = LocalEntryNotFoundError("not in the cache")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (refused(503), True),
        (refused(429), True),
        (refused(409), True),
        (refused(412), True),
        (refused(403), False),
        (caused(refused(503)), True),
        (caused(refused(403)), False),
        (LocalEntryNotFoundError("nobody answers"), True),
        (ConnectionResetError("cut"), True),
        (httpx2.RemoteProtocolError("server disconnected without sending a response"), True),
        (httpx2.ReadTimeout("silence"), True),
        (RuntimeError("Data processing error: CAS service error"), True),
        (OSError(errno.ENETUNREACH, "network is unreachable"), True),
        (OSError("consistency check failed: the file should be of size 9"), True),
        (OSError(errno.ENOSPC, "no space left on device"), False),
        (PermissionError(errno.EACCES, "permission denied"), False),
        (FileNotFoundError(errno.ENOENT, "no such file"), False),
        (caused(PermissionError(errno.EACCES, "permission denied")), False),
        (caused(ConnectionResetError(errno.ECONNRESET, "cut")), True),
        (ValueError("a mistake"), False),
    ],
)
def test_outages_are_waited_for_and_nothing_else(
    error: Exception, again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_requests.time, "sleep", lambda seconds: None)
    answers: list[Any] = [error, error, "there"]

    def request() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    until = time.monotonic() + 1000
    if again:
        assert persistently(request, until) == "there"
    else:
        with pytest.raises(type(error)):
            persistently(request, until)
        assert len(answers) == 2


def test_patience_begins_with_the_first_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    now, failed = 0.0, list[float]()

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    def request() -> None:
        sleep(1000 if not failed else 0)  # a large download, until the Hub is gone
        failed.append(now)
        raise refused(503)

    monkeypatch.setattr(hub_requests, "time", SimpleNamespace(monotonic=lambda: now, sleep=sleep))
    with pytest.raises(HfHubHTTPError):
        persistently(request, math.inf, 300)
    assert failed[0] == 1000
    assert 1270 <= failed[-1] <= 1300
    assert max(after - before for before, after in pairwise(failed)) == 30


def test_a_conflict_that_lasts_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(hub_requests.time, "sleep", pauses.append)

    def request() -> str:
        raise refused(409)

    with pytest.raises(HfHubHTTPError):
        persistently(request, time.monotonic() + 100_000)
    assert len(pauses) == 8


def test_a_checkpoint_whose_files_take_too_long_is_not_committed_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    api = BackgroundCommits()
    monkeypatch.setattr(BackgroundCommits, "preupload_lfs_files", lambda self, *given, **options: None)
    monkeypatch.setattr(HfApi, "create_commit", lambda self, repo_id, operations, **options: made.append(repo_id))
    api.create_commit("tester/model", [], commit_message="Checkpoint at step 4")
    monkeypatch.setattr(BackgroundCommits, "preupload_lfs_files", lambda self, *given, **options: self.end())
    with pytest.raises(GaveWay):
        api.create_commit("tester/model", [], commit_message="Checkpoint at step 8")
    assert made == ["tester/model"]


def test_the_models_commit_waits_for_the_one_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    began, order = Event(), list[str]()
    store = stored(time.monotonic() + 0.2)

    def slow(self: HfApi, repo_id: str, operations: list[Any], **options: Any) -> None:
        began.set()
        time.sleep(0.5)
        order.append("checkpoint")

    monkeypatch.setattr(BackgroundCommits, "preupload_lfs_files", lambda self, *given, **options: None)
    monkeypatch.setattr(HfApi, "create_commit", slow)
    store.upload = store.worker.submit(store.background.create_commit, "tester/model", [])
    began.wait()
    store.wait()
    order.append("model")
    assert order == ["checkpoint", "model"]


@pytest.mark.parametrize(
    ("titles", "squashed"),
    [
        (["Trained model", "Checkpoint", "Checkpoint at step 8", "Checkpoint at step 4", "initial commit"], True),
        (["Trained model", "initial commit"], False),
        (["Trained model", "Checkpoint at step 4", "Trained model", "initial commit"], False),
        (["Trained model", "Checkpoint at step 4", "Upload notes.md", "initial commit"], False),
        (["Trained model", "Checkpoint at step 4", "First version"], False),
        (["Upload notes.md", "Trained model", "Checkpoint at step 4", "initial commit"], False),
        (["Trained model"], False),
    ],
)
def test_only_checkpoints_leave_a_history(titles: list[str], squashed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    commits = [SimpleNamespace(title=title) for title in titles]
    monkeypatch.setattr(HfApi, "list_repo_commits", lambda self, repo_id: commits)
    monkeypatch.setattr(HfApi, "super_squash_history", lambda self, repo_id, **options: asked.append(repo_id))
    forget_checkpoints(HfApi(), "tester/model")
    assert asked == (["tester/model"] if squashed else [])


def test_a_checkpoint_that_cannot_be_staged_does_not_stop_the_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored(time.monotonic()).upload_checkpoint(tmp_path / "checkpoint-4", 4)
    assert '"code": "checkpoint_not_uploaded"' in capsys.readouterr().out


def test_a_checkpoint_under_way_leaves_time_for_the_model() -> None:
    began = time.monotonic()
    store = stored(began + 1)
    store.upload = Future()
    store.wait()
    assert 0.4 < time.monotonic() - began < 0.9


@pytest.mark.parametrize(("uploaded", "pushed"), [(-1, [8]), (4, [8]), (8, [])])
def test_an_error_uploads_the_newest_checkpoint_first(
    uploaded: int, pushed: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in (4, 8):
        state = {"global_step": step, "stateful_callbacks": {"PlanDigest": {"args": {"digest": "d"}}}}
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text(json.dumps(state))
    store, steps = stored(time.monotonic() + 1000), []
    store.uploaded_step = uploaded
    monkeypatch.setattr(store, "put", lambda folder, step, background: steps.append(step))
    with pytest.raises(RuntimeError, match="out of memory"), store.outlives(tmp_path):
        raise RuntimeError("out of memory")
    assert steps == pushed


def test_an_error_is_not_lost_behind_a_folder_that_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RuntimeError, match="out of memory"), stored(time.monotonic() + 9).outlives(tmp_path / "none"):
        raise RuntimeError("out of memory")
    assert '"code": "checkpoint_not_uploaded"' in capsys.readouterr().out


def test_the_end_does_not_wait_for_an_upload_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(checkpoint_uploads.os, "_exit", ended.append)
    store = stored(time.monotonic() + 1)
    store.leave(0)
    store.upload = Future()
    store.leave(75)
    store.upload.set_result(None)
    store.leave(0)
    assert ended == [75]


def test_an_evaluation_ends_where_time_does() -> None:
    late, control = StopInTime(time.monotonic() - 1), TrainerControl()
    late.on_prediction_step(ARGS, TrainerState(global_step=0, max_steps=10), control)  # one step is always made
    with pytest.raises(OutOfTime):
        late.on_prediction_step(ARGS, STATE, control)
    assert late.reason == "deadline"

    trained = StopInTime(time.monotonic() - 1)
    with pytest.raises(OutOfTime):
        trained.on_prediction_step(ARGS, TrainerState(global_step=10, max_steps=10), control)
    assert trained.reason is None  # the model is whole: only its evaluation is not

    StopInTime(time.monotonic() + 1000).on_prediction_step(ARGS, STATE, control)


def test_a_stopped_epoch_is_not_evaluated() -> None:
    stop, control = StopInTime(time.monotonic() - 1), TrainerControl(should_evaluate=True)
    stop.on_epoch_end(ARGS, STATE, control)
    assert control.should_evaluate
    stop.on_step_end(ARGS, STATE, control)
    assert control.should_save
    control.should_evaluate = True  # as the end of an epoch does
    stop.on_epoch_end(ARGS, STATE, control)
    assert not control.should_evaluate
