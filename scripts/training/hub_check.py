"""What the Hub really holds, compared with the files here."""

import hashlib
from pathlib import Path
from typing import Any

from huggingface_hub.utils import filter_repo_objects


def differences(folder: Path, ignored: list[str], siblings: list[Any]) -> list[str]:
    """Files of `folder` that a commit lacks or holds otherwise, each with what is there. `siblings`: of
    `model_info(files_metadata=True)`. Git knows a file by its sha1, large storage by its sha256."""
    there = {file.rfilename: file for file in siblings}
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    wrong = []
    for name in filter_repo_objects(names, ignore_patterns=ignored):
        held, file = there.get(name), folder / name
        if held is None:
            wrong.append(f"{name} is missing")
        elif held.size != file.stat().st_size:
            wrong.append(f"{name} has {held.size} bytes, not {file.stat().st_size}")
        elif content_id(file, held.lfs is not None) != (held.blob_id if held.lfs is None else held.lfs.sha256):
            wrong.append(f"{name} has another content")
    return wrong


def content_id(file: Path, large: bool) -> str:
    digest = hashlib.sha256() if large else hashlib.sha1(f"blob {file.stat().st_size}\0".encode())
    with file.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
