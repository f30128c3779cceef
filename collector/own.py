"""The collector about itself: what it costs and what it lost, as rows of `weir`."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

from monitor.edgelog import LogStats
from monitor.record import Record, Series, Value

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Own:
    """Makes the `weir` row of each sweep. It reads /proc/self: of this process, not of the host."""

    def __init__(self, identity: Mapping[str, str], proc_self: Path = Path("/proc/self")) -> None:
        self._series = Series.of("weir", {**identity, "process": "collector"})
        self._proc_self = proc_self
        self._sweep_cpu = 0.0

    def row(
        self,
        sweep: Mapping[str, Value],
        stats: LogStats | None,
        seconds: float,
        cpu_seconds: float,
    ) -> Record:
        """The row after a sweep that took `seconds`, of them `cpu_seconds` on a CPU.

        `sweep` has the fields that only the sweep knows; `stats` is None while the log is broken.
        """
        self._sweep_cpu += cpu_seconds
        fields: dict[str, Value] = {
            "sweep_seconds": seconds,
            "sweep_cpu_seconds_total": self._sweep_cpu,
            **sweep,
            "process_cpu_seconds_total": time.process_time(),
            "process_resident_memory_bytes": self._resident_bytes(),
            "process_open_descriptors": sum(1 for _ in (self._proc_self / "fd").iterdir()),
        }
        if stats is not None:
            fields |= {
                "log_bytes": stats.total_bytes,
                "log_gap_records": stats.lost_records,
                "log_refused_records_total": stats.refused_records,
                "log_damaged_records_total": stats.damaged,
                "log_backlog_records": max(stats.backlog.values(), default=0),
            }
        return Record(self._series, fields, time.time_ns())

    def _resident_bytes(self) -> int:
        return int((self._proc_self / "statm").read_text().split()[1]) * _PAGE_BYTES
