"""Which cgroup hierarchies a node has, and where: version 1, version 2, or both (hybrid).

Version 2 is one tree with the file `cgroup.controllers` at its top. Version 1 is a directory for
each controller, or for several (`cpu,cpuacct`). A hybrid node has version 1 controllers and, at
`unified`, a version 2 tree with few of its own, which still tells pressure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from monitor.errors import ConfigError

UNIFIED = "unified"
_V1 = ("cpuacct", "cpu", "memory", "blkio", "pids", "hugetlb")


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """`controllers` has the version 1 ones that Weir reads; `unified` is the version 2 tree.

    `tree` is the one in which containers are looked for. A container's group has the same path in
    each of them.
    """

    version: Literal["v1", "v2", "hybrid"]
    controllers: Mapping[str, Path]
    unified: Path | None
    unified_controllers: frozenset[str]

    @property
    def tree(self) -> Path:
        for name in _V1:
            if name in self.controllers:
                return self.controllers[name]
        assert self.unified is not None  # noqa: S101 - detect() refuses a node with neither
        return self.unified


def detect(root: Path) -> Hierarchy:
    """The hierarchies mounted at and below `root`; ConfigError where there is none."""
    try:
        mounts = sorted(root.iterdir())
    except OSError as error:
        raise ConfigError(f"cgroup-root: {root}: {error.strerror}; {_REMEDY}") from None
    if _is_v2(root):
        return Hierarchy("v2", {}, root, _controllers(root))
    controllers = {
        controller: mount
        for mount in mounts
        for controller in mount.name.split(",")
        if controller in _V1 and (mount / "cgroup.procs").exists()
    }
    unified = root / UNIFIED if _is_v2(root / UNIFIED) else None
    if not controllers.keys() & {"cpuacct", "memory"} and unified is None:
        raise ConfigError(f"cgroup-root: no cgroups are mounted at {root}; {_REMEDY}")
    own = _controllers(unified) if unified else frozenset[str]()
    return Hierarchy("hybrid" if unified else "v1", controllers, unified, own)


_REMEDY = (
    "mount them (mount -t cgroup2 none /sys/fs/cgroup), or name the place where the host's are "
    "mounted"
)


def _is_v2(path: Path) -> bool:
    return (path / "cgroup.controllers").exists()


def _controllers(path: Path) -> frozenset[str]:
    return frozenset((path / "cgroup.controllers").read_text().split())
