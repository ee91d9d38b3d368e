"""Commits in the background that are over when they have to be."""

from collections.abc import Iterable
from threading import Lock
from typing import Any

from huggingface_hub import CommitOperationAdd, HfApi

from .checkpoint_uploads import GaveWay


class BackgroundCommits(HfApi):
    """Of checkpoints. After `end` none of them lands: beside the model's commit it would make the Hub refuse one of the
    two, and after it put a checkpoint beside the finished model."""

    def __init__(self) -> None:
        super().__init__()
        self.committing = Lock()
        self.ended = False

    def create_commit(self, repo_id: str, operations: Iterable[Any], **options: Any) -> Any:  # type: ignore[override]
        """`upload_folder` ends with it. The files go first, which takes long; the commit itself is one request."""
        operations = list(operations)
        files = [operation for operation in operations if isinstance(operation, CommitOperationAdd)]
        where = {name: options[name] for name in ("repo_type", "revision", "token") if name in options}
        self.preupload_lfs_files(repo_id, files, free_memory=False, **where)
        with self.committing:
            if self.ended:
                raise GaveWay("what comes now is newer")
            return super().create_commit(repo_id, operations, **options)

    def end(self) -> None:
        """Waits for a commit that is being made, and not for files."""
        with self.committing:
            self.ended = True
