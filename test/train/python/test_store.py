"""Checkpoints and models on disks and Hubs that fail: what is whole, what the Hub really holds."""

import errno
import hashlib
import json
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from training import saved
from training.checkpoints import is_whole, newest_checkpoint
from training.events import CannotTrain
from training.full_disk import save_or_alarm, save_with_room
from training.hub_check import differences
from training.saved import SavedModel

DIGEST = "d" * 64


def make_checkpoint(folder: Path, step: int, digest: str = DIGEST, best: str | None = None) -> Path:
    checkpoint = folder / f"checkpoint-{step}"
    checkpoint.mkdir(parents=True)
    (checkpoint / "model.safetensors").write_bytes(b"w" * 100)
    args = {"digest": digest, "sizes": {"model.safetensors": 100}}
    state = {
        "global_step": step,
        "best_model_checkpoint": best,
        "stateful_callbacks": {"PlanDigest": {"args": args}},
    }
    (checkpoint / "trainer_state.json").write_text(json.dumps(state))
    return checkpoint


def test_a_checkpoint_with_a_file_cut_short_is_not_gone_on_from(tmp_path: Path) -> None:
    whole, cut = make_checkpoint(tmp_path, 4), make_checkpoint(tmp_path, 8)
    make_checkpoint(tmp_path, 12, "e" * 64)
    (cut / "model.safetensors").write_bytes(b"w" * 99)
    assert is_whole(whole, DIGEST)
    assert newest_checkpoint(tmp_path, DIGEST) == whole
    (cut / "model.safetensors").unlink()
    assert newest_checkpoint(tmp_path, DIGEST) == whole


class FullDisk:
    """A trainer whose checkpoints fail, half written, as long as more than `room` of them are there."""

    def __init__(self, folder: Path, room: int) -> None:
        self.folder, self.room = folder, room

    def save_checkpoint(self, step: int) -> None:
        if len(list(self.folder.iterdir())) >= self.room:
            (self.folder / f"checkpoint-{step}").mkdir(exist_ok=True)
            raise OSError(errno.ENOSPC, "No space left on device")
        make_checkpoint(self.folder, step)

    def train_to(self, step: int) -> None:
        save_or_alarm(partial(self.save_checkpoint, step), self.folder, DIGEST, step)


def test_a_full_disk_costs_checkpoints_and_not_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trainer = FullDisk(tmp_path, room=2)
    for step in (4, 8, 12):
        trainer.train_to(step)
    assert newest_checkpoint(tmp_path, DIGEST) == tmp_path / "checkpoint-12"  # in the room of the oldest
    trainer.room = 1
    trainer.train_to(16)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-12"]
    assert '"code": "checkpoint_not_saved"' in capsys.readouterr().out


def test_a_disk_too_small_for_one_checkpoint_is_said_at_once(tmp_path: Path) -> None:
    trainer = FullDisk(tmp_path, room=0)
    with pytest.raises(OSError, match="No space"):
        trainer.train_to(4)


def test_a_model_that_cannot_be_saved_leaves_its_last_checkpoint_and_the_best_and_what_is_not_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved, "is_first", lambda: True)
    best = make_checkpoint(tmp_path / "checkpoints", 4)
    newest = make_checkpoint(tmp_path / "checkpoints", 12, best=f"elsewhere/{best.name}")
    make_checkpoint(tmp_path / "checkpoints", 8)
    (tmp_path / "mine.safetensors").write_text("years of work")

    def save() -> None:
        (tmp_path / "model.safetensors").write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(CannotTrain, match="make room and start the same plan again") as raised:
        save_with_room(save, SavedModel(tmp_path, DIGEST), tmp_path / "checkpoints")
    assert raised.value.code == "model_not_saved"
    assert not (tmp_path / "model.safetensors").exists()
    assert (tmp_path / "mine.safetensors").exists()
    assert sorted((tmp_path / "checkpoints").iterdir()) == [newest, best]


def held(name: str, content: bytes, large: bool) -> SimpleNamespace:
    lfs = SimpleNamespace(sha256=hashlib.sha256(content).hexdigest()) if large else None
    git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    return SimpleNamespace(rfilename=name, size=len(content), blob_id=git, lfs=lfs)


def test_what_the_hub_holds_is_compared_byte_for_byte(tmp_path: Path) -> None:
    files = {"model.safetensors": b"weights", "config.json": b"{}", "sub/a.txt": b"a", "checkpoints/x": b"x"}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    ignored = ["checkpoints/*"]
    there = [held("model.safetensors", b"weights", True), held("config.json", b"{}", False)]
    assert differences(tmp_path, ignored, [*there, held("sub/a.txt", b"a", False)]) == []
    assert differences(tmp_path, ignored, there) == ["sub/a.txt is missing"]
    wrong = [held("model.safetensors", b"Weights", True), held("config.json", b"[]", False), held("sub/a.txt", b"", 0)]
    assert differences(tmp_path, ignored, wrong) == [
        "config.json has another content",
        "model.safetensors has another content",
        "sub/a.txt has 0 bytes, not 1",
    ]
