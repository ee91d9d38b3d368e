"""Checkpoints on their way to where a later attempt finds them, while training goes on."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from .checkpoints import newest_checkpoint, step_of
from .events import alarm
from .hub_output import HubRepo
from .hub_requests import persistently


class GaveWay(Exception):
    """What was on its way is not wanted any more."""


class CheckpointUploads:
    """What every store of checkpoints has in common; what it is, its StoredCheckpoints says."""

    def __init__(self, repo: HubRepo, digest: str) -> None:
        self.repo = repo
        self.deadline = repo.deadline
        self.digest = digest
        self.worker = ThreadPoolExecutor(max_workers=1)
        self.upload: Future[None] | None = None
        self.uploaded_step = -1

    def put(self, checkpoint: Path, step: int, background: bool = False) -> None:
        """It is in the store afterwards, in place of those before. Raises GaveWay in the background only."""
        raise NotImplementedError

    def give_way(self) -> None:
        """Nothing from the background arrives any more."""
        raise NotImplementedError

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

        def report(upload: Future[None]) -> None:
            if upload.exception() is None:
                self.uploaded_step = step
            elif not isinstance(upload.exception(), GaveWay):
                alarm("checkpoint_not_uploaded", f"step {step}: {upload.exception()}")

        until = min(time.monotonic() + 60, self.deadline)  # the next checkpoint is newer
        self.upload = self.worker.submit(persistently, partial(self.put, staging, step, background=True), until)
        self.upload.add_done_callback(report)

    def upload_last_checkpoint(self, checkpoint: Path, step: int) -> bool:
        """Whether this one is in the store, when it is or can't be."""
        self.wait()
        return self.uploaded_step == step or self.upload_or_alarm(checkpoint, step, self.deadline)

    @contextmanager
    def outlives(self, checkpoints: Path) -> Iterator[None]:
        """An error ends the run; the newest checkpoint here is uploaded first, where the store lacks it."""
        try:
            yield
        except Exception:
            newest = newest_checkpoint(checkpoints, self.digest)
            if newest is not None and os.environ.get("RANK", "0") == "0":
                self.wait()
                step = step_of(newest, self.digest)
                if self.uploaded_step < step:
                    self.upload_or_alarm(newest, step, time.monotonic() + 300)
            raise

    def upload_or_alarm(self, checkpoint: Path, step: int, until: float) -> bool:
        try:
            persistently(partial(self.put, checkpoint, step), until)
        except Exception as error:
            alarm("checkpoint_not_uploaded", f"step {step}: {error}")
            return False
        return True

    def wait(self) -> None:
        """At most half of what is left: the model needs time, too. What isn't there by then never will be."""
        if self.upload is not None:
            with suppress(Exception):  # its callback has said so
                self.upload.result(timeout=max(0.0, self.deadline - time.monotonic()) / 2)
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
