"""What all groups of a node share."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

from collector.cgroup.blockio import DeviceNames
from collector.cgroup.faults import Faults
from collector.cgroup.files import Budget, Keep, KernelFile, Root, T
from collector.cgroup.hierarchy import Hierarchy
from collector.cgroup.plan import plan
from collector.cgroup.present import Present, look
from collector.cgroup.sources import Source

_NONE: frozenset[str] = frozenset()


class Cgroups:
    """The hierarchies' roots, the plan, the budget of descriptors, the faults.

    `groups` are the optional groups of metrics that are wanted. Without a `sys_root` (sysfs) there
    are no huge pages.
    """

    def __init__(
        self,
        hierarchy: Hierarchy,
        proc: Path,
        descriptors: int,
        faults: Faults,
        sys_root: Path | None = None,
        groups: Set[str] = _NONE,
    ) -> None:
        self._hierarchy = hierarchy
        self._sys_root = sys_root
        self._groups = groups
        self._present = self._look()
        self.sources = plan(hierarchy, groups, self._present)
        self.budget = Budget(descriptors)
        self.faults = faults
        self.devices = DeviceNames(proc)
        places = {**hierarchy.controllers, "unified": hierarchy.unified}
        self.roots = {name: Root(path) for name, path in places.items() if path is not None}

    def look(self) -> None:
        """See what the node has now: where that changed, `sources` are others."""
        present = self._look()
        if present != self._present:
            self._present = present
            self.sources = plan(self._hierarchy, self._groups, present)

    def _look(self) -> Present:
        return look(self._sys_root, self._hierarchy.controllers.get("blkio"))

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
