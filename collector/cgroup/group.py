"""One container's cgroup: its files, read by tier."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from collector.cgroup.cgroups import Cgroups
from collector.cgroup.files import KernelFile
from collector.cgroup.parse import ByPart, Fields, processes
from collector.cgroup.sources import DEVICE, FAILURE, FAILURES, Kind, Sources

_LEVELS_BELOW = 16
_CRUN = "container"
_INACTIVE = "memory_total_inactive_file_bytes"


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
        self._parts: dict[Kind, list[KernelFile[ByPart]]] = {}
        self._planned = self._take_parts()
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

    def add_slow(self, row: Fields) -> dict[Kind, ByPart]:
        """Add to `row`, which `fast` gave just before, the figures of the slow tier.

        Returns those that have rows of their own.
        """
        for file in self._slow:
            fields = file.read()
            if fields:
                row.update(fields)
        add_working_set(row)
        failures: ByPart = {
            name: {"memory_failures_total": row.pop(field)}
            for field, name in FAILURES.items()
            if field in row
        }
        return {FAILURE: failures, **self._read_parts()}

    def add_limits(self, row: Fields) -> None:
        """Add the limits; what was absent or forbidden is tried again from here on."""
        self.retry()
        for file in self._limits:
            row.update(file.read() or {})

    def retry(self) -> None:
        """Read again, from the next reading on, what was absent or forbidden."""
        for file in self._all():
            file.retry()

    def pids(self) -> tuple[int, ...]:
        """The group's processes; of the groups below it if it has none of its own.

        systemd in a container, and crun, move all processes into groups below.
        """
        return self._processes.read() or tuple(_below(f"{self._tree}{self._path}"))

    def pids_now(self) -> tuple[int, ...]:
        """The same as of this moment; through a kept descriptor, version 1 may repeat itself."""
        self._processes.close()
        self._processes.retry()
        return self.pids()

    def removed(self) -> bool:
        """Whether the group that was read is gone; another may stand at its path."""
        self._first.read()
        return self._first.absent or not self._first.kept

    def descriptors(self, slow: bool) -> list[int]:
        """The kept descriptors of the fast files, or of the fast and the slow ones."""
        files: list[KernelFile[Any]] = [*self._fast]
        if slow:
            files += [*self._slow, *self._parts_files(), self._processes]
        return [file.descriptor for file in files if file.kept]

    def close(self) -> None:
        for file in self._all():
            file.close()

    def _all(self) -> Iterator[KernelFile[Any]]:
        yield from self._fast
        yield from self._slow
        yield from self._limits
        yield from self._parts_files()
        yield self._processes

    def _parts_files(self) -> Iterator[KernelFile[ByPart]]:
        for files in self._parts.values():
            yield from files

    def _take_parts(self) -> Sources:
        """The files of parts that the plan has now; returns that plan."""
        for file in self._parts_files():
            file.close()
        sources = self._cgroups.sources
        self._parts = {
            kind: self._cgroups.files(self._path, of_kind)
            for kind, of_kind in sources.parts.items()
        }
        return sources

    def _read_parts(self) -> dict[Kind, ByPart]:
        if self._planned is not self._cgroups.sources:
            self._planned = self._take_parts()
        parts = {kind: _together(files) for kind, files in self._parts.items()}
        if DEVICE in parts:
            parts[DEVICE] = self._named(parts[DEVICE])
        return parts

    def _named(self, devices: ByPart) -> ByPart:
        """By the name of the device, without those that are stacked on others."""
        names = ((self._names.name_of(str(number)), number) for number in devices)
        return {name: devices[number] for name, number in names if name is not None}


def add_working_set(row: Fields) -> None:
    """Add `memory_working_set_bytes`: the usage less the inactive file pages, not below 0."""
    inactive, usage = row.get(_INACTIVE), row.get("memory_usage_bytes")
    if isinstance(inactive, int) and isinstance(usage, int):
        row["memory_working_set_bytes"] = max(0, usage - inactive)


def _together(files: list[KernelFile[ByPart]]) -> ByPart:
    """What the files say of the same parts."""
    if len(files) == 1:
        return files[0].read() or {}
    parts: ByPart = {}
    for file in files:
        for name, fields in (file.read() or {}).items():
            parts.setdefault(name, {}).update(fields)
    return parts


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
