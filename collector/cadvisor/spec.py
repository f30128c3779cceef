"""A container's limits and what is known of it, as cAdvisor's ContainerSpec."""

from __future__ import annotations

from typing import Any

from collector.cadvisor.containers import ROOT, Fields, Node
from collector.cadvisor.gotime import rfc3339

UNLIMITED = 2**64 - 1
"""What cAdvisor reads of a limit that is `max`. Weir has no figure then."""

_ROOT_SHARES = 1024


def spec_v1(node: Node, memory_capacity: int) -> dict[str, Any]:
    """ContainerSpec of info/v1. `memory_capacity` is the machine's, in bytes."""
    start = rfc3339(node.start_ns)
    found: dict[str, Any] = {"creation_time": start, "start_time": start}
    if node.labels:
        found["labels"] = dict(node.labels)
    has = _has(node)
    found |= {"has_cpu": has["cpu"], "cpu": _cpu(node)}
    found |= {"has_memory": has["memory"], "memory": _memory(node, memory_capacity)}
    found["has_hugetlb"] = has["hugetlb"]
    found["has_network"] = has["network"]
    found |= {"has_processes": has["processes"], "processes": _processes(node)}
    found["has_filesystem"] = has["filesystem"]
    found["has_diskio"] = has["diskio"]
    found["has_custom_metrics"] = False
    if node.image:
        found["image"] = node.image
    return found


def spec_v2(node: Node, memory_capacity: int) -> dict[str, Any]:
    """ContainerSpec of info/v2: cAdvisor takes over the limits, but not quota, period and pids."""
    found = spec_v1(node, memory_capacity)
    cpu = {key: found["cpu"][key] for key in ("limit", "max_limit")}
    found |= {"cpu": cpu, "processes": {}}
    if node.aliases:
        found["aliases"] = node.aliases
    if node.namespace:
        found["namespace"] = node.namespace
    return found


def _has(node: Node) -> dict[str, bool]:
    tags = {part[0][0] for part in node.parts}
    is_root, is_real = node.name == ROOT, not node.is_directory
    return {
        "cpu": is_real and "cpu_usage_seconds_total" in node.fields,
        "memory": "memory_usage_bytes" in node.fields or "memory_MemTotal_bytes" in node.fields,
        "hugetlb": "pagesize" in tags,
        "network": is_real and ("device" if is_root else "interface") in tags,
        "processes": "threads" in node.fields,
        "filesystem": "mountpoint" in tags
        or any("fs_usage_bytes" in fields for fields in node.parts.values()),
        "diskio": is_real,
    }


def _cpu(node: Node) -> dict[str, int]:
    shares = _ROOT_SHARES if node.measurement == "node" else _whole(node.fields, "spec_cpu_shares")
    found = {"limit": shares, "max_limit": 0}
    for theirs in ("quota", "period"):
        if value := _whole(node.fields, f"spec_cpu_{theirs}"):
            found[theirs] = value
    return found


def _memory(node: Node, capacity: int) -> dict[str, int]:
    if not _has(node)["memory"]:
        return {}
    if node.name == ROOT:
        return {"limit": capacity}
    found = {"limit": _whole(node.fields, "spec_memory_limit_bytes") or UNLIMITED}
    for theirs, ours in (("reservation", "reservation_limit"), ("swap_limit", "swap_limit")):
        if value := _whole(node.fields, f"spec_memory_{ours}_bytes"):
            found[theirs] = value
    return found


def _processes(node: Node) -> dict[str, int]:
    if not _has(node)["processes"]:
        return {}
    return {"limit": _whole(node.fields, "threads_max") or UNLIMITED}


def _whole(fields: Fields, name: str) -> int:
    value = fields.get(name, 0)
    return value if isinstance(value, int) else 0
