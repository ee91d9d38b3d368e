"""What a run takes from the Hub before it trains: waited for in an outage, and at the commits that the plan names."""

import json
import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import constants, snapshot_download
from transformers import AutoTokenizer

from .events import CannotTrain
from .hub_requests import PATIENCE, Result, hub_status, is_outage, limit_silence, persistently


def patiently(request: Callable[[], Result], wanted: str) -> Result:
    """`wanted`: what is downloaded, for people. Raises CannotTrain where it is not to be had."""
    limit_silence()
    try:
        return persistently(request, math.inf, 0.0 if constants.HF_HUB_OFFLINE else PATIENCE)
    except (OSError, httpx2.HTTPError, RuntimeError) as error:
        if not is_outage(error) and hub_status(error) is None:
            raise  # this machine's
        if constants.HF_HUB_OFFLINE:
            code, why = "hub_offline", "it is not on this machine, and HF_HUB_OFFLINE is set: unset it"
        elif is_outage(error):
            code, why = "hub_unreachable", "the Hub didn't answer for minutes. Start the same plan again later"
        else:
            code = "not_on_hub"
            why = (
                "deleted, closed to this token, or its history was rewritten. Where it is gated, accept its terms on "
                "its page and start the same plan again; else plan again"
            )
        raise CannotTrain(code, f"{wanted} can't be downloaded: {why}. ({error})") from error


# <snapshots>
# What `from_pretrained` reads of a model's repository, and not the same weights in other formats and in its folders.
TEXTS = ["*.json", "*.jinja", "*.model", "*.txt", "*.tiktoken"]
WEIGHTS = ["model.safetensors", "adapter_model.safetensors", "adapter_model.bin"]
IN_FOLDERS = [f"*/{name}" for name in TEXTS if name != "*.jinja"]


def snapshot(name: str, commit: str, files: list[str]) -> str:
    """A folder with those of the files that are there."""
    return patiently(
        lambda: snapshot_download(name, revision=commit, allow_patterns=files, ignore_patterns=IN_FOLDERS),
        f"{name} at commit {commit}",
    )


# </snapshots>
# <hub_model>
def with_files_here(model: dict[str, Any]) -> dict[str, Any]:
    """The plan's model with folders for its names. TRL and peft ask for some files of a name without a commit: what
    they got would be the newest, and an outage would end the run, or cost an adapter its new embeddings."""
    adapter = model["adapter"]
    return {**files_here(model), "adapter": None if adapter is None else files_here(adapter)}


def files_here(source: dict[str, Any]) -> dict[str, Any]:
    if source["source"] == "local":
        return source
    name, commit = source["id"], source["revision"]
    folder = Path(snapshot(name, commit, TEXTS + WEIGHTS))
    if not any((folder / file).is_file() for file in WEIGHTS):
        index = folder / "model.safetensors.index.json"
        shards = json.loads(index.read_text())["weight_map"].values() if index.is_file() else ["pytorch_model*.bin"]
        snapshot(name, commit, sorted(set(shards)))
    return {**source, "id": str(folder), "revision": None}


# </hub_model>
# <lender>
def lent_template(arguments: dict[str, Any]) -> dict[str, Any]:
    """The trainer's arguments for the chat template of `owner/name@commit`."""
    name, _, commit = arguments["chat_template_path"].partition("@")
    folder = snapshot(name, commit, TEXTS)
    # <lent_text>
    # Not its tokens, for which TRL would train the whole output layer, and fails where that is tied.
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    file = Path(tempfile.mkdtemp()) / "chat_template.jinja"
    file.write_text(tokenizer.get_chat_template(), encoding="utf-8")
    return {"chat_template_path": str(file), "eos_token": arguments.get("eos_token") or tokenizer.eos_token}
    # </lent_text>
    # <lent_tokens>
    return {"chat_template_path": folder}
    # </lent_tokens>


# </lender>
