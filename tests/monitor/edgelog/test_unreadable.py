"""Sectors that the disk does not give: waited for, then passed over, and no others are lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.real.require import program

CHILD = """
import sys
from pathlib import Path
from monitor.edgelog import EdgeLog, LogError
from tests.monitor.edgelog.helpers import lines, members
now = [0]
log = EdgeLog(Path(sys.argv[1]), steady=lambda: now[0])
for n in range(5):
    log.append(lines(n, 3000))
for seconds in (0, 59, 60):
    now[0] = seconds * 10**9
    try:
        found = members(log.pull("store", None, 1 << 20).body)
        print(*[int(record.split(b"v=")[1].split(b"i")[0]) for record in found])
    except LogError as error:
        print(str(error).removeprefix(f"edge log {sys.argv[1]}: "))
print("damaged", log.stats().damaged)
"""
REFUSED = "cannot be read: [Errno 5] Input/output error"


@pytest.mark.parametrize(
    ("call", "failing", "shown"),
    [
        ("pread64", "1..1", ["cannot", "0 1 2 3 4", "0 1 2 3 4", "damaged 0"]),
        ("pread64", "2..4+2", ["cannot", "cannot", "0 1 2 3 4", "damaged 0"]),
        ("pread64", "2..8+2", ["cannot", "cannot", "1 2 3 4", "damaged 1"]),  # the first payload
        ("pread64", "1..5", ["cannot", "cannot", "3 4", "damaged 1"]),  # a page: three headers
        ("openat", "2+", ["cannot", "cannot", "cannot", "damaged 0"]),  # the whole disk is away
    ],
)
def test_it_is_waited_for_and_then_passed_over(
    tmp_path: Path, call: str, failing: str, shown: list[str]
) -> None:
    """`failing` are the calls on the segment that fail, counted from the first."""
    directory = tmp_path / "log"
    segment = directory / "segments" / f"{1:020d}.log"
    trace = ["-f", "-qq", "-o", "/dev/null", "-P", str(segment), "-e", f"trace={call}"]
    inject = f"inject={call}:error=EIO:when={failing}"
    child = subprocess.run(
        [program("strace", "strace"), *trace, "-e", inject, sys.executable, "-c", CHILD, directory],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert child.returncode == 0, child.stderr
    told = ["cannot" if line.startswith(REFUSED) else line for line in child.stdout.splitlines()]
    assert told == shown
