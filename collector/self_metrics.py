"""The collector about itself: what it costs and what it lost, as rows of `weir`."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

from collector.own_events import OwnEvents
from monitor.edgelog import EdgeLog
from monitor.record import Record, Series, Value

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class SelfMetrics:
    """Makes the process's row of `weir`. It reads /proc/self: of this process, not of the host.

    `missed` (ticks) and `failed` (rounds) are counted by whoever makes the rounds.
    """

    def __init__(
        self, identity: Mapping[str, str], log: EdgeLog, proc_self: Path = Path("/proc/self")
    ) -> None:
        self._series = Series.of("weir", {**identity, "process": "collector"})
        self._log = log
        self._own_events = OwnEvents(identity, log)
        self._statm = proc_self / "statm"
        self._fds = proc_self / "fd"
        self._sweep_cpu_seconds = 0.0
        self._sweep_seconds = 0.0
        self.missed = 0
        self.failed = 0

    def swept(self, seconds: float, cpu_seconds: float) -> None:
        """Note what a round cost, from the first reading to the last write."""
        self._sweep_seconds = seconds
        self._sweep_cpu_seconds += cpu_seconds

    def attended(self, cpu_seconds: float) -> None:
        """Note what was done between two rounds."""
        self._sweep_cpu_seconds += cpu_seconds

    def events(self) -> list[Record]:
        """What has to be said since the last call: the clock was set, records were lost."""
        return self._own_events.records()

    def row(self, figures: Mapping[str, Value], docker_up: bool | None) -> Record:
        """The row as of now, of the rounds before this one.

        `figures` are further fields; `docker_up` is None where Docker is not asked.
        """
        stats = self._log.stats()
        fields: dict[str, Value] = {
            **figures,
            **self._own_events.figures,
            "sweep_seconds": self._sweep_seconds,
            "sweep_cpu_seconds_total": self._sweep_cpu_seconds,
            "sweeps_missed_total": self.missed,
            "sweeps_failed_total": self.failed,
            "process_cpu_seconds_total": time.process_time(),
            "process_resident_memory_bytes": self._resident_bytes(),
            "log_bytes": stats.total_bytes,
            "log_lost_records_total": stats.lost_records,
            "log_refused_records_total": stats.refused_records,
            "log_damaged_records_total": stats.damaged,
            "log_backlog_records": max(stats.backlog.values(), default=0),
        }
        descriptors = self._fds.stat().st_size
        if descriptors:  # said since Linux 6.2; to list a thousand of them would cost 3 ms
            fields["process_open_descriptors"] = descriptors
        if docker_up is not None:
            fields["docker_up"] = int(docker_up)
        return Record(self._series, fields, time.time_ns())

    def _resident_bytes(self) -> int:
        return int(self._statm.read_text().split()[1]) * _PAGE_BYTES
