"""Checkpoints in a mounted bucket: what an outage, a kill at any moment and another plan leave in it."""

import errno
import json
import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from huggingface_hub.errors import HfHubHTTPError
from training import bucket_checkpoints, hub_requests
from training.bucket_checkpoints import StoredCheckpoints
from training.checkpoint_uploads import GaveWay
from training.checkpoints import write_run_file
from training.events import CannotTrain
from training.hub_output import HubRepo

DIGEST = "d" * 64


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoredCheckpoints:
    (tmp_path / "mount").mkdir()
    monkeypatch.setenv("HF_LLM_TRAINER_BUCKET", str(tmp_path / "mount"))
    repo = HubRepo("tester/model", True, time.monotonic() + 1)
    monkeypatch.setattr(repo.api, "bucket_info", lambda bucket_id: SimpleNamespace(private=True))
    store = StoredCheckpoints(repo, {"bucket": {"id": "tester/kept", "mount_path": "/checkpoints"}}, DIGEST)
    store.open(folder(tmp_path, "first"), resume=True)
    return store


def folder(tmp_path: Path, name: str) -> Path:
    made = tmp_path / name
    made.mkdir(exist_ok=True)
    return made


def checkpoint(at: Path, step: int, digest: str = DIGEST) -> Path:
    made = at / f"checkpoint-{step}"
    made.mkdir(parents=True)
    (made / "model.safetensors").write_text(f"weights of {step}")
    (made / "training_args.bin").write_text("full of paths")
    sizes = {"model.safetensors": (made / "model.safetensors").stat().st_size}
    state = {"global_step": step, "stateful_callbacks": {"PlanDigest": {"args": {"digest": digest, "sizes": sizes}}}}
    (made / "trainer_state.json").write_text(json.dumps(state))
    return made


def in_it(store: StoredCheckpoints) -> list[str]:
    return sorted(path.name for path in store.folder.iterdir())


def test_the_newest_is_kept_and_found_on_another_machine(bucket: StoredCheckpoints, tmp_path: Path) -> None:
    for step in (4, 8):
        bucket.put(checkpoint(tmp_path / "here", step), step)
    assert in_it(bucket) == ["checkpoint-8"]
    assert bucket.folder.name == DIGEST[:12]
    there = folder(tmp_path, "there")
    bucket.open(there, resume=True)
    names = {path.relative_to(there).as_posix() for path in there.rglob("*") if path.is_file()}
    assert names == {"checkpoint-8/model.safetensors", "checkpoint-8/trainer_state.json"}


