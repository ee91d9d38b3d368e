"""The model's repository on the Hub."""

import shlex
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import RemoteEntryNotFoundError, RepositoryNotFoundError

from .checkpoints import MODEL_FILES, RUN_FILE, is_finished
from .events import CannotTrain, alarm, emit
from .hub_check import differences
from .hub_requests import SILENCE, Result, limit_silence, persistently

# What commits of a run are called; a checkpoint's is followed by its step.
CHECKPOINT = "Checkpoint"
TRAINED = "Trained model"

LAST_CHECKPOINT = "last-checkpoint"
# Of an earlier run in the same repository: `from_pretrained` could take them for this model's.
STALE = [f"{LAST_CHECKPOINT}/*", *MODEL_FILES]
NOT_THE_MODEL = ["checkpoints/*", "merged-base/*", ".*"]


class HubRepo:
    def __init__(self, repo_id: str, private: bool, deadline: float) -> None:
        """`deadline`: time by the monotonic clock, seconds, until which an upload is tried again."""
        self.repo_id = repo_id
        self.private = private
        self.deadline = deadline
        self.api = HfApi()
        limit_silence()

    def prepare(self) -> None:
        """Makes the repository now: missing rights should show before training, not after it."""
        self.persistently(lambda: self.api.create_repo(self.repo_id, private=self.private, exist_ok=True))
        info = self.info()
        if self.private and not info.private:
            raise CannotTrain("repo_public", f"{self.repo_id} exists and is public, and the plan says private")

    def info(self, **options: Any) -> Any:
        return self.persistently(lambda: self.api.model_info(self.repo_id, timeout=SILENCE, **options))

    def is_finished(self, digest: str) -> bool:
        try:
            file = self.persistently(lambda: hf_hub_download(self.repo_id, RUN_FILE))
        except RemoteEntryNotFoundError:
            return False
        return is_finished(Path(file), digest)

    def commit(self, api: HfApi, **upload: Any) -> Any:
        """One commit, in a repository made anew where somebody deleted it: work is not lost over that."""
        try:
            return api.upload_folder(repo_id=self.repo_id, **upload)
        except RepositoryNotFoundError as error:
            alarm("repo_gone", f"{self.repo_id} is gone and made anew: {error}")
            api.create_repo(self.repo_id, private=self.private, exist_ok=True)
            return api.upload_folder(repo_id=self.repo_id, **upload)

    def upload_card(self, card: str) -> None:
        """Of a model that is not finished."""
        upload = partial(self.api.upload_file, path_in_repo="README.md", repo_id=self.repo_id)
        try:
            self.persistently(lambda: upload(path_or_fileobj=card.encode(), commit_message=CHECKPOINT))
        except Exception as error:
            alarm("no_card", f"{self.repo_id} has no card that says what is in it: {error}")

    def upload_model(self, folder: Path, rescue: Callable[[Path], str], forget: Callable[[Path], str | None]) -> None:
        """One commit with the whole model, then a look at what the Hub really holds: its checkpoints are forgotten
        then. Raises CannotTrain `model_not_pushed`, with what saves the model, which `rescue` says."""
        # <bucket>
        self.deadline -= max(0.0, self.deadline - time.monotonic()) / 4  # what is left is the bucket's
        # </bucket>
        try:
            commit = self.persistently(lambda: self.push_model(folder))
            wrong = self.lacks(folder, self.info(revision=commit.oid, files_metadata=True))
        except Exception as error:
            raise CannotTrain("model_not_pushed", f"{error}. {rescue(folder)}") from error
        if wrong:
            raise CannotTrain("model_not_pushed", f"in {self.repo_id} {'; '.join(wrong)}. {rescue(folder)}")
        revision = forget(folder) or commit.oid
        emit("pushed", repo_id=self.repo_id, revision=revision, url=f"{self.api.endpoint}/{self.repo_id}")

    def lacks(self, folder: Path, info: Any) -> list[str]:
        return differences(folder, NOT_THE_MODEL, info.siblings or [])

    def push_model(self, folder: Path) -> Any:
        push = partial(
            self.commit,
            self.api,
            folder_path=folder,
            ignore_patterns=NOT_THE_MODEL,
            delete_patterns=STALE,
            commit_message=TRAINED,
        )
        try:
            return push()
        except ValueError as error:  # the Hub refuses the card's metadata: the model is worth more
            alarm("card_refused", f"the card goes without its metadata: {error}")
            card = folder / "README.md"
            card.write_text(card.read_text(encoding="utf-8").split("\n---\n", 1)[-1], encoding="utf-8")
            return push()

    def rescue(self, folder: Path) -> str:
        excluded = " ".join(f"--exclude {shlex.quote(pattern)}" for pattern in NOT_THE_MODEL)
        command = f"hf upload {self.repo_id} {shlex.quote(str(folder))} . {excluded}"
        return (
            f"The trained model is whole in {folder}; where that is kept, this pushes it: {command}. Or start the same "
            "plan again: it goes on from the last checkpoint, and trains nothing twice that it holds"
        )

    def persistently(self, request: Callable[[], Result]) -> Result:
        return persistently(request, self.deadline)
