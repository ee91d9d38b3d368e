"""Where progress goes when nobody takes it."""

import copy
import os
import subprocess
import sys

import pytest
from training.events import Lossy

TOLD = """
import sys
from training.events import emit, outlive_readers
outlive_readers()
emit("step", step=1)
print("\u00e9", file=sys.stderr)
"""


@pytest.mark.skipif(os.name == "nt", reason="no shell closes a stream there")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_stream_that_was_closed_before_it_began_ends_nothing(closed: str) -> None:
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-c", TOLD]
    run = subprocess.run(command, capture_output=True, check=False)
    assert (run.returncode, b"Traceback" in run.stderr) == (0, False)
    assert (b'"event": "step"' in run.stdout) == (closed == "2>&-")


def test_a_stream_can_be_copied() -> None:
    assert copy.copy(Lossy(sys.stdout)).write("x") == 1
