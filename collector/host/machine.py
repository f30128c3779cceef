"""What a machine is: cores, memory, identity and versions, as cAdvisor's machine info has them.

What cannot be read is absent: only root may read the UUID that a firmware gives.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

import psutil

from collector.cgroup.parse import Fields
from collector.host import memory
from collector.host.rows import Row


def machine(proc_root: Path, root: Path = Path("/")) -> Iterator[Row]:
    """The row of `machine`. Below `root` are etc and sys."""
    found = memory.parse((proc_root / "meminfo").read_bytes())
    figures = {
        "cpu_cores": psutil.cpu_count() or 1,
        "cpu_physical_cores": psutil.cpu_count(logical=False),
        "cpu_sockets": _sockets(root / "sys/devices/system/cpu"),
        "memory_bytes": found.get("memory_MemTotal_bytes"),
        "swap_bytes": found.get("memory_SwapTotal_bytes"),
    }
    texts = {
        "machine_id": _text(root / "etc/machine-id", root / "var/lib/dbus/machine-id"),
        "system_uuid": _text(
            root / "sys/class/dmi/id/product_uuid",
            proc_root / "device-tree/system-id",
            proc_root / "device-tree/vm,uuid",
        ),
        "boot_id": _text(proc_root / "sys/kernel/random/boot_id"),
        "os_version": _os(root / "etc/os-release", root / "usr/lib/os-release"),
        "kernel_version": platform.release(),
        "weir_version": version("weir"),
    }
    fields: Fields = {k: v for k, v in {**figures, **texts}.items() if v is not None}
    yield Row({}, fields)


def _sockets(cpus: Path) -> int | None:
    places = (_text(file) for file in cpus.glob("cpu[0-9]*/topology/physical_package_id"))
    return len({place for place in places if place is not None and place != "-1"}) or None


def _text(*files: Path) -> str | None:
    """The first of them that can be read and says something."""
    for file in files:
        try:
            text = file.read_text(encoding="utf-8", errors="replace").strip("\0\n ")
        except OSError:
            continue
        if text:
            return text
    return None


def _os(*files: Path) -> str | None:
    """The system's name for people, PRETTY_NAME in os-release(5)."""
    lines: Iterable[str] = (_text(*files) or "").splitlines()
    names = [line.partition("=")[2] for line in lines if line.startswith("PRETTY_NAME=")]
    return names[0].strip("\"'") if names else None
