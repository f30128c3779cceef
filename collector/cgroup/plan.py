"""Chooses, for one node's hierarchies, the files from which each figure comes."""

from __future__ import annotations

from typing import TypeVar

from collector.cgroup import v1, v2
from collector.cgroup.hierarchy import Hierarchy
from collector.cgroup.sources import Source, Sources

T = TypeVar("T")
_RECURSIVE = "blkio.throttle.io_service_bytes_recursive"


def plan(hierarchy: Hierarchy) -> Sources:
    """The files to read. A controller that a node does not have gives nothing.

    Pressure is told by version 2 alone, and there for the whole of a group whether or not its
    controllers live in it, so a hybrid node has it too. So it is with CPU time.
    """
    own, unified = hierarchy.controllers, hierarchy.unified_controllers
    has_unified = hierarchy.unified is not None

    def choose(
        on_v1: tuple[str, tuple[Source[T], ...]], on_v2: tuple[str, tuple[Source[T], ...]]
    ) -> tuple[Source[T], ...]:
        return on_v1[1] if on_v1[0] in own else on_v2[1] if on_v2[0] in unified else ()

    recursive = "blkio" in own and (own["blkio"] / _RECURSIVE).exists()
    memory = choose(("memory", v1.MEMORY), ("memory", v2.MEMORY))
    memory_slow = choose(("memory", v1.memory_slow()), ("memory", v2.memory_slow()))
    pids = choose(("pids", v1.PIDS), ("pids", v2.PIDS))
    return Sources(
        fast=(v1.cpu() if "cpuacct" in own else v2.cpu()) + memory,
        slow=memory_slow + pids + (v2.PRESSURE if has_unified else ()),
        limits=choose(("cpu", v1.CPU_LIMITS), ("cpu", v2.CPU_LIMITS))
        + choose(("memory", v1.MEMORY_LIMITS), ("memory", v2.MEMORY_LIMITS))
        + choose(("pids", v1.PIDS_LIMITS), ("pids", v2.PIDS_LIMITS)),
        devices=choose(("blkio", v1.block_io(recursive)), ("io", v2.BLOCK_IO)),
        processes=v1.processes_in("cpuacct") if "cpuacct" in own else v2.PROCESSES,
    )
