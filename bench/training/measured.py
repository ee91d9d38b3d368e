"""Runs a command. Prints each line that it prints as JSON, with seconds since the start: of the clock, and of the
processor for all it has used so far; at the end what the whole took, its peak memory in MiB and its exit code."""

import json
import os
import subprocess
import sys
import time


def processor_seconds(process: int) -> float | None:
    """None where the system has no /proc."""
    try:
        with open(f"/proc/{process}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


began = time.monotonic()
with subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
    assert child.stdout
    for line in child.stdout:
        seconds = time.monotonic() - began
        print(json.dumps({"line": line.rstrip(), "seconds": seconds, "cpu_seconds": processor_seconds(child.pid)}))
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
whole = {"code": child.returncode, "seconds": time.monotonic() - began, "cpu_seconds": used.ru_utime + used.ru_stime}
print(json.dumps({**whole, "peak_mib": used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)}))
