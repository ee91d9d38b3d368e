"""Checkpoints on their way to where a later attempt finds them, while training goes on."""

import math
import os
import shutil
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from .checkpoints import newest_checkpoint, step_of
from .events import alarm
from .hub_output import HubRepo
from .hub_requests import persistently
from .processes import first_is_busy


class GaveWay(Exception):
    """What was on its way is not wanted any more."""


class CheckpointUploads(ABC):
    """What every store of checkpoints has in common; what it is, its StoredCheckpoints says."""

    def __init__(self, repo: HubRepo, digest: str) -> None:
        self.repo = repo
        self.deadline = repo.deadline
        self.digest = digest
        self.worker = ThreadPoolExecutor(max_workers=1)
        self.upload: Future[bool] | None = None
        self.upload_step = -1
        self.uploaded_step = -1

    @abstractmethod
    def put(self, checkpoint: Path, step: int, background: bool = False) -> None:
        """It is in the store afterwards, in place of those before. Raises GaveWay in the background only."""

    @abstractmethod
    def give_way(self) -> None:
        """Nothing from the background arrives any more."""

    def upload_checkpoint(self, checkpoint: Path, step: int) -> None:
        """In the background; skipped while the one before is still under way."""
        if self.upload is not None and not self.upload.done():
            return
        staging = checkpoint.parent / "uploading"  # the trainer may delete its oldest checkpoints meanwhile
        shutil.rmtree(staging, ignore_errors=True)
        try:
            shutil.copytree(checkpoint, staging, copy_function=link_or_copy)
        except OSError as error:  # a full disk is no reason to stop
            alarm("checkpoint_not_uploaded", f"step {step}: {error}")
            return
        until = min(time.monotonic() + 60, self.deadline)  # the next checkpoint is newer
        self.upload_step = step
        self.upload = self.worker.submit(self.upload_or_alarm, staging, step, until, background=True)

    def upload_last_checkpoint(self, checkpoint: Path, step: int, until: float = math.inf) -> bool:
        """Whether this one is in the store, when it is or can't be. One that is on its way already is waited for:
        from the start it would take longer, and two writers would spoil each other's."""
        same = self.upload is not None and self.upload_step == step
        self.wait(until - time.monotonic(), 1.0 if same else 1 / 3)
        if self.uploaded_step == step:
            return True
        if same and self.upload is not None and not self.upload.done():
            alarm("checkpoint_not_uploaded", f"step {step}: it was on its way until the deadline")
            return False
        return self.upload_or_alarm(checkpoint, step, min(until, self.deadline))

    @contextmanager
    def outlives(self, checkpoints: Path) -> Iterator[None]:
        """An error ends the run; the newest checkpoint here is uploaded first, where the store lacks it."""
        try:
            yield
        except Exception:
            if os.environ.get("RANK", "0") == "0":
                self.upload_newest(checkpoints)
            raise

    def upload_newest(self, checkpoints: Path) -> None:
        try:
            newest = newest_checkpoint(checkpoints, self.digest)
        except OSError as error:
            alarm("checkpoint_not_uploaded", f"{checkpoints} can't be read: {error}")
            return
        if newest is not None:
            self.upload_last_checkpoint(newest, step_of(newest, self.digest), time.monotonic() + 300)

    # <processes>
    @first_is_busy()
    # </processes>
    def upload_or_alarm(self, checkpoint: Path, step: int, until: float, background: bool = False) -> bool:
        try:
            persistently(partial(self.put, checkpoint, step, background), until)
        except GaveWay:
            return False
        except Exception as error:
            alarm("checkpoint_not_uploaded", f"step {step}: {error}")
            return False
        self.uploaded_step = step
        return True

    def wait(self, seconds: float = math.inf, share: float = 0.5) -> None:
        """At most so long, and this share of what is left: the model needs time, too. What isn't there by then never
        will be."""
        if self.upload is not None:
            with suppress(Exception):  # the time is over
                self.upload.result(timeout=min(seconds, max(0.0, self.deadline - time.monotonic()) * share))
        self.give_way()

    def leave(self, code: int) -> None:
        """Ends the process where a checkpoint is on its way still: nobody needs it, and Python would wait for it."""
        if self.upload is not None and not self.upload.done():
            sys.stdout.flush()
            os._exit(code)


def link_or_copy(source: str, target: str) -> None:
    """Files that are only read don't need their space twice."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
