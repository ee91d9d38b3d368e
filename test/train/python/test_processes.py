"""How one of several processes ends, and what whoever started them makes of it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from training import launch, processes
from training.launch import wait_for


def fails() -> int:
    raise RuntimeError("out of memory")


@pytest.mark.parametrize(
    ("run", "code", "said"),
    [
        (lambda: 0, 0, ""),
        (lambda: 75, 75, ""),
        (fails, 1, "RuntimeError: out of memory"),
        (lambda: sys.exit(143), 143, ""),
        (sys.exit, 0, ""),
        (lambda: sys.exit("a reward's own words"), 1, "a reward's own words"),
    ],
)
def test_it_ends_as_what_it_ran(
    run: Callable[[], int], code: int, said: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes.time, "sleep", lambda seconds: None)
    child = os.fork()
    if child == 0:
        sys.stderr = os.fdopen(2, "w", closefd=False)
        processes.end_as(run)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == code
    assert said in capfd.readouterr().err


def started(*seconds: float) -> list[subprocess.Popen[bytes]]:
    return [subprocess.Popen(["sleep", str(one)]) for one in seconds]


@pytest.mark.parametrize(("busy_seconds", "first_code"), [(5.0, 0), (0.5, -signal.SIGKILL)])
def test_the_first_is_given_time_to_upload_where_another_fails(
    busy_seconds: float, first_code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "GRACE_SECONDS", 0.3)
    monkeypatch.setattr(launch, "BUSY_SECONDS", busy_seconds)
    (tmp_path / "upload").touch()
    workers = started(1.5, 60, 60)
    workers[1].kill()
    assert wait_for(workers, [], tmp_path) == (1, -signal.SIGKILL)
    assert [worker.poll() for worker in workers] == [first_code, -signal.SIGKILL, -signal.SIGKILL]


def test_the_first_is_not_waited_for_where_it_does_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "GRACE_SECONDS", 0.3)
    workers = started(60, 60)
    workers[1].kill()
    began = time.monotonic()
    assert wait_for(workers, [], tmp_path) == (1, -signal.SIGKILL)
    assert time.monotonic() - began < 5
    assert workers[0].poll() == -signal.SIGKILL


def test_what_it_does_is_noted_while_it_does_it(as_launched: Path) -> None:
    with pytest.raises(RuntimeError), processes.first_is_busy():
        with processes.first_is_busy():
            assert len(list(as_launched.iterdir())) == 2
        assert len(list(as_launched.iterdir())) == 1
        fails()
    assert list(as_launched.iterdir()) == []
