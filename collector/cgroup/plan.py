"""Chooses, for one node's hierarchies, the files from which each figure comes."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import TypeVar

from collector.cgroup import v1, v2
from collector.cgroup.hierarchy import Hierarchy
from collector.cgroup.present import Present
from collector.cgroup.sources import CPU, DEVICE, NUMA, PAGESIZE, Kind, PartSources, Source, Sources

T = TypeVar("T")


def plan(hierarchy: Hierarchy, groups: Set[str], present: Present) -> Sources:
    """The files to read. A controller that a node does not have gives nothing.

    `groups` are the optional groups of metrics that are wanted. Pressure is told by version 2
    alone, and there for the whole of a group whether or not its controllers live in it, so a hybrid
    node has it too. So it is with CPU time.
    """
    own = hierarchy.controllers

    def choose(
        on_v1: tuple[str, tuple[Source[T], ...]], on_v2: tuple[str, tuple[Source[T], ...]]
    ) -> tuple[Source[T], ...]:
        has_v2 = on_v2[0] in hierarchy.unified_controllers
        return on_v1[1] if on_v1[0] in own else on_v2[1] if has_v2 else ()

    memory = choose(("memory", v1.MEMORY), ("memory", v2.MEMORY))
    memory_slow = choose(("memory", v1.memory_slow()), ("memory", v2.memory_slow()))
    pids = choose(("pids", v1.PIDS), ("pids", v2.PIDS))
    sizes = present.page_sizes
    parts: Mapping[Kind, PartSources] = {
        DEVICE: choose(("blkio", _block_io(hierarchy, present)), ("io", v2.BLOCK_IO)),
        PAGESIZE: choose(("hugetlb", v1.hugetlb(sizes)), ("hugetlb", v2.hugetlb(sizes))),
        CPU: v1.PERCPU if "percpu" in groups and "cpuacct" in own else (),
        NUMA: choose(("memory", v1.NUMA), ("memory", v2.NUMA)) if "memory_numa" in groups else (),
    }
    return Sources(
        fast=(v1.cpu() if "cpuacct" in own else v2.cpu()) + memory,
        slow=memory_slow + pids + (v2.PRESSURE if hierarchy.unified is not None else ()),
        limits=choose(("cpu", v1.CPU_LIMITS), ("cpu", v2.CPU_LIMITS))
        + choose(("memory", v1.MEMORY_LIMITS), ("memory", v2.MEMORY_LIMITS))
        + choose(("pids", v1.PIDS_LIMITS), ("pids", v2.PIDS_LIMITS)),
        parts={kind: sources for kind, sources in parts.items() if sources},
        processes=v1.processes_in("cpuacct") if "cpuacct" in own else v2.PROCESSES,
    )


def _block_io(hierarchy: Hierarchy, present: Present) -> PartSources:
    blkio = hierarchy.controllers.get("blkio")
    return tuple(
        source
        for begin in present.block_io
        if blkio is not None
        for source in v1.block_io(begin, (blkio / f"{begin}io_serviced_recursive").exists())
    )