def test_what_is_there_already_is_not_written_again(
    bucket: StoredCheckpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill in the middle would leave nothing to go on from."""
    bucket.put(checkpoint(tmp_path / "here", 8), 8)
    there = folder(tmp_path, "there")
    bucket.open(there, resume=True)
    written: list[str] = []
    monkeypatch.setattr(bucket_checkpoints, "copy_file", lambda source, target: written.append(target.name))
    assert bucket.upload_last_checkpoint(there / "checkpoint-8", 8)
    bucket.put(there / "checkpoint-8", 8)
    assert written == []
    assert (bucket.folder / "checkpoint-8" / "model.safetensors").read_text() == "weights of 8"
    (bucket.folder / "checkpoint-8" / "model.safetensors").write_text("cut")
    bucket.put(there / "checkpoint-8", 8)
    assert written == ["model.safetensors", "trainer_state.json"]


@pytest.mark.parametrize("cut", range(3))
def test_one_that_was_cut_short_is_not_gone_on_from(
    cut: int, bucket: StoredCheckpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a kill before its first, its second and after its last file: a state that came first would say it is whole."""
    bucket.put(checkpoint(tmp_path / "here", 4), 4)
    copied: list[str] = []
    real = bucket_checkpoints.copy_file

    def copy(source: Path, target: Path) -> None:
        if len(copied) == cut:
            killed()
        copied.append(target.name)
        real(source, target)

    def killed(**given: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(bucket_checkpoints, "copy_file", copy)
        patch.setattr(bucket, "forget_checkpoints", killed)
        bucket.put(checkpoint(tmp_path / "here", 8), 8)
    assert copied == ["model.safetensors", "trainer_state.json"][:cut]
    there = folder(tmp_path, "there")
    bucket.open(there, resume=True)
    assert [path.name for path in there.iterdir()] == ["checkpoint-8" if cut == 2 else "checkpoint-4"]


def test_another_plans_is_neither_found_nor_touched(bucket: StoredCheckpoints, tmp_path: Path) -> None:
    others = checkpoint(bucket.folder.parent / ("e" * 12), 100, "e" * 64)
    foreign = checkpoint(bucket.folder, 90, "e" * 64)  # the same twelve digits
    there = folder(tmp_path, "there")
    bucket.open(there, resume=True)
    assert list(there.iterdir()) == []
    bucket.put(checkpoint(tmp_path / "here", 4), 4)
    bucket.forget(there)
    assert others.exists()
    assert not foreign.exists()


def test_from_nothing_forgets_what_was_there(bucket: StoredCheckpoints, tmp_path: Path) -> None:
    bucket.put(checkpoint(tmp_path / "here", 8), 8)
    (bucket.folder / "model").mkdir()
    there = folder(tmp_path, "there")
    bucket.open(there, resume=False)
    assert list(there.iterdir()) == []
    assert in_it(bucket) == ["model"]  # trained, and nowhere else


def test_what_is_on_its_way_gives_way(bucket: StoredCheckpoints, tmp_path: Path) -> None:
    bucket.give_way()
    with pytest.raises(GaveWay):
        bucket.put(checkpoint(tmp_path / "here", 4), 4, background=True)
    bucket.put(checkpoint(tmp_path / "here", 8), 8)
    assert in_it(bucket) == ["checkpoint-8"]


def test_an_older_one_that_comes_late_leaves_the_newer(bucket: StoredCheckpoints, tmp_path: Path) -> None:
    bucket.put(checkpoint(tmp_path / "here", 8), 8)
    bucket.put(checkpoint(tmp_path / "here", 4), 4)
    assert "checkpoint-8" in in_it(bucket)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_an_outage_of_the_mount_is_outlived(
    number: int,
    bucket: StoredCheckpoints,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(source: Path, target: Path) -> None:
        monkeypatch.setattr(bucket_checkpoints, "copy_file", real)
        raise OSError(number, "no")

    real = bucket_checkpoints.copy_file
    monkeypatch.setattr(bucket_checkpoints, "copy_file", fail)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    bucket.deadline = time.monotonic() + 60
    bucket.upload_last_checkpoint(checkpoint(tmp_path / "here", 4), 4)
    assert ("checkpoint-4" in in_it(bucket)) == (number == errno.EIO)
    assert ("checkpoint_not_uploaded" in capsys.readouterr().out) == (number == errno.ENOSPC)


ASKED = [(Path, "write_text"), (Path, "read_text"), (Path, "stat"), (os, "listdir"), (shutil, "copyfile")]


def fail_for(seconds: float, asked: list[tuple[Any, str]], mount: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So long, by a clock that only pauses move, the mount answers EIO to what is asked of it."""
    now = 0.0

    def sleep(pause: float) -> None:
        nonlocal now
        now += pause

    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def act(*given: Any, **options: Any) -> Any:
            if now < seconds and any(Path(one).is_relative_to(mount) for one in given if isinstance(one, (str, Path))):
                raise OSError(errno.EIO, "Input/output error")
            return real(*given, **options)

        return act

    monkeypatch.setattr(hub_requests, "time", SimpleNamespace(monotonic=lambda: now, sleep=sleep))
    for place, name in asked:
        monkeypatch.setattr(place, name, failing(getattr(place, name)))


@pytest.mark.parametrize("asked", ASKED)
def test_a_mount_that_fails_for_a_while_is_not_trained_again(
    asked: tuple[Any, str], bucket: StoredCheckpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put(checkpoint(tmp_path / "here", 8), 8)
    bucket.deadline = 10_000
    fail_for(200, [asked], bucket.folder, monkeypatch)
    there = folder(tmp_path, "there")
    bucket.open(there, resume=True)
    assert [path.name for path in there.iterdir()] == ["checkpoint-8"]


@pytest.mark.parametrize("asked", ASKED)
def test_nor_is_it_where_a_mount_fails_for_long(
    asked: tuple[Any, str], bucket: StoredCheckpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put(checkpoint(tmp_path / "here", 8), 8)
    bucket.deadline = 10_000
    fail_for(400, [asked], bucket.folder, monkeypatch)
    with pytest.raises(CannotTrain, match="Input/output error") as stopped:
        bucket.open(folder(tmp_path, "there"), resume=True)
    assert stopped.value.code == "bucket_not_mounted"


@pytest.mark.parametrize(
    ("stored", "said"), [(8, "which trains no further"), (4, "trains again from step 4"), (-1, "again from step 0")]
)
def test_what_starting_again_costs_is_looked_up(
    stored: int, said: str, bucket: StoredCheckpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = folder(tmp_path, "model")
    (model / "model.safetensors").write_text("weights")
    write_run_file(model, {"digest": DIGEST, "complete": True, "step": 8})
    if stored > 0:
        bucket.put(checkpoint(tmp_path / "here", stored), stored)
    if stored == 4:
        (checkpoint(bucket.folder, 8) / "model.safetensors").write_text("half")
    bucket.deadline = 10_000
    fail_for(400, ASKED, bucket.folder, monkeypatch)
    assert said in bucket.rescue(model)
    assert (bucket.folder / "model" / "model.safetensors").read_text() == "weights"


@pytest.mark.parametrize("hangs", [False, True])
def test_the_last_one_on_its_way_has_one_writer(
    hangs: bool,
    bucket: StoredCheckpoints,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    copied, answers = list[str](), Event()
    real = bucket_checkpoints.copy_file

    def slow(source: Path, target: Path) -> None:
        copied.append(target.name)
        answers.wait(10 if hangs else 0.35)
        real(source, target)

    monkeypatch.setattr(bucket_checkpoints, "copy_file", slow)
    newest = checkpoint(tmp_path / "here", 8)
    bucket.deadline = time.monotonic() + 1
    bucket.upload_checkpoint(newest, 8)
    assert bucket.upload_last_checkpoint(newest, 8) != hangs
    assert copied == ["model.safetensors", "trainer_state.json"][: 1 if hangs else 2]
    assert ("checkpoint_not_uploaded" in capsys.readouterr().out) == hangs
    answers.set()
    bucket.worker.shutdown()


def test_a_bucket_that_is_public_or_takes_nothing_stops_before_training(
    bucket: StoredCheckpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(bucket.folder.parent)
    with pytest.raises(CannotTrain) as stopped:
        bucket.open(folder(tmp_path, "there"), resume=True)
    assert stopped.value.code == "bucket_not_mounted"
    monkeypatch.setattr(bucket.repo.api, "bucket_info", lambda bucket_id: SimpleNamespace(private=False))
    with pytest.raises(CannotTrain) as stopped:
        bucket.open(folder(tmp_path, "there"), resume=True)
    assert stopped.value.code == "bucket_public"

    def gone(bucket_id: str) -> None:
        raise HfHubHTTPError("gone", response=httpx2.Response(404, request=httpx2.Request("GET", "http://hub")))

    monkeypatch.setattr(bucket.repo.api, "bucket_info", gone)
    with pytest.raises(CannotTrain, match="gone") as stopped:
        bucket.open(folder(tmp_path, "there"), resume=True)
    assert stopped.value.code == "bucket_not_mounted"


def test_one_on_its_way_leaves_time_for_the_last(bucket: StoredCheckpoints, tmp_path: Path) -> None:
    bucket.deadline = time.monotonic() + 3
    bucket.upload, bucket.upload_step = Future(), 4  # it hangs
    began = time.monotonic()
    assert bucket.upload_last_checkpoint(checkpoint(tmp_path / "here", 8), 8)
    assert 0.5 < time.monotonic() - began < 1.5


def test_a_model_that_cannot_be_kept_there_either_is_where_it_was_saved(
    bucket: StoredCheckpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = folder(tmp_path, "model")
    (model / "model.safetensors").write_text("weights")

    def fail(*given: Any) -> None:
        raise OSError(errno.EIO, "the mount is gone")

    monkeypatch.setattr(bucket_checkpoints, "copy_file", fail)
    said = bucket.rescue(model)
    assert "the mount is gone" in said
    assert f"hf upload tester/model {model} ." in said
