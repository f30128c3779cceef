"""The machine's hardware and software, as cAdvisor's MachineInfo, Attributes and version."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from collector.cadvisor.gotime import rfc3339
from collector.cadvisor.machine_stats import Mounts
from collector.cadvisor.topology import topology
from collector.host.filesystems import LOCAL
from collector.host.machine import machine
from collector.interfaces import counts
from monitor.record import Value

_MHZ = re.compile(r"(?:cpu MHz|CPU MHz|clock)\s*:\s*(\d+(?:\.\d+)?)")
_VENDOR = re.compile(r"vendor_id\s*:\s*(.+)")
_HUGE = re.compile(r"hugepages-(\d+)kB")
_ATTRIBUTES = (
    "num_cores", "cpu_frequency_khz", "memory_capacity", "machine_id", "system_uuid", "hugepages",
    "filesystems", "disk_map", "network_devices", "topology", "cloud_provider", "instance_type",
)  # fmt: skip
_NVM = ("memory_mode_capacity", "app direct_mode_capacity", "avg_power_budget")
_IGNORED_DISKS = ("loop", "ram", "sr")
_SECTOR_BYTES = 512


class Machine:
    """Reads what it is asked for, at each call. What this user may not read is "" or 0."""

    def __init__(self, proc: Path, root: Path = Path("/")) -> None:
        """Below `root` are etc and sys."""
        self._proc, self._root, self._sys = proc, root, root / "sys"

    def memory_capacity(self) -> int:
        """Bytes of memory."""
        return psutil.virtual_memory().total

    def info(self) -> dict[str, Any]:
        """MachineInfo."""
        known, cpus = self._known(), self._sys / "devices/system/cpu"
        return {
            "timestamp": rfc3339(time.time_ns()),
            "vendor_id": self._found(_VENDOR, ""),
            "num_cores": known["cpu_cores"],
            "num_physical_cores": known.get("cpu_physical_cores", 0),
            "num_sockets": known.get("cpu_sockets", 1),
            "cpu_frequency_khz": self._khz(cpus),
            "memory_capacity": known.get("memory_bytes", 0),
            "swap_capacity": known.get("swap_bytes", 0),
            "memory_by_type": {},
            "nvm": dict.fromkeys(_NVM, 0),
            "hugepages": list(_huge_pages(self._sys / "kernel/mm/hugepages")),
            **{name: known.get(name, "") for name in ("machine_id", "system_uuid", "boot_id")},
            "filesystems": list(self._filesystems()),
            "disk_map": dict(_disks(self._sys / "block")),
            "network_devices": list(_networks(self._sys / "class/net")),
            "topology": topology(self._sys / "devices/system/node", cpus),
            "cloud_provider": "Unknown",
            "instance_type": "Unknown",
            "instance_id": "None",
        }

    def attributes(self) -> dict[str, Any]:
        """Attributes: part of MachineInfo, and what runs on it."""
        info, known = self.info(), self._known()
        return {
            "kernel_version": known["kernel_version"],
            "container_os_version": known.get("os_version", "Unknown"),
            "docker_version": "",
            "docker_api_version": "",
            "cadvisor_version": software(),
            **{name: info[name] for name in _ATTRIBUTES},
        }

    def mounts(self) -> Mounts:
        """Device and type of each local filesystem, by mountpoint."""
        partitions = psutil.disk_partitions(all=True)
        return {p.mountpoint: (p.device, p.fstype) for p in partitions if p.fstype in LOCAL}

    def device_numbers(self) -> Callable[[str], tuple[int, int]]:
        """Major and minor number by a block device's name or by `major:minor`; 0, 0 if unknown."""
        rows = (line.split() for line in _text(self._proc / "diskstats").splitlines())
        known = {row[2]: (int(row[0]), int(row[1])) for row in rows if len(row) > 2}

        def numbers(name: str) -> tuple[int, int]:
            major, _, minor = name.partition(":")
            if major.isdigit() and minor.isdigit():
                return int(major), int(minor)
            return known.get(name, (0, 0))

        return numbers

    def _known(self) -> Mapping[str, Value]:
        """What a row of `machine` has."""
        (row,) = machine(self._proc, self._root)
        return row.fields

    def _filesystems(self) -> Iterator[dict[str, Any]]:
        seen = set()
        for mountpoint, (device, kind) in sorted(self.mounts().items()):
            if device in seen:
                continue
            seen.add(device)
            try:
                found = os.statvfs(mountpoint)
            except OSError:
                continue
            yield {
                "device": device,
                "capacity": found.f_blocks * found.f_frsize,
                "type": kind,
                "inodes": found.f_files,
                "has_inodes": found.f_files > 0,
            }

    def _khz(self, cpus: Path) -> int:
        """The highest clock that the first CPU can have, else the one that it has now."""
        said = _text(cpus / "cpu0/cpufreq/cpuinfo_max_freq")
        return int(said) if said.isdigit() else int(float(self._found(_MHZ, "0")) * 1000)

    def _found(self, pattern: re.Pattern[str], otherwise: str) -> str:
        match = pattern.search(_text(self._proc / "cpuinfo"))
        return match[1].strip() if match else otherwise


def software() -> str:
    """What stands where cAdvisor tells its version."""
    return f"Weir {version('weir')}"


def _huge_pages(directory: Path) -> Iterator[dict[str, int]]:
    for entry in _entries(directory):
        match = _HUGE.fullmatch(entry.name)
        if match:
            pages = _number(entry / "nr_hugepages")
            yield {"page_size": int(match[1]), "num_pages": pages}


def _disks(directory: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """By `major:minor`, as in cAdvisor."""
    for entry in _entries(directory):
        number = _text(entry / "dev")
        major, _, minor = number.partition(":")
        if not entry.name.startswith(_IGNORED_DISKS) and major.isdigit() and minor.isdigit():
            scheduler = re.search(r"\[(.+?)\]", _text(entry / "queue/scheduler"))
            yield (
                number,
                {
                    "name": entry.name,
                    "major": int(major),
                    "minor": int(minor),
                    "size": _number(entry / "size") * _SECTOR_BYTES,
                    "scheduler": scheduler[1] if scheduler else "none",
                },
            )


def _networks(directory: Path) -> Iterator[dict[str, Any]]:
    for entry in _entries(directory):
        if counts(entry.name):
            yield {
                "name": entry.name,
                "mac_address": _text(entry / "address"),
                "speed": _number(entry / "speed"),
                "mtu": _number(entry / "mtu"),
            }


def _entries(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except OSError:
        return []


def _number(path: Path) -> int:
    text = _text(path)
    return int(text) if text.isdigit() else 0


def _text(path: Path) -> str:
    """A small kernel file; "" where there is none, or none to be read: the speed of a link."""
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
