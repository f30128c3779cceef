"""The files of cgroup version 1: https://docs.kernel.org/admin-guide/cgroup-v1/ ."""

from __future__ import annotations

import os

from collector.cgroup import blockio
from collector.cgroup.blockio import Devices
from collector.cgroup.parse import Fields, Keyed, Parser, count, limit, processes, seconds
from collector.cgroup.sources import INACTIVE_FILE, Source

_NS = 1e9
_UNLIMITED_BYTES = 2**63 - 2**16  # the most that counts in whole pages, of up to 64 KiB


def throttling(units_per_second: float, key: str) -> Parser:
    """`cpu.stat`'s figures on the quota; none for a group in which no quota period ever passed."""
    keyed = Keyed(
        {
            "nr_periods": ("cpu_cfs_periods_total", None),
            "nr_throttled": ("cpu_cfs_throttled_periods_total", None),
            key: ("cpu_cfs_throttled_seconds_total", units_per_second),
        }
    )

    def parse(data: bytes) -> Fields:
        fields = keyed(data)
        return fields if fields.get("cpu_cfs_periods_total") else {}

    return parse


def cpu() -> tuple[Source[Fields], ...]:
    """Every tick. The first one tells that the group is there."""
    ticks = float(os.sysconf("SC_CLK_TCK"))
    stat = Keyed(
        {
            "user": ("cpu_user_seconds_total", ticks),
            "system": ("cpu_system_seconds_total", ticks),
        }
    )
    return (
        Source("cpuacct", "cpuacct.usage", seconds("cpu_usage_seconds_total", _NS)),
        Source("cpuacct", "cpuacct.stat", stat),
        Source("cpu", "cpu.stat", throttling(_NS, "throttled_time")),
    )


CPU_LIMITS: tuple[Source[Fields], ...] = (
    Source("cpu", "cpu.cfs_quota_us", limit("spec_cpu_quota", unlimited=b"-1")),
    Source("cpu", "cpu.cfs_period_us", count("spec_cpu_period")),
    Source("cpu", "cpu.shares", count("spec_cpu_shares")),
)
MEMORY: tuple[Source[Fields], ...] = (
    Source("memory", "memory.usage_in_bytes", count("memory_usage_bytes")),
)
MEMORY_LIMITS: tuple[Source[Fields], ...] = (
    Source(
        "memory",
        "memory.limit_in_bytes",
        limit("spec_memory_limit_bytes", too_much=_UNLIMITED_BYTES),
    ),
)


def memory_slow() -> tuple[Source[Fields], ...]:
    stat = Keyed(
        {
            "total_cache": ("memory_cache", None),
            "total_rss": ("memory_rss", None),
            "total_mapped_file": ("memory_mapped_file", None),
            "total_swap": ("memory_swap", None),
            "total_pgfault": ("memory_page_faults_total", None),
            "total_pgmajfault": ("memory_major_page_faults_total", None),
            "total_inactive_file": (INACTIVE_FILE, None),
        }
    )
    return (
        Source("memory", "memory.stat", stat),
        Source("memory", "memory.max_usage_in_bytes", count("memory_max_usage_bytes")),
        Source("memory", "memory.failcnt", count("memory_failcnt")),
        Source("memory", "memory.oom_control", Keyed({"oom_kill": ("oom_events_total", None)})),
    )


PIDS: tuple[Source[Fields], ...] = (Source("pids", "pids.current", count("threads")),)
PIDS_LIMITS: tuple[Source[Fields], ...] = (Source("pids", "pids.max", limit("threads_max")),)


def block_io(recursive: bool) -> tuple[Source[Devices], ...]:
    """Kernels before 4.20 have only what a group did itself, without the groups below it."""
    end = "_recursive" if recursive else ""
    return (
        Source(
            "blkio",
            f"blkio.throttle.io_service_bytes{end}",
            blockio.v1("fs_reads_bytes_total", "fs_writes_bytes_total"),
        ),
        Source(
            "blkio",
            f"blkio.throttle.io_serviced{end}",
            blockio.v1("fs_reads_total", "fs_writes_total"),
        ),
    )


def processes_in(controller: str) -> Source[tuple[int, ...]]:
    """`cgroup.procs`, the same in every controller.

    The kernel gives the same listing until it was not read for a second.
    """
    return Source(controller, "cgroup.procs", processes)
