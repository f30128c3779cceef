"""NUMA nodes, cores and threads, from sysfs, as cAdvisor's Topology."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_CPU = re.compile(r"cpu(\d+)")
_NODE = re.compile(r"node(\d+)")
_TOTAL = re.compile(r"MemTotal:\s+(\d+) kB")


def topology(nodes: Path, cpus: Path) -> list[dict[str, Any]]:
    """Each NUMA node with its memory, cores and threads; one without memory if none is told."""
    found = [
        {
            "node_id": number,
            "memory": _memory(node),
            "hugepages": [],
            "cores": _cores(node),
            "caches": [],
            "distances": [int(word) for word in _read(node / "distance").split()],
        }
        for number, node in _numbered(nodes, _NODE)
    ]
    return found or [
        {
            "node_id": 0,
            "memory": 0,
            "hugepages": [],
            "cores": _cores(cpus),
            "caches": [],
            "distances": [],
        }
    ]


def _cores(directory: Path) -> list[dict[str, Any]]:
    """The cores of the `cpuN` entries in a directory."""
    cores: dict[tuple[int, int], list[int]] = {}
    for number, cpu in _numbered(directory, _CPU):
        core, socket = (_read(cpu / "topology" / f) for f in ("core_id", "physical_package_id"))
        key = (int(socket) if socket.isdigit() else 0, int(core) if core.isdigit() else number)
        cores.setdefault(key, []).append(number)
    return [
        {
            "core_id": core,
            "thread_ids": threads,
            "caches": [],
            "uncore_caches": [],
            "socket_id": socket,
        }
        for (socket, core), threads in sorted(cores.items())
    ]


def _memory(node: Path) -> int:
    match = _TOTAL.search(_read(node / "meminfo"))
    return int(match[1]) * 1024 if match else 0


def _numbered(directory: Path, pattern: re.Pattern[str]) -> list[tuple[int, Path]]:
    try:
        entries = list(directory.iterdir())
    except OSError:
        return []
    return sorted((int(m[1]), e) for e in entries if (m := pattern.fullmatch(e.name)))


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
