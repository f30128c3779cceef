"""The files of cgroup version 2: https://docs.kernel.org/admin-guide/cgroup-v2.html ."""

from __future__ import annotations

import math

from collector.cgroup import blockio
from collector.cgroup.blockio import Devices
from collector.cgroup.parse import (
    Fields,
    Keyed,
    Malformed,
    Parser,
    count,
    limit,
    number,
    pressure,
    processes,
)
from collector.cgroup.sources import INACTIVE_FILE, Source

_US = 1e6
_C = "unified"
_THROTTLING = (
    "cpu_cfs_periods_total",
    "cpu_cfs_throttled_periods_total",
    "cpu_cfs_throttled_seconds_total",
)


def cpu_stat() -> Parser:
    """`cpu.stat`; without figures on the quota where no quota period ever passed."""
    keyed = Keyed(
        {
            "usage_usec": ("cpu_usage_seconds_total", _US),
            "user_usec": ("cpu_user_seconds_total", _US),
            "system_usec": ("cpu_system_seconds_total", _US),
            "nr_periods": (_THROTTLING[0], None),
            "nr_throttled": (_THROTTLING[1], None),
            "throttled_usec": (_THROTTLING[2], _US),
        }
    )

    def parse(data: bytes) -> Fields:
        fields = keyed(data)
        if not fields.get(_THROTTLING[0]):
            for name in _THROTTLING:
                fields.pop(name, None)
        return fields

    return parse


def cpu_max(data: bytes) -> Fields:
    """`cpu.max`: quota (or `max`) and period, in µs."""
    parts = data.split()
    if len(parts) != 2 or not parts[1].isdigit() or not (parts[0].isdigit() or parts[0] == b"max"):
        raise Malformed(1, data.strip())
    fields: Fields = {"spec_cpu_period": int(parts[1])}
    if parts[0] != b"max":
        fields["spec_cpu_quota"] = int(parts[0])
    return fields


def cpu_weight(data: bytes) -> Fields:
    """`cpu.weight` as the shares that runc makes it of.

    runc: log10(weight) = (l² + 125 l) / 612 - 7/34 with l = log2(shares), so that the least, the
    usual and the most of both (2 → 1, 1024 → 100, 262144 → 10000) are the same:
    https://github.com/opencontainers/cgroups/blob/main/utils.go
    """
    weight = number(data)
    if not weight:
        return {}
    root = math.sqrt(125**2 + 4 * 612 * (math.log10(weight) + 7 / 34))
    return {"spec_cpu_shares": round(2 ** ((root - 125) / 2))}


def cpu() -> tuple[Source[Fields], ...]:
    """Every tick. The first one tells that the group is there."""
    return (Source(_C, "cpu.stat", cpu_stat()),)


CPU_LIMITS: tuple[Source[Fields], ...] = (
    Source(_C, "cpu.max", cpu_max),
    Source(_C, "cpu.weight", cpu_weight),
)
MEMORY: tuple[Source[Fields], ...] = (Source(_C, "memory.current", count("memory_usage_bytes")),)
MEMORY_LIMITS: tuple[Source[Fields], ...] = (
    Source(_C, "memory.max", limit("spec_memory_limit_bytes")),
)


def memory_slow() -> tuple[Source[Fields], ...]:
    stat = Keyed(
        {
            "anon": ("memory_rss", None),
            "file": ("memory_cache", None),
            "file_mapped": ("memory_mapped_file", None),
            "inactive_file": (INACTIVE_FILE, None),
            "pgfault": ("memory_page_faults_total", None),
            "pgmajfault": ("memory_major_page_faults_total", None),
        }
    )
    events = Keyed({"max": ("memory_failcnt", None), "oom_kill": ("oom_events_total", None)})
    return (
        Source(_C, "memory.stat", stat),
        Source(_C, "memory.swap.current", count("memory_swap")),
        Source(_C, "memory.peak", count("memory_max_usage_bytes")),
        Source(_C, "memory.events", events),
    )


PIDS: tuple[Source[Fields], ...] = (Source(_C, "pids.current", count("threads")),)
PIDS_LIMITS: tuple[Source[Fields], ...] = (Source(_C, "pids.max", limit("threads_max")),)
PRESSURE: tuple[Source[Fields], ...] = tuple(
    Source(_C, f"{resource}.pressure", pressure(resource)) for resource in ("cpu", "memory", "io")
)
BLOCK_IO: tuple[Source[Devices], ...] = (Source(_C, "io.stat", blockio.v2),)
PROCESSES: Source[tuple[int, ...]] = Source(_C, "cgroup.procs", processes)
