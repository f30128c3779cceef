"""Open file descriptors and sockets of a container, and the limit of its first process.

The links of /proc/PID/fd are shown to who may trace the process: its own user, or CAP_SYS_PTRACE.
"""

from __future__ import annotations

import os
from itertools import islice

from collector.cgroup.faults import Fault, Faults
from collector.cgroup.files import Budget, KernelFile, Root
from collector.cgroup.parse import Fields, Malformed
from collector.processes.allowance import Allowance

Ulimits = dict[str, Fields]

_ULIMITS = {b"Max open files": "max_open_files"}
_NAME_COLUMNS = 26  # the kernel writes "%-25s %-20s %-20s %-10s"


def parse_limits(data: bytes) -> Ulimits:
    """/proc/PID/limits: the soft limits that cAdvisor shows, by its names; none if unlimited."""
    found: Ulimits = {}
    for line_number, line in enumerate(data.splitlines(), 1):
        ulimit = _ULIMITS.get(line[:_NAME_COLUMNS].rstrip())
        if ulimit is None:
            continue
        soft = line[_NAME_COLUMNS:].split()[:1]
        if soft == [b"unlimited"]:
            continue
        if not soft or not soft[0].isdigit():
            raise Malformed(line_number, line, rest=found)
        found[ulimit] = {"ulimits_soft": int(soft[0])}
    return found


class Descriptors:
    """Those of one container. `left_out` is how many processes, of too many, were not counted."""

    def __init__(self, proc: Root, allowance: Allowance, budget: Budget, faults: Faults) -> None:
        self.left_out = 0
        self._proc = proc
        self._allowance = allowance
        self._budget = budget
        self._faults = faults
        self._fault = Fault(faults)
        self._is_denied = False
        self._limits: KernelFile[Ulimits] | None = None
        self._first = 0

    def read(self, pids: tuple[int, ...]) -> Fields:
        """The sums over all processes; nothing where some may not be looked at, or are too many.

        A sum over a part of them would look like a container that has closed its files.
        """
        self.left_out = 0
        if self._is_denied or not pids or 0 in pids:
            return {}
        share = left = self._allowance.share()
        descriptors = sockets = 0
        for place, pid in enumerate(pids):
            left -= 1
            found = self._count(pid, left) if left >= 0 else None
            if found is None:
                self.left_out = 0 if self._is_denied else len(pids) - place
                self._allowance.spend(share - left if self._is_denied else share)
                return {}
            left -= found[0]
            descriptors += found[0]
            sockets += found[1]
        self._allowance.spend(share - left)
        self._fault.good()
        return {"file_descriptors": descriptors, "sockets": sockets}

    def ulimits(self, pids: tuple[int, ...]) -> Ulimits:
        """The limits of the process with the lowest number: the first, until numbers begin anew."""
        first = min(pids, default=0)
        if first != self._first:
            self._forget_limits()
            self._first = first
        if self._limits is None and first:
            path = f"{first}/limits"
            self._limits = KernelFile(
                self._proc, path, parse_limits, self._budget, self._faults, "never"
            )
        return (self._limits.read() or {}) if self._limits is not None else {}

    def retry(self) -> None:
        """Look again, at the next reading, at what was denied."""
        self._is_denied = False

    def close(self) -> None:
        """Take back what was said about a container that is gone."""
        self._fault.good()
        self._forget_limits()

    def _count(self, pid: int, most: int) -> tuple[int, int] | None:
        """Descriptors and sockets of the process; None if they are denied or more than `most`."""
        path = f"{pid}/fd"
        try:
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._proc.fd)
            try:
                with os.scandir(fd) as entries:
                    names = [entry.name for entry in islice(entries, most + 1)]
                if len(names) > most:
                    return None
                return len(names), sum(_is_socket(fd, name) for name in names)
            finally:
                os.close(fd)
        except (FileNotFoundError, ProcessLookupError):
            return 0, 0  # it ended in between
        except OSError as error:
            reason = f"{error.strerror}; it takes root, or CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"
            self._is_denied = True
            self._fault.bad(f"{self._proc.path}/{path}", reason)
            return None

    def _forget_limits(self) -> None:
        if self._limits is not None:
            self._limits.close()
            self._limits = None


def _is_socket(directory: int, name: str) -> bool:
    try:
        return os.readlink(name, dir_fd=directory).startswith("socket:")
    except OSError:
        return False  # closed in between
