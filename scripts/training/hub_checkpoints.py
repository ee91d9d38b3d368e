"""Checkpoints in the model's repository."""

import shutil
import time
from functools import partial
from pathlib import Path
from typing import Any

from huggingface_hub import hf_hub_download

from .checkpoint_uploads import CheckpointUploads
from .checkpoints import newest_checkpoint, step_of
from .events import alarm
from .hub_commits import BackgroundCommits
from .hub_history import forget_checkpoints
from .hub_output import CHECKPOINT, LAST_CHECKPOINT, HubRepo
from .hub_requests import SILENCE


class StoredCheckpoints(CheckpointUploads):
    """One commit replaces the whole checkpoint, so the repository never holds half of one. (The trainer's own
    `hub_strategy="checkpoint"` puts the unfinished model at the repository's root too, and doesn't say when an upload
    fails.)"""

    def __init__(self, repo: HubRepo, output: dict[str, Any], digest: str) -> None:
        super().__init__(repo, digest)
        self.background = BackgroundCommits()

    def open(self, folder: Path, resume: bool) -> None:
        """Puts the repository's checkpoint into `folder`, if it is this plan's and further than what is there."""
        if not resume:
            return
        info = self.repo.info()
        files = [file.rfilename for file in info.siblings or [] if file.rfilename.startswith(f"{LAST_CHECKPOINT}/")]
        state_file = f"{LAST_CHECKPOINT}/trainer_state.json"
        if state_file not in files:
            return
        download = partial(hf_hub_download, self.repo.repo_id, revision=info.sha)
        there = Path(self.repo.persistently(lambda: download(state_file))).parent
        self.uploaded_step = step_of(there, self.digest)
        if self.uploaded_step <= step_of(newest_checkpoint(folder, self.digest), self.digest):
            return
        shutil.rmtree(folder / LAST_CHECKPOINT, ignore_errors=True)  # files of two steps would pass for one checkpoint
        # One by one and the state last: `snapshot_download` takes what is there for all of it during an outage.
        for file in sorted(files, key=lambda name: name == state_file):
            self.repo.persistently(partial(download, file, local_dir=folder))

    def put(self, checkpoint: Path, step: int, background: bool = False) -> None:
        self.repo.commit(
            self.background if background else self.repo.api,
            folder_path=checkpoint,
            path_in_repo=LAST_CHECKPOINT,
            ignore_patterns=["training_args.bin", "README.md"],  # full of this machine's paths; nothing reads them
            delete_patterns="*",
            commit_message=f"{CHECKPOINT} at step {step}",
        )

    def give_way(self) -> None:
        self.background.end()

    def rescue(self, folder: Path) -> str:
        return self.repo.rescue(folder)

    def forget(self, folder: Path) -> str | None:
        """The commit that holds the model from then on; None where that is the one it was pushed with. The model is
        safe: no failure counts any more, and no outage is waited for."""
        if self.deadline - time.monotonic() < 4 * SILENCE:
            return None
        try:
            forget_checkpoints(self.repo.api, self.repo.repo_id)
        except Exception as error:
            alarm(
                "history_kept",
                f"the history of {self.repo.repo_id} may keep its checkpoints, which take storage: {error}",
            )
        try:  # whatever was answered: the Hub may have done it
            info = self.repo.api.model_info(self.repo.repo_id, timeout=SILENCE, files_metadata=True)
        except Exception:
            return None
        return None if self.repo.lacks(folder, info) else info.sha
