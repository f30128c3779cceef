"""Time that a container's threads ran and waited for a CPU, from /proc/PID/task/TID/schedstat.

The file of a process, /proc/PID/schedstat, tells of its first thread alone. A thread's counters go
with it, so their sum would fall whenever one ends: increases are added up here instead. What a
thread did between its last reading and its end is not in them.

The counters of a container that was there before the collector begin at 0: what its ended threads
did cannot be known, and a sum without them would look like a restart.
"""

from __future__ import annotations

import os
from itertools import islice
from typing import NamedTuple

from collector.cgroup.faults import Fault, Faults
from collector.cgroup.files import Root
from collector.cgroup.parse import Fields, Malformed
from collector.processes.allowance import Allowance

_NS = 1e9


class Counters(NamedTuple):
    """Of one thread, or of many."""

    ran_ns: int = 0
    waited_ns: int = 0
    times: int = 0

    def more_than(self, old: Counters) -> Counters:
        """The increase since `old`; all of it if a thread that began later has the number now."""
        if self.ran_ns < old.ran_ns:
            return self
        return Counters(
            self.ran_ns - old.ran_ns, self.waited_ns - old.waited_ns, self.times - old.times
        )


def parse(data: bytes) -> Counters:
    """A schedstat file: three numbers."""
    parts = data.split()
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        raise Malformed(1, data)
    return Counters(*map(int, parts))


class Schedstat:
    """That of one container. `left_out` is how many processes the last reading did not get to."""

    def __init__(self, proc: Root, allowance: Allowance, faults: Faults, is_new: bool) -> None:
        self.left_out = 0
        self._proc = proc
        self._allowance = allowance
        self._fault = Fault(faults)
        self._threads: dict[int, dict[str, Counters]] = {}
        self._total = Counters()
        self._last_pid = 0
        self._older: set[int] = set()
        self._looks_first = not is_new

    def read(self, pids: tuple[int, ...]) -> Fields:
        """The counters; nothing where processes cannot be seen or the kernel has no such file.

        Where there are too many processes, some are read now and the others in later readings.
        """
        self.left_out = 0
        if not pids or 0 in pids:
            return {}
        present = set(pids)
        self._threads = {pid: there for pid, there in self._threads.items() if pid in present}
        self._older = present if self._looks_first else self._older & present
        self._looks_first = False
        share = left = self._allowance.share()
        for place, pid in enumerate(_after(self._last_pid, pids)):
            threads = self._list(pid, left) if left > 0 else None
            if threads is None and (left < share or not share):
                self.left_out += len(pids) - place
                break
            if threads is None:
                self.left_out += 1  # more threads than a container may have read
            else:
                left -= 1 + len(threads)
                self._add(pid, threads)
            self._last_pid = pid
        self._allowance.spend(share - left)
        self._fault.settle()
        return self._fields() if any(self._threads.values()) else {}

    def close(self) -> None:
        """Take back what was said about a container that is gone."""
        self._fault.good()

    def _list(self, pid: int, most: int) -> list[str] | None:
        """The threads of a process; None if there are more than `most`."""
        try:
            fd = os.open(f"{pid}/task", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc.fd)
        except OSError:
            return []  # it ended
        try:
            with os.scandir(fd) as entries:
                names = [entry.name for entry in islice(entries, most + 1)]
        except OSError:
            return []
        finally:
            os.close(fd)
        return names if len(names) <= most else None

    def _add(self, pid: int, threads: list[str]) -> None:
        """Add what the threads of the process did since they were read before."""
        before, now = self._threads.get(pid, {}), {}
        for thread in threads:
            old = before.get(thread)
            new = self._read(pid, thread)
            if new is None:
                new = old  # it ends, or could not be read: what was counted is not counted again
            if new is not None:
                now[thread] = new
                if pid not in self._older:
                    more = new.more_than(old or Counters())
                    self._total = Counters(*map(sum, zip(self._total, more, strict=True)))
        self._threads[pid] = now
        self._older.discard(pid)

    def _read(self, pid: int, thread: str) -> Counters | None:
        path = f"{pid}/task/{thread}/schedstat"
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc.fd)
            try:
                return parse(os.read(fd, 128))
            finally:
                os.close(fd)
        except OSError:
            return None
        except Malformed as error:
            self._fault.bad(f"{self._proc.path}/{path}", str(error))
            return None

    def _fields(self) -> Fields:
        return {
            "cpu_schedstat_run_seconds_total": self._total.ran_ns / _NS,
            "cpu_schedstat_runqueue_seconds_total": self._total.waited_ns / _NS,
            "cpu_schedstat_run_periods_total": self._total.times,
        }


def _after(last: int, pids: tuple[int, ...]) -> list[int]:
    """The processes in order of their numbers, those beyond `last` first."""
    ordered = sorted(pids)
    return [pid for pid in ordered if pid > last] + [pid for pid in ordered if pid <= last]
