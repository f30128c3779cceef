"""One container's cgroup: its files, read by tier."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from collector.cgroup.blockio import DeviceNames, Devices
from collector.cgroup.faults import Faults
from collector.cgroup.files import Budget, Keep, KernelFile, Root, T
from collector.cgroup.hierarchy import Hierarchy
from collector.cgroup.parse import Fields, processes
from collector.cgroup.plan import plan
from collector.cgroup.sources import INACTIVE_FILE, Source

_LEVELS_BELOW = 16
_CRUN = "container"


class Cgroups:
    """What all groups of a node share: the hierarchies' roots, the plan, the budget, the faults."""

    def __init__(self, hierarchy: Hierarchy, proc: Path, descriptors: int, faults: Faults) -> None:
        self.sources = plan(hierarchy)
        self.budget = Budget(descriptors)
        self.faults = faults
        self.devices = DeviceNames(proc)
        places = {**hierarchy.controllers, "unified": hierarchy.unified}
        self.roots = {name: Root(path) for name, path in places.items() if path is not None}

    def close(self) -> None:
        for root in self.roots.values():
            root.close()

    def file(self, path: str, source: Source[T], keep: Keep = "budget") -> KernelFile[T] | None:
        """The file of the group at `path`; None where the node has no such controller."""
        root = self.roots.get(source.controller)
        if root is None:
            return None
        return KernelFile(
            root, f"{path}/{source.file}", source.parse, self.budget, self.faults, keep
        )

    def files(
        self, path: str, sources: tuple[Source[T], ...], keep: Keep = "budget"
    ) -> list[KernelFile[T]]:
        return [file for source in sources if (file := self.file(path, source, keep))]


class Group:
    """The files of the group at `path`; fields have their catalogue names."""

    def __init__(self, cgroups: Cgroups, path: str) -> None:
        sources = cgroups.sources
        self._cgroups = cgroups
        self._path = path
        self._names = cgroups.devices
        self._first = cgroups.files(path, sources.fast[:1], "always")[0]
        self._fast = [self._first, *cgroups.files(path, sources.fast[1:])]
        self._slow = cgroups.files(path, sources.slow)
        self._limits = cgroups.files(path, sources.limits, "never")
        self._devices = cgroups.files(path, sources.devices)
        self._processes = cgroups.files(path, (sources.processes,))[0]
        self._tree = cgroups.roots[sources.processes.controller].path

    @property
    def gone(self) -> bool:
        """Whether the last reading found that the group does not exist any more."""
        return self._first.absent

    def inner(self) -> Group | None:
        """The group that crun made within this one: the limits, and what they did, are there.

        None if there is none. crun leaves the outer one to systemd: `run.oci.systemd.subgroup` in
        https://github.com/containers/crun/blob/main/crun.1.md
        """
        inner = f"{self._path}/{_CRUN}"
        if not self._path.endswith(".scope") or not Path(f"{self._tree}{inner}").is_dir():
            return None
        return Group(self._cgroups, inner)

    def fast(self) -> Fields:
        """CPU time, throttling, memory in use. A dictionary of the caller's own."""
        row: Fields = {}
        for file in self._fast:
            fields = file.read()
            if fields:
                row.update(fields)
        return row

    def add_slow(self, row: Fields) -> None:
        """Add to `row`, which `fast` gave just before, the figures of the slow tier."""
        for file in self._slow:
            fields = file.read()
            if fields:
                row.update(fields)
        inactive, usage = row.pop(INACTIVE_FILE, None), row.get("memory_usage_bytes")
        if isinstance(inactive, int) and isinstance(usage, int):
            row["memory_working_set_bytes"] = max(0, usage - inactive)

    def add_limits(self, row: Fields) -> None:
        """Add the limits; what was absent or forbidden is tried again from here on."""
        self.retry()
        for file in self._limits:
            row.update(file.read() or {})

    def retry(self) -> None:
        """Read again, from the next reading on, what was absent or forbidden."""
        for file in self._all():
            file.retry()

    def devices(self) -> Devices:
        """Block I/O by the name of the device."""
        rows: Devices = {}
        for file in self._devices:
            for number, fields in (file.read() or {}).items():
                name = self._names.name_of(number)
                if name is not None:
                    rows.setdefault(name, {}).update(fields)
        return rows

    def pids(self) -> tuple[int, ...]:
        """The group's processes; of the groups below it if it has none of its own.

        systemd in a container, and crun, move all processes into groups below.
        """
        return self._processes.read() or tuple(_below(f"{self._tree}{self._path}"))

    def descriptors(self, slow: bool) -> list[int]:
        """The kept descriptors of the fast files, or of the fast and the slow ones."""
        files: list[KernelFile[Any]] = [*self._fast]
        if slow:
            files += [*self._slow, *self._devices, self._processes]
        return [file.descriptor for file in files if file.kept]

    def close(self) -> None:
        for file in self._all():
            file.close()

    def _all(self) -> Iterator[KernelFile[Any]]:
        yield from self._fast
        yield from self._slow
        yield from self._limits
        yield from self._devices
        yield self._processes


def _below(directory: str) -> list[int]:
    """The processes of the groups below; a container may nest its groups deeper than we look."""
    pids: list[int] = []
    level = [directory]
    for _ in range(_LEVELS_BELOW):
        level = [child for parent in level for child in _children(parent)]
        for child in level:
            try:
                data = Path(child, "cgroup.procs").read_bytes()
            except OSError:
                continue  # it went while we looked
            pids.extend(processes(data))
    return pids


def _children(directory: str) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
