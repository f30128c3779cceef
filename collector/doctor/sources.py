"""Which kernel files each group of container metrics comes from, as the catalogue says it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from collector.cgroup.hierarchy import UNIFIED, Hierarchy
from monitor.catalogue import CATALOGUE

PROC = "/proc/PID/"
START_TIMES = "start times"
_FILE = re.compile(
    r"/proc/PID/[a-z]\w*(?:/\w+)*|\b(?:cgroup|cpuacct|cpu|memory|blkio|pids|io|hugetlb)\.[\w.*]*\w"
)
_IN_EVERY_TREE = ("cgroup.procs", "cpu.stat", "cpu.pressure", "memory.pressure", "io.pressure")
"""Of version 2: there whether or not the controller is."""
_SIZE = "SIZE"


@dataclass(frozen=True, slots=True, order=True)
class File:
    """A file of a container: of its group in the tree of `controller`, or of a process (PROC)."""

    controller: str
    name: str


@dataclass(frozen=True, slots=True)
class Group:
    """The files of one group of metrics, and the controllers that it would need besides.

    Neither where only the cgroup version that the node does not have tells of the group.
    """

    name: str
    files: tuple[File, ...]
    without: tuple[str, ...] = ()


def groups(hierarchy: Hierarchy, page_sizes: Iterable[str] = ()) -> Iterator[Group]:
    """The groups of container metrics that come from files, in the catalogue's order.

    `page_sizes` are those of the node's huge pages; without any, none of their files is read.
    """
    sizes = tuple(page_sizes)
    files: dict[str, set[File]] = {}
    without: dict[str, set[str]] = {}
    foreign: set[str] = set()
    for metric in CATALOGUE.values():
        if metric.measurement != "container":
            continue
        name = START_TIMES if metric.field == "start_time_seconds" else metric.group
        found = files.setdefault(name, set())
        lacking = without.setdefault(name, set())
        on_v1, on_v2 = _files(metric.v1, sizes), _files(metric.v2, sizes)
        own = [place for text in on_v1 if (place := _v1(hierarchy, text))]
        unified = [place for text in on_v2 if (place := _v2(hierarchy, text))]
        found.update(own or unified)
        if not own and not unified and (on_v1 or on_v2):
            could = on_v1 if hierarchy.controllers else on_v2
            lacking.update(text.partition(".")[0] for text in could)
            foreign.add(name)
    for name, places in files.items():
        if places or name in foreign:
            yield Group(name, tuple(sorted(places)), tuple(sorted(without[name])))


def _files(source: str, sizes: tuple[str, ...]) -> list[str]:
    return [
        text.replace(_SIZE, size)
        for text in _FILE.findall(source)
        for size in (sizes if _SIZE in text else ("",))
    ]


def _v1(hierarchy: Hierarchy, text: str) -> File | None:
    if text.startswith(PROC):
        return File(PROC, text.removeprefix(PROC))
    controller = text.partition(".")[0]
    if controller == "cgroup":
        controller = next(iter(hierarchy.controllers), "")
    return File(controller, text) if controller in hierarchy.controllers else None


def _v2(hierarchy: Hierarchy, text: str) -> File | None:
    if text.startswith(PROC):
        return File(PROC, text.removeprefix(PROC))
    there = text.partition(".")[0] in hierarchy.unified_controllers or text in _IN_EVERY_TREE
    return File(UNIFIED, text) if hierarchy.unified is not None and there else None
