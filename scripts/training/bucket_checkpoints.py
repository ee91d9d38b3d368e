"""Checkpoints in a mounted bucket, and the trained model where it could not be pushed."""

import errno
import math
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from huggingface_hub.utils import filter_repo_objects

from .checkpoint_uploads import CheckpointUploads, GaveWay
from .checkpoints import RUN_FILE, is_whole, newest_checkpoint, read_run_file, step_of
from .events import CannotTrain
from .hub_output import NOT_THE_MODEL, HubRepo
from .hub_requests import PATIENCE, Result, persistently


class StoredCheckpoints(CheckpointUploads):
    """A folder for each plan, named after its digest, with `checkpoint-<step>` and `model`. A mounted bucket takes
    files that are written from their first byte to their last, and may not rename folders: a checkpoint's state is
    written last, and says what a whole one has."""

    def __init__(self, repo: HubRepo, output: dict[str, Any], digest: str) -> None:
        super().__init__(repo, digest)
        self.bucket_id: str = output["bucket"]["id"]
        # Set by whoever mounted it elsewhere.
        mount = Path(os.environ.get("HF_LLM_TRAINER_BUCKET") or output["bucket"]["mount_path"])
        self.folder = mount / digest[:12]
        self.ended = False

    def open(self, folder: Path, resume: bool) -> None:
        """Puts the newest whole checkpoint into `folder`, if it is further than what is there. Raises CannotTrain
        where this bucket would show checkpoints to everyone, or can't be used for minutes: what it holds would be
        trained again."""
        try:
            info = self.repo.persistently(lambda: self.repo.api.bucket_info(self.bucket_id))
            if not info.private:
                raise CannotTrain("bucket_public", f"the bucket {self.bucket_id} is public: checkpoints are private")
            at_mount = partial(through_mount, partial(self.fetch, folder, resume))
            persistently(at_mount, self.deadline, PATIENCE)
        except OSError as error:
            if error.errno == errno.ENOSPC:  # this machine's disk
                raise
            where = f"the bucket {self.bucket_id} can't be read and written at {self.folder.parent}"
            raise CannotTrain("bucket_not_mounted", f"{where}: {error}") from error

    def fetch(self, folder: Path, resume: bool) -> None:
        self.folder.mkdir(exist_ok=True)
        probe = self.folder / "writable"
        probe.write_text("yes")
        probe.unlink()
        if not resume:
            self.forget_checkpoints()
        here, there = (newest_checkpoint(one, self.digest) for one in (folder, self.folder))
        self.uploaded_step = step_of(there, self.digest)
        if there is not None and self.uploaded_step > step_of(here, self.digest):
            self.copy(there, folder / there.name)

    def put(self, checkpoint: Path, step: int, background: bool = False) -> None:
        through_mount(partial(self.replace, checkpoint, step, background))
        with suppress(OSError):  # they are older
            self.forget_checkpoints(before=step)

    def replace(self, checkpoint: Path, step: int, background: bool) -> None:
        target = self.folder / f"checkpoint-{step}"
        if not is_whole(target, self.digest):  # an earlier attempt may have been as far
            self.copy(checkpoint, target, background)

    def copy(self, source: Path, target: Path, background: bool = False) -> None:
        remove(target)  # files of two attempts would pass for one checkpoint
        files = [path for path in source.rglob("*") if path.is_file() and path.name != "training_args.bin"]
        for file in sorted(files, key=lambda path: path.name == "trainer_state.json"):
            if background and self.ended:
                raise GaveWay("what comes now is newer")
            copy_file(file, target / file.relative_to(source))

    def forget_checkpoints(self, before: float = math.inf) -> None:
        for name in os.listdir(self.folder):
            step = name.removeprefix("checkpoint-")
            if step.isdecimal() and int(step) < before:
                remove(self.folder / name)

    def give_way(self) -> None:
        self.ended = True

    def rescue(self, folder: Path) -> str:
        """Copies the model that could not be pushed; what pushes it from there."""
        kept = self.folder / "model"
        names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
        run = read_run_file(folder / RUN_FILE) or {}
        try:
            self.waited(partial(remove, kept))
            for name in filter_repo_objects(names, ignore_patterns=NOT_THE_MODEL):
                self.waited(partial(copy_file, folder / name, kept / name))
            last = self.waited(lambda: step_of(newest_checkpoint(self.folder, self.digest), self.digest))
        except OSError as error:
            return f"It could not be copied to the bucket {self.bucket_id}: {error}. {self.repo.rescue(folder)}"
        there = f"hf://buckets/{self.bucket_id}/{self.folder.name}/model"
        private = " --private" if self.repo.private else ""
        again = "trains no further" if last == run.get("step") else f"trains again from step {max(last, 0)}"
        return (
            f"The trained model is whole in the bucket {self.bucket_id}. Start the same plan again, which {again}, or "
            f"push it yourself: hf buckets sync {there} ./trained-model && "
            f"hf upload {self.repo.repo_id} ./trained-model .{private}"
        )

    def waited(self, act: Callable[[], Result]) -> Result:
        return persistently(partial(through_mount, act), self.deadline)

    def forget(self, folder: Path) -> None:
        """The model is in its repository."""
        shutil.rmtree(self.folder, ignore_errors=True)


def copy_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def remove(folder: Path) -> None:
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)


def through_mount(act: Callable[[], Result]) -> Result:
    """EIO is a mount's word for a server that doesn't answer: an outage."""
    try:
        return act()
    except OSError as error:
        if error.errno == errno.EIO:
            raise ConnectionError(str(error)) from None
        raise
