"""CPU time and memory of processes, from /proc."""

from __future__ import annotations

import os
import statistics
import threading
from pathlib import Path
from types import TracebackType

_LOOK_SECONDS = 0.25
_KIB_IN_MIB = 1024


def cpu_seconds(pid: int) -> float:
    """User and system time of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    """What it has in memory now."""
    return _status(pid, "VmRSS")


def peak_mib(pid: int) -> float:
    """The most that it ever had in memory."""
    return _status(pid, "VmHWM")


def _status(pid: int, name: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0]) / _KIB_IN_MIB


class Resident:
    """Looks at a process's memory while a block runs; `mib` is the median."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._seen: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Resident:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    @property
    def mib(self) -> float:
        return statistics.median(self._seen)

    def _look(self) -> None:
        while True:
            self._seen.append(resident_mib(self._pid))
            if self._over.wait(_LOOK_SECONDS):
                return
