"""Starts a process for each GPU with accelerate's configuration, and ends as they do. `accelerate launch` leaves them
to torchrun, which on SIGTERM kills after 30 seconds, checkpoint or not, and turns every exit code into 1."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from accelerate.commands.launch import _validate_launch_command, launch_command_parser
from accelerate.utils import check_cuda_p2p_ib_support
from accelerate.utils.launch import prepare_multi_gpu_env
from torch.distributed import TCPStore

from .events import alarm
from .processes import BUSY_FOLDER, TRAINED_FOLDER, TRAINED_NOTE
from .safety import EXIT_STOPPED

GRACE_SECONDS = 10.0  # for the error messages of processes that lost one of them
BUSY_SECONDS = 330.0  # for the first's upload of what was trained
LAST_CHARACTERS = 20_000  # of what the one that failed said


def run_processes(count: int, configuration: dict[str, Any], started_at: float) -> int:
    """Returns the exit code of the run: that of the first process that failed, or of all. What fails in the last
    evaluation is started again without it: the model is trained, and is saved and pushed."""
    signals: list[int] = []
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda number, frame: signals.append(number))
    shared = {
        "OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // count)),
        **accelerate_environment(configuration),
        "HF_LLM_TRAINER_STARTED_AT": str(started_at),
        "MASTER_ADDR": "127.0.0.1",
        "TORCHELASTIC_USE_AGENT_STORE": "True",
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
    }
    with tempfile.TemporaryDirectory() as folder:
        note = Path(folder) / "trained"
        code = start_processes(count, {**shared, TRAINED_NOTE: str(note)}, Path(folder), signals)
        if code not in (0, EXIT_STOPPED) and note.exists():
            alarm("no_evaluation", f"the trained model could not be evaluated: a process ended with exit code {code}")
            code = start_processes(
                count, {**shared, TRAINED_FOLDER: note.read_text(), "HF_LLM_TRAINER_RESUME": "1"}, Path(folder), signals
            )
    return code


def start_processes(count: int, environment: dict[str, str], folder: Path, signals: list[int]) -> int:
    """Returns their exit code. `folder`: for what all but the first say."""
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)  # where they find each other
    busy = Path(tempfile.mkdtemp(dir=folder))
    shared = {**environment, BUSY_FOLDER: str(busy), "MASTER_PORT": str(store.port)}
    said = [folder / f"{rank}.txt" for rank in range(count)]
    workers = [
        subprocess.Popen(
            [sys.executable, *sys.orig_argv[1:]],
            env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            # The first speaks for all: the others say the same, or that they lost one of them.
            stdout=None if rank == 0 else subprocess.DEVNULL,
            stderr=None if rank == 0 else said[rank].open("wb"),
        )
        for rank in range(count)
    ]
    rank, code = wait_for(workers, signals, busy)
    if code < 0:
        alarm("process_killed", f"process {rank + 1} of {count} was ended by {signal.Signals(-code).name}")
    if code != 0 and rank > 0:
        sys.stderr.write(said[rank].read_text(errors="replace")[-LAST_CHARACTERS:])
    return code if code >= 0 else 128 - code


def wait_for(workers: list[subprocess.Popen[bytes]], signals: list[int], busy: Path) -> tuple[int, int]:
    """Passes on what `signals` gets. Without one of them the others can't go on: returns the number of the first that
    failed, or 0, and its exit code. `busy`: a folder that is not empty while the first uploads, for which it is
    given time."""
    while True:
        while signals:
            number = signals.pop(0)
            for worker in workers:
                worker.send_signal(number)
        codes = [worker.poll() for worker in workers]
        failed = [rank for rank, code in enumerate(codes) if code not in (None, 0, EXIT_STOPPED)]
        if failed:
            break
        if None not in codes:
            return 0, int(codes[0] or 0)
        time.sleep(0.1)
    began = last_busy = time.monotonic()
    while None in [worker.poll() for worker in workers]:
        now = time.monotonic()
        last_busy = now if any(busy.iterdir()) else last_busy
        if now - began > GRACE_SECONDS:
            for worker in workers[1:]:
                worker.kill()
        if now - last_busy > GRACE_SECONDS or now - began > BUSY_SECONDS:
            workers[0].kill()
        time.sleep(0.1)
    return failed[0], int(codes[failed[0]] or 0)


def accelerate_environment(configuration: dict[str, Any]) -> dict[str, str]:
    """The environment in which accelerate and the trainer find this configuration again."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "accelerate.json"
        file.write_text(json.dumps(configuration))
        given = ["--config_file", str(file), "--main_process_port", "0", __file__]
        arguments, _, _ = _validate_launch_command(launch_command_parser().parse_args(given))
        environment: dict[str, str] = prepare_multi_gpu_env(arguments)
    if not check_cuda_p2p_ib_support():  # as `accelerate launch` does for GPUs that can't talk to each other
        environment = {"NCCL_P2P_DISABLE": "1", "NCCL_IB_DISABLE": "1", **environment}
    return environment
