"""The model's repository on the Hub: checkpoints while it trains, the model at the end."""

import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import RemoteEntryNotFoundError, RepositoryNotFoundError

from .checkpoints import MODEL_FILES, RUN_FILE, checkpoint_state, is_finished, newest_checkpoint
from .events import CannotTrain, alarm, emit
from .hub_check import differences
from .hub_commits import BackgroundCommits, GaveWay
from .hub_history import CHECKPOINT, TRAINED, forget_checkpoints
from .hub_requests import SILENCE, Result, limit_silence, persistently

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
        self.background = BackgroundCommits()
        self.upload: Future[Any] | None = None
        self.uploaded_step = -1
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

    def download_checkpoint(self, folder: Path, digest: str) -> None:
        """Puts the repository's checkpoint into `folder`, if it is this plan's and further than what is there."""
        info = self.info()
        files = [file.rfilename for file in info.siblings or [] if file.rfilename.startswith(f"{LAST_CHECKPOINT}/")]
        state_file = f"{LAST_CHECKPOINT}/trainer_state.json"
        if state_file not in files:
            return
        cached = self.persistently(lambda: hf_hub_download(self.repo_id, state_file, revision=info.sha))
        there = checkpoint_state(Path(cached).parent, digest)
        newest = newest_checkpoint(folder, digest)
        here = None if newest is None else checkpoint_state(newest, digest)
        if there is None or (here is not None and here["global_step"] >= there["global_step"]):
            return
        shutil.rmtree(folder / LAST_CHECKPOINT, ignore_errors=True)  # files of two steps would pass for one checkpoint
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
            elif not isinstance(upload.exception(), GaveWay):
                alarm("checkpoint_not_uploaded", f"step {step}: {upload.exception()}")

        until = min(time.monotonic() + 60, self.deadline)  # the next checkpoint is newer
        push = partial(self.push_checkpoint, staging, step, self.background)
        self.upload = self.background.run_as_future(persistently, push, until)
        self.upload.add_done_callback(report)

    def push_checkpoint(self, folder: Path, step: int, api: HfApi | None = None) -> Any:
        return self.commit(
            api or self.api,
            folder_path=folder,
            path_in_repo=LAST_CHECKPOINT,
            ignore_patterns=["training_args.bin", "README.md"],  # full of this machine's paths; nothing reads them
            delete_patterns="*",
            commit_message=f"{CHECKPOINT} at step {step}",
        )

    def commit(self, api: HfApi, **upload: Any) -> Any:
        """One commit, in a repository made anew where somebody deleted it: work is not lost over that."""
        try:
            return api.upload_folder(repo_id=self.repo_id, **upload)
        except RepositoryNotFoundError as error:
            alarm("repo_gone", f"{self.repo_id} is gone and made anew: {error}")
            api.create_repo(self.repo_id, private=self.private, exist_ok=True)
            return api.upload_folder(repo_id=self.repo_id, **upload)

    def upload_last_checkpoint(self, checkpoint: Path, step: int, card: str) -> None:
        """Waits until this checkpoint is in the repository, with a card that says what it is."""
        self.wait()
        try:
            if self.uploaded_step != step:
                self.persistently(lambda: self.push_checkpoint(checkpoint, step))
            upload = partial(
                self.api.upload_file, path_in_repo="README.md", repo_id=self.repo_id, commit_message=CHECKPOINT
            )
            self.persistently(lambda: upload(path_or_fileobj=card.encode()))
        except Exception as error:
            alarm("checkpoint_not_uploaded", f"step {step}: {error}. The repository's is of step {self.uploaded_step}")

    @contextmanager
    def outlives(self, checkpoints: Path, digest: str) -> Iterator[None]:
        """An error ends the run; the newest checkpoint here is uploaded first, where the repository lacks it."""
        try:
            yield
        except Exception:
            newest = newest_checkpoint(checkpoints, digest)
            state = None if newest is None else checkpoint_state(newest, digest)
            if newest is not None and state is not None and os.environ.get("RANK", "0") == "0":
                self.wait()
                if self.uploaded_step < state["global_step"]:
                    self.upload_crashed(newest, state["global_step"])
            raise

    def upload_crashed(self, checkpoint: Path, step: int) -> None:
        try:
            persistently(partial(self.push_checkpoint, checkpoint, step), time.monotonic() + 300)
        except Exception as error:
            alarm("checkpoint_not_uploaded", f"step {step}: {error}")

    def wait(self) -> None:
        """At most half of what is left: the model needs time, too. What isn't committed by then never will be."""
        if self.upload is not None:
            with suppress(Exception):  # its callback has said so
                self.upload.result(timeout=max(0.0, self.deadline - time.monotonic()) / 2)
        self.background.end()

    def upload_model(self, folder: Path) -> None:
        """One commit with the whole model, then a look at what the Hub really holds. Raises CannotTrain
        `model_not_pushed`, with what saves the model then."""
        self.wait()
        try:
            commit = self.persistently(lambda: self.push_model(folder))
            wrong = self.lacks(folder, self.info(revision=commit.oid, files_metadata=True))
        except Exception as error:
            raise CannotTrain("model_not_pushed", f"{error}. {self.rescue(folder)}") from error
        if wrong:
            raise CannotTrain("model_not_pushed", f"in {self.repo_id} {'; '.join(wrong)}. {self.rescue(folder)}")
        revision = self.forget_checkpoints(folder) or commit.oid
        emit("pushed", repo_id=self.repo_id, revision=revision, url=f"{self.api.endpoint}/{self.repo_id}")

    def lacks(self, folder: Path, info: Any) -> list[str]:
        return differences(folder, NOT_THE_MODEL, info.siblings or [])

    def forget_checkpoints(self, folder: Path) -> str | None:
        """The commit that holds the model from then on; None where that is the one it was pushed with. The model is
        safe: no failure counts any more, and no outage is waited for."""
        if self.deadline - time.monotonic() < 4 * SILENCE:
            return None
        try:
            forget_checkpoints(self.api, self.repo_id)
        except Exception as error:
            alarm(
                "history_kept", f"the history of {self.repo_id} may keep its checkpoints, which take storage: {error}"
            )
        try:  # whatever was answered: the Hub may have done it
            info = self.api.model_info(self.repo_id, timeout=SILENCE, files_metadata=True)
        except Exception:
            return None
        return None if self.lacks(folder, info) else info.sha

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

    def leave(self, code: int) -> None:
        """Ends the process where a checkpoint is on its way still: nobody needs it, and Python would wait for it."""
        if self.upload is not None and not self.upload.done():
            sys.stdout.flush()
            os._exit(code)

    def persistently(self, request: Callable[[], Result]) -> Result:
        return persistently(request, self.deadline)


def link_or_copy(source: str, target: str) -> None:
    """Files that are only read don't need their space twice."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
