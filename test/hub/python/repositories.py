"""What the official client does with repositories, told as JSON on the last line."""

import json
import sys
from pathlib import Path

from huggingface_hub import HfApi, ModelCard, hf_hub_download, snapshot_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

work = Path(sys.argv[1])
reader = sys.argv[2]
api = HfApi()
told = {}


def raised(action) -> str:
    try:
        action()
    except HfHubHTTPError as error:
        return type(error).__name__
    return "nothing"


repo = "tester/python-model"
told["url"] = str(api.create_repo(repo, private=True))
api.create_repo(repo, private=True, exist_ok=True)

folder = work / "folder"
(folder / "sub").mkdir(parents=True)
(folder / "config.json").write_text('{"model_type": "tiny"}')
(folder / "sub" / "notes.txt").write_text("notes")
(folder / "empty.bin").write_bytes(b"")
(folder / "model.safetensors").write_bytes(b"\0\1\2\3" * 300_000)
(folder / "long.txt").write_text("a line of text\n" * 800_000)
first = api.upload_folder(repo_id=repo, folder_path=folder)
second = api.upload_file(path_or_fileobj=b'{"model_type": "changed"}', path_in_repo="config.json", repo_id=repo)

snapshot = Path(snapshot_download(repo, cache_dir=work / "cache"))
told["same"] = sorted(
    path.name for path in folder.rglob("*.*") if (snapshot / path.relative_to(folder)).read_bytes() == path.read_bytes()
)
told["config"] = (snapshot / "config.json").read_text()
old = hf_hub_download(repo, "config.json", revision=first.oid, cache_dir=work / "cache")
told["old_config"] = Path(old).read_text()

info = api.model_info(repo, files_metadata=True)
told["private"] = info.private
told["head_is_second"] = info.sha == second.oid
told["lfs"] = sorted(sibling.rfilename for sibling in info.siblings if sibling.lfs)
told["commits"] = [commit.title for commit in api.list_repo_commits(repo)]
told["paths"] = [path.path for path in api.get_paths_info(repo, ["sub", "config.json"], expand=True)]

api.create_branch(repo, branch="checkpoints", revision=first.oid)
api.create_tag(repo, tag="v1")
refs = api.list_repo_refs(repo)
told["refs"] = [[branch.name for branch in refs.branches], [tag.name for tag in refs.tags]]
api.upload_file(path_or_fileobj=b"42", path_in_repo="step", repo_id=repo, revision="checkpoints")
told["on_branch"] = [api.file_exists(repo, "step", revision=branch) for branch in ("checkpoints", "main")]
api.delete_folder("sub", repo_id=repo)
told["files"] = api.list_repo_files(repo)

ModelCard("---\nlicense: mit\ntags: [tiny]\n---\n# Tiny").push_to_hub(repo)
told["tags"] = "tiny" in api.model_info(repo).tags

told["errors"] = {
    "no repository": raised(lambda: api.model_info("tester/none")),
    "private without token": raised(lambda: api.model_info(repo, token=False)),
    "no revision": raised(lambda: hf_hub_download(repo, "config.json", revision="none", cache_dir=work / "cache")),
    "no file": raised(lambda: hf_hub_download(repo, "none.txt", cache_dir=work / "cache")),
    "gated": raised(lambda: hf_hub_download("gated-lab/model", "config.json", cache_dir=work / "cache")),
    "may only read": raised(lambda: api.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=repo, token=reader)),
    "exists": raised(lambda: api.create_repo(repo)),
}
names = (EntryNotFoundError, GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError)
told["known_errors"] = sorted(name.__name__ for name in names)

space = api.create_repo("tester/board", repo_type="space", space_sdk="gradio", private=True)
told["before_app"] = str(api.get_space_runtime("tester/board").stage)
api.upload_file(path_or_fileobj=b"print()", path_in_repo="app.py", repo_id="tester/board", repo_type="space")
api.add_space_secret("tester/board", "HF_TOKEN", "not shown")
api.add_space_variable("tester/board", "THEME", "dark")
told["space"] = {
    "url": str(space),
    "stage": str(api.space_info("tester/board").runtime.stage),
    "secrets": list(api.get_space_secrets("tester/board")),
    "variables": {key: variable.value for key, variable in api.get_space_variables("tester/board").items()},
}
told["bucket"] = api.create_bucket("tester/metrics", private=True, exist_ok=True).url
told["bucket_private"] = api.bucket_info("tester/metrics").private

api.update_repo_settings(repo, private=False)
told["public"] = not api.model_info(repo, token=False).private
told["found"] = [model.id for model in api.list_models(search="python-model")]
api.move_repo(repo, "tester/python-model-2")
api.delete_repo("tester/python-model-2")
told["gone"] = not api.repo_exists("tester/python-model-2")

print(json.dumps(told))
