"""The files of cgroup version 1: https://docs.kernel.org/admin-guide/cgroup-v1/ ."""

from __future__ import annotations

import os
from collections.abc import Iterable

from collector.cgroup import blockio, numa
from collector.cgroup.parse import (
    ByPart,
    Fields,
    Keyed,
    Malformed,
    Parser,
    count,
    limit,
    part,
    processes,
    seconds,
)
from collector.cgroup.sources import PartSources, Source

_NS = 1e9
_UNLIMITED_BYTES = 2**63 - 2**16  # the most that counts in whole pages, of up to 64 KiB


def throttling() -> Parser:
    """`cpu.stat`'s figures on the quota; none for a group in which no quota period ever passed."""
    keyed = Keyed(
        {
            "cpu_cfs_periods_total": ("nr_periods", None),
            "cpu_cfs_throttled_periods_total": ("nr_throttled", None),
            "cpu_cfs_throttled_seconds_total": ("throttled_time", _NS),
            "cpu_cfs_burst_periods_total": ("nr_bursts", None),
            "cpu_cfs_burst_seconds_total": ("burst_time", _NS),
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
            "cpu_user_seconds_total": ("user", ticks),
            "cpu_system_seconds_total": ("system", ticks),
        }
    )
    return (
        Source("cpuacct", "cpuacct.usage", seconds("cpu_usage_seconds_total", _NS)),
        Source("cpuacct", "cpuacct.stat", stat),
        Source("cpu", "cpu.stat", throttling()),
    )


CPU_LIMITS: tuple[Source[Fields], ...] = (
    Source("cpu", "cpu.cfs_quota_us", limit("spec_cpu_quota", unlimited=b"-1")),
    Source("cpu", "cpu.cfs_period_us", count("spec_cpu_period")),
    Source("cpu", "cpu.shares", count("spec_cpu_shares")),
)
MEMORY: tuple[Source[Fields], ...] = (
    Source("memory", "memory.usage_in_bytes", count("memory_usage_bytes")),
)
MEMORY_LIMITS: tuple[Source[Fields], ...] = tuple(
    Source("memory", file, limit(field, too_much=_UNLIMITED_BYTES))
    for file, field in (
        ("memory.limit_in_bytes", "spec_memory_limit_bytes"),
        ("memory.memsw.limit_in_bytes", "spec_memory_swap_limit_bytes"),
        ("memory.soft_limit_in_bytes", "spec_memory_reservation_limit_bytes"),
    )
)


def memory_slow() -> tuple[Source[Fields], ...]:
    stat = Keyed(
        {
            "memory_cache": ("total_cache", None),
            "memory_rss": ("total_rss", None),
            "memory_mapped_file": ("total_mapped_file", None),
            "memory_swap": ("total_swap", None),
            "memory_total_active_file_bytes": ("total_active_file", None),
            "memory_total_inactive_file_bytes": ("total_inactive_file", None),
            "memory_file_dirty_bytes": ("total_dirty", None),
            "memory_file_writeback_bytes": ("total_writeback", None),
            "memory_workingset_refault_file_total": ("total_workingset_refault_file", None),
            "memory_workingset_refault_anon_total": ("total_workingset_refault_anon", None),
            "pgfault": ("pgfault", None),
            "pgmajfault": ("pgmajfault", None),
            "total_pgfault": ("total_pgfault", None),
            "total_pgmajfault": ("total_pgmajfault", None),
        }
    )
    return (
        Source("memory", "memory.stat", stat),
        Source("memory", "memory.max_usage_in_bytes", count("memory_max_usage_bytes")),
        Source("memory", "memory.kmem.usage_in_bytes", count("memory_kernel_usage")),
        Source("memory", "memory.failcnt", count("memory_failcnt")),
        Source("memory", "memory.oom_control", Keyed({"oom_events_total": ("oom_kill", None)})),
    )


PIDS: tuple[Source[Fields], ...] = (Source("pids", "pids.current", count("threads")),)
PIDS_LIMITS: tuple[Source[Fields], ...] = (Source("pids", "pids.max", limit("threads_max")),)


def block_io(begin: str, recursive: bool) -> PartSources:
    """The files whose names `begin` so.

    Kernels before 4.20 have only what a group did itself, without the groups below it.
    """
    end = "_recursive" if recursive else ""
    return (
        Source(
            "blkio",
            f"{begin}io_service_bytes{end}",
            blockio.v1("fs_reads_bytes_total", "fs_writes_bytes_total"),
        ),
        Source(
            "blkio", f"{begin}io_serviced{end}", blockio.v1("fs_reads_total", "fs_writes_total")
        ),
    )


def hugetlb(page_sizes: Iterable[str]) -> PartSources:
    return tuple(
        Source("hugetlb", f"hugetlb.{size}.{file}", part(size, count(field)))
        for size in page_sizes
        for file, field in (
            ("usage_in_bytes", "hugetlb_usage_bytes"),
            ("max_usage_in_bytes", "hugetlb_max_usage_bytes"),
            ("failcnt", "hugetlb_failcnt"),
        )
    )


def percpu(data: bytes) -> ByPart:
    """`cpuacct.usage_percpu`: ns of each CPU that may ever be there; those never used are left out,
    as cAdvisor does."""
    values = data.split()
    if not all(map(bytes.isdigit, values)):
        raise Malformed(1, data.strip())
    return {
        f"cpu{number:02}": {"cpu_percpu_usage_seconds_total": int(value) / _NS}
        for number, value in enumerate(values)
        if value != b"0"
    }


PERCPU: PartSources = (Source("cpuacct", "cpuacct.usage_percpu", percpu),)
NUMA: PartSources = (Source("memory", "memory.numa_stat", numa.v1),)


def processes_in(controller: str) -> Source[tuple[int, ...]]:
    """`cgroup.procs`, the same in every controller.

    The kernel gives the same listing until it was not read for a second.
    """
    return Source(controller, "cgroup.procs", processes)
