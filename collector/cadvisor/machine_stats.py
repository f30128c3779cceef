"""A sample of the machine itself as ContainerStats: cAdvisor's container `/`."""

from __future__ import annotations

from collections.abc import Mapping

from collector.cadvisor.containers import Fields
from collector.cadvisor.device_stats import (
    Numbers,
    Operations,
    disk_io,
    filesystem,
    interfaces,
    network,
)
from collector.cadvisor.figures import Parts, Stats, by_tag
from collector.cadvisor.gotime import rfc3339
from collector.cadvisor.memory_stats import memory
from collector.cadvisor.samples import Sample
from collector.cadvisor.stats import cpu, not_read

_USER = ("user", "nice")
_SYSTEM = ("system", "irq", "softirq")
_OPERATIONS: Operations = (
    (
        "io_service_bytes",
        (("Read", "disk_read_bytes_total"), ("Write", "disk_written_bytes_total")),
    ),
    (
        "io_serviced",
        (("Read", "disk_reads_completed_total"), ("Write", "disk_writes_completed_total")),
    ),
)
_NETWORK = tuple(
    (f"{short}_{theirs}", f"network_{way}_{ours}_total")
    for short, way in (("rx", "receive"), ("tx", "transmit"))
    for theirs, ours in (
        ("bytes", "bytes"), ("packets", "packets"), ("errors", "errs"), ("dropped", "drop"),
    )
)  # fmt: skip

Mounts = Mapping[str, tuple[str, str]]
"""Device and type of the filesystem at a mountpoint."""


def machine_stats(sample: Sample, numbers: Numbers, mounts: Mounts) -> Stats:
    """ContainerStats of a sample of `node`."""
    fields, parts = sample.fields, sample.parts
    found: Stats = {
        "timestamp": rfc3339(sample.time_ns),
        "cpu": cpu({**fields, **_by_mode(parts)}, {}),
        "diskio": disk_io(fields, parts, numbers, _OPERATIONS),
        "memory": memory({**fields, **_memory(fields)}, {}),
        **not_read(),
    }
    optional = {
        "network": network(interfaces(parts, "device", _NETWORK), {}),
        "filesystem": _filesystems(parts, mounts),
    }
    return found | {name: value for name, value in optional.items() if value}


def _by_mode(parts: Parts) -> dict[str, float]:
    def seconds(mode: str) -> float:
        value = parts.get((("mode", mode),), {}).get("cpu_seconds_total", 0.0)
        return value if isinstance(value, int | float) else 0.0

    return {
        "cpu_user_seconds_total": sum(map(seconds, _USER)),
        "cpu_system_seconds_total": sum(map(seconds, _SYSTEM)),
    }


def _memory(fields: Fields) -> dict[str, int]:
    """Where free memory is not read, what is in use is at least the working set."""
    total, swap = _int(fields, "memory_MemTotal_bytes"), _int(fields, "memory_SwapTotal_bytes")
    free = fields.get("memory_MemFree_bytes")
    usage = total - free if isinstance(free, int) else _int(fields, "memory_working_set_bytes")
    return {
        "memory_usage_bytes": usage,
        "memory_cache": _int(fields, "memory_Cached_bytes"),
        "memory_swap": swap - _int(fields, "memory_SwapFree_bytes"),
    }


def _filesystems(parts: Parts, mounts: Mounts) -> list[Stats]:
    found = []
    for mountpoint, row in by_tag(parts, "mountpoint"):
        if "filesystem_size_bytes" not in row:
            continue
        device, kind = mounts.get(mountpoint, (mountpoint, ""))
        size, available = _int(row, "filesystem_size_bytes"), _int(row, "filesystem_avail_bytes")
        free = row.get("filesystem_free_bytes", available)
        figures = {
            "capacity": size,
            "usage": size - free if isinstance(free, int) else 0,
            "available": available,
            "inodes": _int(row, "filesystem_files"),
            "inodes_free": _int(row, "filesystem_files_free"),
        }
        found.append(filesystem(device, kind, figures))
    return found


def _int(fields: Fields, name: str) -> int:
    value = fields.get(name, 0)
    return value if isinstance(value, int) else 0
