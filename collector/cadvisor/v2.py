"""The shapes of versions 2.0 and 2.1, made of those of version 1 as cAdvisor makes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from collector.cadvisor.figures import Stats

_KEPT = ("timestamp", "cpu", "diskio", "memory", "hugetlb", "processes")
_HAS = ("cpu", "memory", "hugetlb", "network", "filesystem", "diskio", "custom_metrics")
_PROTOCOLS = ("tcp", "tcp6", "udp", "udp6")
_NO_PROCESSES = {"process_count": 0, "fd_count": 0, "socket_count": 0}
_INSTANT = ("total", "user", "system")
_DISK_STATS = (
    ("reads_completed", 1), ("reads_merged", 1), ("sectors_read", 1), ("writes_completed", 1),
    ("writes_merged", 1), ("sectors_written", 1), ("io_in_progress", 1), ("read_time", 10**6),
    ("write_time", 10**6), ("io_time", 10**6), ("weighted_io_time", 10**6),
)  # fmt: skip


def container_stats(stats: Sequence[Stats], times_ns: Sequence[int]) -> list[Stats]:
    """ContainerStats of info/v2: with the CPU's rate since the sample before."""
    found = []
    for each, instant in zip(stats, _instants(stats, times_ns), strict=True):
        shown = {name: each[name] for name in _KEPT if name in each}
        if instant:
            shown["cpu_inst"] = instant
        if "network" in each:
            shown["network"] = _network(each["network"])
        if len(each.get("filesystem", ())) == 1:
            only = each["filesystem"][0]
            shown["filesystem"] = {
                "totalUsageBytes": only["usage"],
                "baseUsageBytes": only["base_usage"],
                "containter_inode_usage": only["inodes"],  # the spelling is cAdvisor's
            }
        found.append({**shown, "resctrl": {}})
    return found


def deprecated_stats(
    stats: Sequence[Stats], times_ns: Sequence[int], spec: dict[str, Any]
) -> list[Stats]:
    """DeprecatedContainerStats: version 2.0's own shape."""
    found = []
    for each, instant in zip(stats, _instants(stats, times_ns), strict=True):
        shown = {f"has_{what}": spec[f"has_{what}"] for what in _HAS}
        shown |= {"has_processes": False, "has_load": False}  # cAdvisor never sets them here
        shown |= {name: each[name] for name in _KEPT if name in each}
        shown["processes"] = _NO_PROCESSES
        if instant:
            shown["cpu_inst"] = instant
        shown["network"] = _network(each["network"]) if "network" in each else {}
        if "filesystem" in each:
            shown["filesystem"] = each["filesystem"]
        found.append({**shown, "load_stats": each["task_stats"], "resctrl": {}})
    return found


def machine_stats(stats: Sequence[Stats], times_ns: Sequence[int]) -> list[Stats]:
    """MachineStats, of samples of the machine."""
    found = []
    for each, instant in zip(stats, _instants(stats, times_ns), strict=True):
        shown = {name: each[name] for name in ("timestamp", "cpu", "memory")}
        if instant:
            shown["cpu_inst"] = instant
        if "network" in each:
            shown["network"] = _network(each["network"])
        shown["filesystem"] = [_machine_filesystem(row) for row in each.get("filesystem", ())]
        found.append(shown)
    return found


def _network(network: Stats) -> Stats:
    return {name: network[name] for name in ("interfaces", *_PROTOCOLS)}


def _machine_filesystem(row: Stats) -> Stats:
    shown = {name: row[name] for name in ("device", "type", "capacity", "usage", "available")}
    if row["has_inodes"]:
        shown["inodes_free"] = row["inodes_free"]
    # Milliseconds become Go's durations, and the tag says "inline", so that is their name.
    shown["inline"] = {
        name.replace("time", "duration"): row[name] * factor for name, factor in _DISK_STATS
    }
    return shown


def _instants(stats: Sequence[Stats], times_ns: Sequence[int]) -> Iterator[Stats | None]:
    """CpuInstStats of each: nanocores since the one before; None of the first and of a reset."""
    if stats:
        yield None
    for (before, after), (then, now) in zip(pairwise(stats), pairwise(times_ns), strict=True):
        old, new = before["cpu"]["usage"], after["cpu"]["usage"]
        passed = now - then
        rates = {}
        if passed > 0 and all(new[name] >= old[name] for name in _INSTANT):
            rates = {name: int((new[name] - old[name]) / passed * 1e9) for name in _INSTANT}
        yield {"usage": rates} if rates else None
