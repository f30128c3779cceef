"""Killed at each write, each fdatasync and each rename: what was confirmed is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from monitor.edgelog import Cursor, EdgeLog, Limits
from tests.monitor.edgelog.helpers import lines, read_all
from tests.real.require import program

LIMITS = Limits(max_bytes=64 * 1024)
RECORDS = 12

CHILD = """
import sys
from pathlib import Path
from monitor.edgelog import Cursor, EdgeLog, Limits
from tests.monitor.edgelog.helpers import lines
log = EdgeLog(Path(sys.argv[1]), Limits(max_bytes=64 * 1024))
log.pull("store", None, 100)
for n in range(int(sys.argv[2])):
    number = log.append(lines(n, 400))
    print(f"appended {number}", flush=True)
    log.pull("store", Cursor(log.epoch, number // 2), 100)
    print(f"acknowledged {number // 2}", flush=True)
log.close()
"""


def _confirmed(output: str, word: str) -> int:
    numbers = [int(line.split()[1]) for line in output.splitlines() if line.startswith(word)]
    return max(numbers, default=0)


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync", "fsync", "rename"])
@pytest.mark.parametrize("when", [1, 2, 3, 5, 8])
def test_what_was_confirmed_is_there(tmp_path: Path, call: str, when: int) -> None:
    directory = tmp_path / "log"
    command = [program("strace", "strace"), "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}"]
    command += ["-e", f"inject={call}:signal=KILL:when={when}"]
    child = subprocess.run(
        [*command, sys.executable, "-c", CHILD, str(directory), str(RECORDS)],
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    assert child.returncode != 0, "it was not killed"
    appended = _confirmed(child.stdout, "appended")
    log = EdgeLog(directory, LIMITS)
    kept = read_all(log)
    assert kept == [lines(n, 400) for n in range(len(kept))]
    assert appended <= len(kept) <= appended + 1
    pulled = log.pull("store", None, 1 << 20)
    acknowledged = pulled.cursor.sequence - pulled.records
    assert acknowledged >= _confirmed(child.stdout, "acknowledged")
    number = log.append(lines(99))
    assert number > appended
    log.pull("store", Cursor(log.epoch, number), 100)
    assert read_all(log) == [*kept, lines(99)]
    log.close()
