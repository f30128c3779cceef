"""The files of cgroup version 2: https://docs.kernel.org/admin-guide/cgroup-v2.html ."""

from __future__ import annotations

import math
from collections.abc import Iterable

from collector.cgroup import blockio, numa
from collector.cgroup.parse import (
    Fields,
    Keyed,
    Malformed,
    Parser,
    count,
    limit,
    number,
    part,
    pressure,
    processes,
)
from collector.cgroup.sources import PartSources, Source

_US = 1e6
_C = "unified"
_THROTTLING: dict[str, tuple[str, float | None]] = {
    "cpu_cfs_periods_total": ("nr_periods", None),
    "cpu_cfs_throttled_periods_total": ("nr_throttled", None),
    "cpu_cfs_throttled_seconds_total": ("throttled_usec", _US),
    "cpu_cfs_burst_periods_total": ("nr_bursts", None),
    "cpu_cfs_burst_seconds_total": ("burst_usec", _US),
}


def cpu_stat() -> Parser:
    """`cpu.stat`; without figures on the quota where no quota period ever passed."""
    keyed = Keyed(
        {
            "cpu_usage_seconds_total": ("usage_usec", _US),
            "cpu_user_seconds_total": ("user_usec", _US),
            "cpu_system_seconds_total": ("system_usec", _US),
            **_THROTTLING,
        }
    )

    def parse(data: bytes) -> Fields:
        fields = keyed(data)
        if not fields.get("cpu_cfs_periods_total"):
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


def memory_low(data: bytes) -> Fields:
    """`memory.low`: the reservation; none where it is nothing, or all."""
    return {} if data.strip() == b"0" else limit("spec_memory_reservation_limit_bytes")(data)


MEMORY_LIMITS: tuple[Source[Fields], ...] = (
    Source(_C, "memory.max", limit("spec_memory_limit_bytes")),
    Source(_C, "memory.swap.max", limit("spec_memory_swap_limit_bytes")),
    Source(_C, "memory.low", memory_low),
)


def memory_slow() -> tuple[Source[Fields], ...]:
    """What memory.stat says is of the whole hierarchy below the group, in both scopes."""
    stat = Keyed(
        {
            "memory_rss": ("anon", None),
            "memory_cache": ("file", None),
            "memory_mapped_file": ("file_mapped", None),
            "memory_kernel_usage": ("kernel", None),
            "memory_total_active_file_bytes": ("active_file", None),
            "memory_total_inactive_file_bytes": ("inactive_file", None),
            "memory_file_dirty_bytes": ("file_dirty", None),
            "memory_file_writeback_bytes": ("file_writeback", None),
            "memory_pgscan_total": ("pgscan", None),
            "memory_pgsteal_total": ("pgsteal", None),
            "memory_workingset_refault_file_total": ("workingset_refault_file", None),
            "memory_workingset_refault_anon_total": ("workingset_refault_anon", None),
            "pgfault": ("pgfault", None),
            "pgmajfault": ("pgmajfault", None),
            "total_pgfault": ("pgfault", None),
            "total_pgmajfault": ("pgmajfault", None),
        }
    )
    events = Keyed(
        {
            "memory_events_low_total": ("low", None),
            "memory_events_high_total": ("high", None),
            "memory_events_max_total": ("max", None),
            "memory_failcnt": ("max", None),
            "memory_events_oom_total": ("oom", None),
            "oom_events_total": ("oom_kill", None),
            "memory_events_oom_group_kill_total": ("oom_group_kill", None),
        }
    )
    swap_events = Keyed(
        {
            "memory_swap_events_high_total": ("high", None),
            "memory_swap_events_max_total": ("max", None),
            "memory_swap_events_fail_total": ("fail", None),
        }
    )
    return (
        Source(_C, "memory.stat", stat),
        Source(_C, "memory.swap.current", count("memory_swap")),
        Source(_C, "memory.peak", count("memory_max_usage_bytes")),
        Source(_C, "memory.events", events),
        Source(_C, "memory.swap.events", swap_events),
    )


PIDS: tuple[Source[Fields], ...] = (Source(_C, "pids.current", count("threads")),)
PIDS_LIMITS: tuple[Source[Fields], ...] = (Source(_C, "pids.max", limit("threads_max")),)
PRESSURE: tuple[Source[Fields], ...] = tuple(
    Source(_C, f"{resource}.pressure", pressure(resource)) for resource in ("cpu", "memory", "io")
)
BLOCK_IO: PartSources = (Source(_C, "io.stat", blockio.v2),)
NUMA: PartSources = (Source(_C, "memory.numa_stat", numa.v2),)
PROCESSES: Source[tuple[int, ...]] = Source(_C, "cgroup.procs", processes)


def hugetlb(page_sizes: Iterable[str]) -> PartSources:
    """There is no file on the most that was ever used."""
    return tuple(
        Source(_C, f"hugetlb.{size}.{file}", part(size, parse))
        for size in page_sizes
        for file, parse in (
            ("current", count("hugetlb_usage_bytes")),
            ("events", Keyed({"hugetlb_failcnt": ("max", None)})),
        )
    )
