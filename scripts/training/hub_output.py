"""The model's repository on the Hub: checkpoints while it trains, the model at the end."""

import errno
import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import RemoteEntryNotFoundError

from .checkpoints import RUN_FILE, checkpoint_state, is_finished
from .events import CannotTrain, alarm, emit

LAST_CHECKPOINT = "last-checkpoint"
# Of an earlier run in the same repository: `from_pretrained` could take them for this model's.
STALE = [f"{LAST_CHECKPOINT}/*", "*.safetensors", "*.safetensors.index.json", "*.bin", "adapter_config.json"]

UNREACHABLE = (errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTUNREACH)

Result = TypeVar("Result")


class HubRepo:
    def __init__(self, repo_id: str, private: bool, deadline: float) -> None:
        """`deadline`: time by the monotonic clock, seconds, until which an upload is tried again."""
        self.repo_id = repo_id
        self.private = private
        self.deadline = deadline
        self.api = HfApi()
        self.upload: Future[Any] | None = None
        self.uploaded_step = -1

    def prepare(self) -> None:
        """Makes the repository now: missing rights should show before training, not after it."""
        self.persistently(lambda: self.api.create_repo(self.repo_id, private=self.private, exist_ok=True))
        info = self.persistently(lambda: self.api.model_info(self.repo_id))
        if self.private and not info.private:
            raise CannotTrain("repo_public", f"{self.repo_id} exists and is public, and the plan says private")

    def is_finished(self, digest: str) -> bool:
        try:
            file = self.persistently(lambda: hf_hub_download(self.repo_id, RUN_FILE))
        except RemoteEntryNotFoundError:
            return False
        return is_finished(Path(file), digest)

    def download_checkpoint(self, folder: Path, digest: str) -> None:
        """Puts the repository's checkpoint into `folder`, if it is this plan's."""
        info = self.persistently(lambda: self.api.model_info(self.repo_id))
        files = [file.rfilename for file in info.siblings or [] if file.rfilename.startswith(f"{LAST_CHECKPOINT}/")]
        state_file = f"{LAST_CHECKPOINT}/trainer_state.json"
        if state_file not in files:
            return
        state = self.persistently(lambda: hf_hub_download(self.repo_id, state_file, revision=info.sha))
        if checkpoint_state(Path(state).parent, digest) is None:
            return
        # One by one and the state last: `snapshot_download` takes what is there for all of it during an outage.
        for file in sorted(files, key=lambda name: name == state_file):
            self.persistently(partial(hf_hub_download, self.repo_id, file, revision=info.sha, local_dir=folder))

    def upload_checkpoint(self, checkpoint: Path, step: int) -> None:
        """In the background; skipped while the one before is still under way. One commit replaces the whole
        checkpoint, so the repository never holds half of one. (The trainer's own `hub_strategy="checkpoint"` puts
        the unfinished model at the repository's root too, and doesn't say when an upload fails.)"""
        if self.upload is not None and not self.upload.done():
            return
        staging = checkpoint.parent / "uploading"  # the trainer may delete its oldest checkpoints meanwhile
        shutil.rmtree(staging, ignore_errors=True)
        try:
            shutil.copytree(checkpoint, staging, copy_function=link_or_copy)
        except OSError as error:  # a full disk is no reason to stop
            alarm("checkpoint_not_uploaded", f"step {step}: {error}")
            return

        def report(upload: Future[Any]) -> None:
            if upload.exception() is None:
                self.uploaded_step = step
            else:
                alarm("checkpoint_not_uploaded", f"step {step}: {upload.exception()}")

        self.upload = self.api.run_as_future(self.push_checkpoint, staging, step)
        self.upload.add_done_callback(report)

    def push_checkpoint(self, folder: Path, step: int) -> Any:
        return self.api.upload_folder(
            repo_id=self.repo_id,
            folder_path=folder,
            path_in_repo=LAST_CHECKPOINT,
            ignore_patterns=["training_args.bin", "README.md"],  # full of this machine's paths; nothing reads them
            delete_patterns="*",
            commit_message=f"Checkpoint at step {step}",
        )

    def upload_last_checkpoint(self, checkpoint: Path, step: int, card: str) -> None:
        """Waits until this checkpoint is in the repository, with a card that says what it is."""
        self.wait()
        if self.uploaded_step != step:
            self.persistently(lambda: self.push_checkpoint(checkpoint, step))
        self.persistently(
            lambda: self.api.upload_file(path_or_fileobj=card.encode(), path_in_repo="README.md", repo_id=self.repo_id)
        )

    def wait(self) -> None:
        """At most half of what is left: the model needs time, too."""
        if self.upload is not None:
            try:
                self.upload.result(timeout=max(0.0, self.deadline - time.monotonic()) / 2)
            except Exception:
                return  # its callback has said so

    def upload_model(self, folder: Path) -> None:
        """One commit with the whole model, then a look at what the Hub really holds."""
        self.wait()
        commit = self.persistently(
            lambda: self.api.upload_folder(
                repo_id=self.repo_id,
                folder_path=folder,
                ignore_patterns=["checkpoints/*", "merged-base/*", ".*"],
                delete_patterns=STALE,
                commit_message="Trained model",
            )
        )
        info = self.persistently(lambda: self.api.model_info(self.repo_id, revision=commit.oid, files_metadata=True))
        there = {file.rfilename: file.size for file in info.siblings or []}
        for file in folder.glob("*.safetensors"):
            if there.get(file.name) != file.stat().st_size:
                raise RuntimeError(
                    f"{self.repo_id} holds {there.get(file.name)} bytes of {file.name}, not {file.stat().st_size}"
                )
        emit("pushed", repo_id=self.repo_id, revision=commit.oid, url=f"{self.api.endpoint}/{self.repo_id}")

    def persistently(self, request: Callable[[], Result]) -> Result:
        """Tries again after an outage, with longer and longer pauses, as long as there is time."""
        pause = 2.0
        while True:
            try:
                return request()
            except (OSError, httpx.HTTPError, RuntimeError) as error:  # RuntimeError: hf_xet's
                if not is_outage(error) or time.monotonic() + pause > self.deadline:
                    raise
                alarm("hub_retry", f"the Hub doesn't answer, trying again in {pause:.0f} s: {error}")
            time.sleep(pause)
            pause = min(2 * pause, 120.0)


def is_outage(error: BaseException) -> bool:
    """Whether it is the network's or the Hub's, and may be over soon. Errors of this machine's files carry the
    system's number; what the Hub answered is sometimes the cause of an error of its client's own."""
    for one in (error, error.__cause__):
        response = getattr(one, "response", None)
        if response is not None:
            return bool(response.status_code == 429 or response.status_code >= 500)
        number = getattr(one, "errno", None)
        if number is not None:
            return isinstance(one, (ConnectionError, TimeoutError)) or number in UNREACHABLE
    return True


def link_or_copy(source: str, target: str) -> None:
    """Files that are only read don't need their space twice."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
